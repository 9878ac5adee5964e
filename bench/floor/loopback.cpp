// SPDX-License-Identifier: MIT
#include "bench/floor/loopback.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

namespace weir::bench::floor {

LoopbackAddress::LoopbackAddress(std::uint16_t port) noexcept {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    address_.sin_port = ::htons(port);
}

Result<int> make_socket(int flags) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0) return Error::from_errno(errno, "making a socket");
    return fd;
}

Result<int> listen_at(std::uint16_t& port, int backlog, int flags) {
    const Result<int> fd = make_socket(flags);
    if (!fd) return fd;
    const int on = 1;
    ::setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    LoopbackAddress address(port);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    if (::bind(*fd, address.get(), address.size()) != 0 || ::listen(*fd, backlog) != 0 ||
        ::getsockname(*fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        return Error::from_errno(errno, "listening on 127.0.0.1");
    }
    port = ::ntohs(bound.sin_port);
    return fd;
}

Result<int> connect_to(std::uint16_t port) {
    const Result<int> fd = make_socket(0);
    if (!fd) return fd;
    LoopbackAddress address(port);
    if (::connect(*fd, address.get(), address.size()) != 0) {
        return Error::from_errno(errno, "connecting on 127.0.0.1");
    }
    switch_off_delay(*fd);
    return fd;
}

void switch_off_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace weir::bench::floor
