// SPDX-License-Identifier: MIT
#include "runtime/backend/system_backend.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <weir/runtime/socket_options.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

namespace weir::detail {
namespace {

int family_of(Bytes address) {
    sa_family_t family = AF_UNSPEC;
    if (address.size() >= sizeof family) std::memcpy(&family, address.data(), sizeof family);
    return family;
}

void set_option(int fd, int level, int option, int value = 1) {
    ::setsockopt(fd, level, option, &value, sizeof value);
}

// Within what the kernel takes.
int seconds_of(Duration span) {
    const auto count = std::chrono::ceil<std::chrono::seconds>(span).count();
    return static_cast<int>(std::clamp<std::int64_t>(count, 1, 32767));
}

void set_options(int fd, const SocketOptions& options) {
    if (options.keepalive_probes > 0) {
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds_of(options.keepalive_after));
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds_of(options.keepalive_interval));
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, std::min(options.keepalive_probes, 127));
    }
    if (options.unacknowledged > Duration::zero()) {
        constexpr int kMilliseconds = 1000;
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                   kMilliseconds * seconds_of(options.unacknowledged));
    }
}

bool bind_to(int fd, Bytes address) {
    return ::bind(fd, reinterpret_cast<const sockaddr*>(address.data()),
                  static_cast<socklen_t>(address.size())) == 0;
}

}  // namespace

SystemBackend::SystemBackend(int socket_flags, KernelFeatures without)
    : socket_flags_(socket_flags | SOCK_CLOEXEC),
      without_(without),
      wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

SystemBackend::~SystemBackend() {
    if (wake_fd_ >= 0) ::close(wake_fd_);
}

void SystemBackend::wake() noexcept {
    const std::uint64_t one = 1;
    // Fails only when the counter is full: then the loop is awake already.
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void SystemBackend::clear_wake() noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
}

Instant SystemBackend::now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

Result<int> SystemBackend::open(Bytes address, int type, const char* doing) {
    const int fd = ::socket(family_of(address), type | socket_flags_, 0);
    if (fd >= 0) return fd;
    const int reason = errno;
    return Error::from_errno(reason, doing + describe_address(address));
}

Result<int> SystemBackend::open_socket(Bytes peer, const SocketOptions* options) {
    Result<int> fd = open(peer, SOCK_STREAM, "connecting to ");
    if (!fd || family_of(peer) == AF_UNIX) return fd;
    // Requests are written whole: waiting for more to send would only delay them.
    set_option(*fd, IPPROTO_TCP, TCP_NODELAY);
    if (options == nullptr) return fd;
    set_options(*fd, *options);
    if (!options->local) return fd;
    // The port is chosen at the connect: one may be used for many peers then.
    set_option(*fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    if (bind_to(*fd, options->local->sockaddr_bytes())) return fd;
    const int reason = errno;
    ::close(*fd);
    return Error::from_errno(reason, "binding to " + options->local->to_string() +
                                         ", to connect to " + describe_address(peer));
}

Result<int> SystemBackend::listen(Bytes local, int backlog, bool shares_port) {
    Result<int> fd = open(local, SOCK_STREAM, "listening on ");
    if (!fd) return fd;
    if (family_of(local) != AF_UNIX) {
        set_option(*fd, SOL_SOCKET, SO_REUSEADDR);
        if (shares_port) set_option(*fd, SOL_SOCKET, SO_REUSEPORT);
        // Accepted sockets inherit it.
        set_option(*fd, IPPROTO_TCP, TCP_NODELAY);
    }
    if (!bind_to(*fd, local) || ::listen(*fd, backlog) != 0) {
        const int reason = errno;
        ::close(*fd);
        return Error::from_errno(reason, "listening on " + describe_address(local));
    }
    return fd;
}

Result<int> SystemBackend::open_datagram_socket(Bytes local) {
    Result<int> fd = open(local, SOCK_DGRAM, "binding a datagram socket to ");
    if (!fd) return fd;
    if (!bind_to(*fd, local)) {
        const int reason = errno;
        ::close(*fd);
        return Error::from_errno(reason, "binding a datagram socket to " + describe_address(local));
    }
    return fd;
}

Result<void> SystemBackend::shut_down_output(int fd) noexcept {
    if (::shutdown(fd, SHUT_WR) == 0) return {};
    const int reason = errno;
    try {
        return Error::from_errno(reason, "ending a stream's output");
    } catch (const std::bad_alloc&) {
        return Error::from_errno(reason);
    }
}

Result<Endpoint> SystemBackend::local_endpoint(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return Error::from_errno(errno, "asking for a socket's own address");
    }
    return Endpoint::from_sockaddr(Bytes(reinterpret_cast<const std::byte*>(&address), size));
}

Result<Endpoint> SystemBackend::peer_endpoint(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return Error::from_errno(errno, "asking for the address of a stream's peer");
    }
    return Endpoint::from_sockaddr(Bytes(reinterpret_cast<const std::byte*>(&address), size));
}

bool SystemBackend::has_input(int fd) noexcept {
    char byte = 0;
    ssize_t got = 0;
    do {
        got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void SystemBackend::close(int fd) noexcept {
    ::close(fd);
}

void prepare_header(MessageOperation& operation, const std::byte* data, std::size_t size) noexcept {
    const bool is_send = operation.kind == OperationKind::send_to;
    operation.piece = iovec{const_cast<std::byte*>(data), size};
    operation.header = msghdr();
    operation.header.msg_name = &operation.address;
    operation.header.msg_namelen = is_send ? operation.address_size : sizeof operation.address;
    operation.header.msg_iov = &operation.piece;
    operation.header.msg_iovlen = 1;
}

void take_header(MessageOperation& operation) noexcept {
    operation.address_size = operation.header.msg_namelen;
    operation.was_cut = (operation.header.msg_flags & MSG_TRUNC) != 0;
}

}  // namespace weir::detail
