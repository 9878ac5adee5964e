// SPDX-License-Identifier: MIT
//
// Sockets on 127.0.0.1, as the floors and the servers of the benchmarks use them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <weir/runtime/base/result.h>
#include <cstdint>

namespace weir::bench::floor {

/// A TCP port of this machine, in the form that system calls take.
class LoopbackAddress {
public:
    explicit LoopbackAddress(std::uint16_t port) noexcept;
    sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&address_); }
    static constexpr socklen_t size() noexcept { return sizeof(sockaddr_in); }

private:
    sockaddr_in address_{};
};

/// A TCP socket; `flags` go to socket().
Result<int> make_socket(int flags);

/// Listens at `port`, or where that is 0 at a free one, which it is set to. Several may listen at
/// one port, and share who comes.
Result<int> listen_at(std::uint16_t& port, int backlog, int flags);

/// A connected socket without Nagle's delay, blocking unless fcntl() changes that.
Result<int> connect_to(std::uint16_t port);

void switch_off_delay(int fd);

}  // namespace weir::bench::floor
