// SPDX-License-Identifier: MIT
#include "llm/cli/mock_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::cli {
namespace {

constexpr int kStartMilliseconds = 10'000;
constexpr int kEndMilliseconds = 2'000;

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become_mock(int output, int parent, char* const* arguments) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    // The parent may be gone already, and its signal with it.
    if (::getppid() != parent) ::_exit(1);
    // Ctrl-C at the terminal is for the parent, which ends this process in its own time.
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(output, STDOUT_FILENO);
    ::execv("/proc/self/exe", arguments);
    ::_exit(127);
}

// The next line of what the child prints, without its newline; nothing where it ends or tarries.
std::optional<std::string> read_line(int fd) {
    std::string line;
    for (char letter = 0;;) {
        pollfd ready{fd, POLLIN, 0};
        if (::poll(&ready, 1, kStartMilliseconds) <= 0) return std::nullopt;
        if (::read(fd, &letter, 1) != 1) return std::nullopt;
        if (letter == '\n') return line;
        line += letter;
    }
}

bool take_value(const std::optional<std::string>& line, std::string_view name, std::string& value) {
    if (!line || !line->starts_with(name)) return false;
    value = line->substr(name.size());
    return true;
}

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    int get() const noexcept { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_;
};

}  // namespace

Result<MockProcess> MockProcess::start(const std::vector<std::string>& options) {
    std::vector<std::string> words = {"weir", "mock", "--quiet"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "making a pipe");
    const Descriptor from_child(ends[0]);
    Descriptor to_parent(ends[1]);
    const int parent = ::getpid();
    const int pid = ::fork();
    if (pid < 0) return Error::from_errno(errno, "starting the mock server");
    if (pid == 0) become_mock(to_parent.get(), parent, arguments.data());
    to_parent.close();

    MockProcess process(pid);
    const bool has_tls = std::find(words.begin(), words.end(), "--tls") != words.end();
    const bool is_up =
        take_value(read_line(from_child.get()), "base url: ", process.base_url_) &&
        (!has_tls || take_value(read_line(from_child.get()), "ca file: ", process.ca_file_));
    if (!is_up) {
        return Error(Errc::unsupported,
                     "the mock server did not start as a process of its own; `weir mock` may say "
                     "more");
    }
    return process;
}

MockProcess::~MockProcess() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    for (int waited = 0; waited < kEndMilliseconds; ++waited) {
        if (::waitpid(pid_, nullptr, WNOHANG) != 0) return;
        ::poll(nullptr, 0, 1);
    }
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

}  // namespace weir::cli
