// SPDX-License-Identifier: MIT
#include <weir/runtime/unix_socket.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <weir/runtime/backend.h>
#include <cerrno>
#include <cstring>

namespace weir {
namespace {

constexpr std::size_t kNameAt = offsetof(sockaddr_un, sun_path);
static_assert(sizeof(sockaddr_un) == 110 && UnixAddress::kLengthMax == 110 - kNameAt - 1);

enum class InTheWay { listener, stale_socket, other_file, nothing };

// What lies at a path that could not be bound to.
InTheWay look_at(const UnixAddress& address) {
    struct stat status{};
    const std::string path(address.name());
    if (::lstat(path.c_str(), &status) != 0) return InTheWay::nothing;
    if (!S_ISSOCK(status.st_mode)) return InTheWay::other_file;
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0) return InTheWay::listener;  // to be on the safe side
    const Bytes raw = address.sockaddr_bytes();
    const int connected = ::connect(probe, reinterpret_cast<const sockaddr*>(raw.data()),
                                    static_cast<socklen_t>(raw.size()));
    const bool is_refused = connected != 0 && errno == ECONNREFUSED;
    ::close(probe);
    return is_refused ? InTheWay::stale_socket : InTheWay::listener;
}

Error in_the_way(InTheWay what, const UnixAddress& address, Error error) {
    const std::string name = address.to_string();
    switch (what) {
        case InTheWay::listener:
            return Error(error.code(), "listening on " + name +
                                           ": another program listens there; stop it, or take "
                                           "another path");
        case InTheWay::stale_socket:
            return Error(error.code(), "listening on " + name +
                                           ": the socket file is left over from a program that "
                                           "has ended; remove it, or ask for "
                                           "UnixListenerOptions::remove_stale()");
        case InTheWay::other_file:
            return Error(error.code(), "listening on " + name +
                                           ": a file that is not a socket is there; take another "
                                           "path");
        case InTheWay::nothing:
            break;
    }
    return error;
}

}  // namespace

// --- addresses -----------------------------------------------------------------------------------

UnixAddress::UnixAddress(std::string_view name, bool is_abstract) noexcept
    : size_(static_cast<std::uint16_t>(kNameAt + name.size() + 1)) {
    const sa_family_t family = AF_UNIX;
    std::memcpy(raw_.data(), &family, sizeof family);
    // A path ends with a zero, and an abstract name begins with one.
    std::memcpy(raw_.data() + kNameAt + (is_abstract ? 1 : 0), name.data(), name.size());
}

Result<UnixAddress> UnixAddress::make(std::string_view name, bool is_abstract) {
    const std::string quoted = "UNIX socket \"" + std::string(name) + "\": ";
    if (name.empty()) return Error(Errc::bad_argument, quoted + "the name is empty");
    if (name.size() > kLengthMax) {
        return Error(Errc::bad_argument,
                     quoted + "the name has " + std::to_string(name.size()) +
                         " bytes and may have " + std::to_string(kLengthMax) +
                         "; take a shorter one, such as one relative to the working directory");
    }
    if (!is_abstract && name.find('\0') != std::string_view::npos) {
        return Error(Errc::bad_argument, quoted + "a path has no zero byte inside");
    }
    return UnixAddress(name, is_abstract);
}

Result<UnixAddress> UnixAddress::path(std::string_view path) {
    return make(path, false);
}

Result<UnixAddress> UnixAddress::abstract(std::string_view name) {
    return make(name, true);
}

bool UnixAddress::is_abstract() const noexcept {
    return raw_[kNameAt] == std::byte{0};
}

std::string_view UnixAddress::name() const noexcept {
    const std::string_view all = as_text(sockaddr_bytes().subspan(kNameAt));
    return is_abstract() ? all.substr(1) : all.substr(0, all.size() - 1);
}

std::string UnixAddress::to_string() const {
    return describe_address(sockaddr_bytes());
}

// --- the listener --------------------------------------------------------------------------------

namespace detail {

FileMark mark_of(const std::string& path) noexcept {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino};
}

SocketFile::SocketFile(std::string path) noexcept : path_(std::move(path)), mark_(mark_of(path_)) {
    if (mark_ == FileMark()) path_.clear();
}

void SocketFile::remove() noexcept {
    const std::string path = std::exchange(path_, {});
    if (!path.empty() && mark_of(path) == mark_) ::unlink(path.c_str());
}

}  // namespace detail

Result<UnixListener> UnixListener::bind(const UnixAddress& local,
                                        const UnixListenerOptions& options) {
    Reactor& reactor = Reactor::current();
    detail::Backend& backend = reactor.backend();
    const bool has_file = reactor.backend_kind() != BackendKind::simulated && !local.is_abstract();
    std::string path;  // while there is nothing yet that a lack of memory could leave behind
    if (has_file) path = local.name();
    Result<int> fd = backend.listen(local.sockaddr_bytes(), options.backlog_, false);
    if (!fd && has_file && fd.error() == std::errc::address_in_use) {
        const detail::FileMark before = detail::mark_of(path);
        const InTheWay what = look_at(local);
        if (what == InTheWay::stale_socket && options.remove_stale_) {
            // What has taken its place since the look stays.
            if (detail::mark_of(path) == before) ::unlink(path.c_str());
            fd = backend.listen(local.sockaddr_bytes(), options.backlog_, false);
        } else {
            return in_the_way(what, local, std::move(fd).error());
        }
    }
    if (!fd) return std::move(fd).error();
    detail::SocketFile file;
    if (has_file) file = detail::SocketFile(std::move(path));
    detail::SlotHandle slot(
        detail::SocketSlot::make(*fd, detail::OperationKind::accept, detail::OperationKind::send));
    return UnixListener(std::move(slot), std::move(file), local);
}

}  // namespace weir
