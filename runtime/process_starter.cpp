// SPDX-License-Identifier: MIT
#include "runtime/process_starter.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/runtime/operation.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/socket_slot.h>
#include <cerrno>
#include <string_view>

namespace weir::detail {
namespace {

class FileActions {
public:
    FileActions() noexcept { ::posix_spawn_file_actions_init(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

    posix_spawn_file_actions_t* get() noexcept { return &actions_; }

private:
    posix_spawn_file_actions_t actions_;
};

/// The child takes no signal settings from the parent: what the parent blocks or ignores for
/// reasons of its own, as SIGPIPE, must not change how other programs work.
class Attributes {
public:
    Attributes() noexcept {
        ::posix_spawnattr_init(&attributes_);
        sigset_t signals;
        ::sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes_, &signals);
        ::sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes_, &signals);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }

    const posix_spawnattr_t* get() const noexcept { return &attributes_; }

private:
    posix_spawnattr_t attributes_;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Moves a descriptor out of the way of the three that the child's are made from. They are free
/// only in a program whose own were closed.
OwnedDescriptor above_standard(OwnedDescriptor descriptor) {
    if (descriptor.get() > STDERR_FILENO) return descriptor;
    return OwnedDescriptor(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

/// The child's end of a new connection; this end becomes `stream`.
Result<OwnedDescriptor> connect_child(std::optional<Stream>& stream) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return Error::from_errno(errno, "connecting a child process");
    }
    OwnedDescriptor ours = above_standard(OwnedDescriptor(ends[0]));
    OwnedDescriptor theirs = above_standard(OwnedDescriptor(ends[1]));
    if (ours.get() < 0 || theirs.get() < 0) {
        return Error::from_errno(errno, "connecting a child process");
    }
    auto* slot = new SocketSlot(ours.get(), OperationKind::receive, OperationKind::send);
    static_cast<void>(ours.release());
    stream.emplace(*slot);
    return theirs;
}

/// A descriptor that is readable when the process has ended, or -1 and errno.
OwnedDescriptor open_pidfd(pid_t id) {
    if (Reactor::current().backend().may_use(KernelFeature::pidfd)) {
        return OwnedDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
    }
    errno = ENOSYS;
    return OwnedDescriptor(-1);
}

Result<OwnedDescriptor> watch(pid_t id) {
    OwnedDescriptor descriptor = open_pidfd(id);
    if (descriptor.get() >= 0) return descriptor;
    const int reason = errno;
    // It cannot be had under these terms.
    ::kill(id, SIGKILL);
    while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (reason == ENOSYS) {
        return Error(Errc::unsupported,
                     "watching a child process needs pidfd_open(), which Linux has since 5.3");
    }
    return Error::from_errno(reason, "watching a child process");
}

}  // namespace

Result<StartedProcess> ProcessStarter::start(const ProcessOptions& options,
                                             std::array<std::optional<Stream>, 3>& streams) {
    if (std::optional<Error> error = complaint(options)) return std::move(*error);
    FileActions actions;
    std::array<OwnedDescriptor, 3> childs_ends;
    int reason = 0;
    for (int number = 0; number < 3; ++number) {
        const auto index = static_cast<std::size_t>(number);
        switch (options.redirects_[index]) {
            case Redirect::inherit:
                break;
            case Redirect::null:
                reason = ::posix_spawn_file_actions_addopen(actions.get(), number, "/dev/null",
                                                            O_RDWR, 0);
                break;
            case Redirect::piped: {
                Result<OwnedDescriptor> end = connect_child(streams[index]);
                if (!end) return std::move(end).error();
                childs_ends[index] = std::move(*end);
                reason = ::posix_spawn_file_actions_adddup2(actions.get(), childs_ends[index].get(),
                                                            number);
                break;
            }
        }
        if (reason != 0) return failure(options, reason);
    }
    if (!options.working_directory_.empty()) {
        reason = ::posix_spawn_file_actions_addchdir_np(actions.get(),
                                                        options.working_directory_.c_str());
        if (reason != 0) return failure(options, reason);
    }
    std::vector<std::string> arguments{options.program_};
    arguments.insert(arguments.end(), options.arguments_.begin(), options.arguments_.end());
    std::vector<std::string> variables = environment_for(options);
    const Attributes attributes;
    pid_t id = 0;
    reason = ::posix_spawnp(&id, options.program_.c_str(), actions.get(), attributes.get(),
                            pointers_to(arguments).data(), pointers_to(variables).data());
    if (reason != 0) return failure(options, reason);
    Result<OwnedDescriptor> descriptor = watch(id);
    if (!descriptor) return std::move(descriptor).error();
    return StartedProcess(id, std::move(*descriptor));
}

Error ProcessStarter::failure(const ProcessOptions& options, int reason) {
    std::string doing = "starting \"" + options.program_ + "\"";
    if (!options.working_directory_.empty()) {
        doing += " in \"" + options.working_directory_ + "\"";
    }
    if (reason == ENOENT && options.working_directory_.empty()) doing += " (not found in PATH)";
    if (reason == ENOENT && !options.working_directory_.empty()) {
        doing += " (one of the two does not exist)";
    }
    return Error::from_errno(reason, doing);
}

// What a C string cannot carry would be cut in silence.
std::optional<Error> ProcessStarter::complaint(const ProcessOptions& options) {
    const auto has_zero = [](const std::string& text) {
        return text.find('\0') != std::string::npos;
    };
    bool is_bad = has_zero(options.program_) || has_zero(options.working_directory_);
    for (const std::string& argument : options.arguments_)
        is_bad = is_bad || has_zero(argument);
    for (const auto& [name, value] : options.environment_) {
        is_bad = is_bad || has_zero(name) || has_zero(value);
        if (name.empty() || name.find('=') != std::string::npos) {
            return Error(Errc::bad_argument, "starting \"" + options.program_ + "\": \"" + name +
                                                 "\" cannot be an environment variable's name");
        }
    }
    if (!is_bad) return std::nullopt;
    return Error(Errc::bad_argument, "starting \"" + options.program_ +
                                         "\": an argument or variable has a zero byte inside");
}

std::vector<std::string> ProcessStarter::environment_for(const ProcessOptions& options) {
    std::vector<std::string> variables;
    const auto set = [&](std::string variable) {
        const std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
        for (std::string& each : variables) {
            if (each.starts_with(name)) {
                each = std::move(variable);
                return;
            }
        }
        variables.push_back(std::move(variable));
    };
    if (options.inherits_environment_) {
        for (char** each = ::environ; each != nullptr && *each != nullptr; ++each)
            variables.emplace_back(*each);
    }
    for (const auto& [name, value] : options.environment_)
        set(name + "=" + value);
    return variables;
}

}  // namespace weir::detail
