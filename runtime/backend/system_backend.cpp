// SPDX-License-Identifier: MIT
#include "runtime/backend/system_backend.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace weir::detail {
SystemBackend::SystemBackend(int socket_flags)
    : socket_flags_(socket_flags | SOCK_CLOEXEC),
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

Result<int> SystemBackend::open_stream_socket(const Endpoint& endpoint) {
    const int family = endpoint.is_ipv6() ? AF_INET6 : AF_INET;
    const int fd = ::socket(family, SOCK_STREAM | socket_flags_, 0);
    if (fd >= 0) return fd;
    const int reason = errno;
    if (reason == EMFILE || reason == ENFILE) {
        return Error::from_errno(reason,
                                 "opening a socket (raise `ulimit -n` or lower the concurrency)");
    }
    return Error::from_errno(reason, "opening a socket");
}

Result<int> SystemBackend::open_socket(const Endpoint& peer) {
    Result<int> fd = open_stream_socket(peer);
    if (!fd) return fd;
    // Requests are written whole: waiting for more to send would only delay them.
    const int on = 1;
    ::setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

Result<int> SystemBackend::listen(const Endpoint& local, int backlog) {
    Result<int> fd = open_stream_socket(local);
    if (!fd) return fd;
    const int on = 1;
    ::setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit it.
    ::setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const Bytes address = local.sockaddr_bytes();
    if (::bind(*fd, reinterpret_cast<const sockaddr*>(address.data()),
               static_cast<socklen_t>(address.size())) != 0 ||
        ::listen(*fd, backlog) != 0) {
        const int reason = errno;
        ::close(*fd);
        return Error::from_errno(reason, "listening on " + local.to_string());
    }
    return fd;
}

Result<Endpoint> SystemBackend::local_endpoint(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return Error::from_errno(errno, "asking for a socket's own address");
    }
    return Endpoint::from_sockaddr(Bytes(reinterpret_cast<const std::byte*>(&address), size));
}

bool SystemBackend::has_input(int fd) noexcept {
    char byte = 0;
    const auto got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void SystemBackend::close(int fd) noexcept {
    ::close(fd);
}

}  // namespace weir::detail
