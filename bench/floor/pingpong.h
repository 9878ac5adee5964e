// SPDX-License-Identifier: MIT
//
// What all floors of the ping-pong share: pairs of connected sockets, and the work by number.
#pragma once

#include <weir/runtime/base/result.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace weir::bench::floor {

constexpr std::size_t kMessageBytes = 64;

/// So many first, uncounted.
constexpr std::size_t warm_up_rounds(std::size_t rounds) {
    return std::max<std::size_t>(rounds / 10, 1);
}

/// Two ends of a TCP connection on loopback, without Nagle's delay; open until the process ends.
struct SocketPair {
    int client;
    int server;
};

/// `flags`: SOCK_NONBLOCK or 0.
Result<std::vector<SocketPair>> make_pairs(std::size_t count, int flags);

}  // namespace weir::bench::floor
