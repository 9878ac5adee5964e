// SPDX-License-Identifier: MIT
//
// Connects to one of several addresses of a host: Happy Eyeballs, RFC 8305. The families take
// turns; each further attempt begins 250 ms after the one before, or as soon as one has failed;
// the first to succeed wins, and the others are called off.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/socket_options.h>
#include <weir/runtime/task.h>
#include <weir/runtime/tcp.h>
#include <vector>

namespace weir {

/// Between two attempts: RFC 8305, 5.
inline constexpr Duration kConnectionAttemptDelay = std::chrono::milliseconds(250);

/// The order in which to try: the first address's family first, then the families in turn, each in
/// its own order. RFC 8305, 4.
std::vector<Endpoint> interleave_families(const std::vector<Endpoint>& endpoints);

/// `endpoints`: at least one, the best first, as resolve() gives them. Where all fail, the last
/// failure is given.
Task<Result<TcpStream>> connect_any(std::vector<Endpoint> endpoints,
                                    SocketOptions options = SocketOptions());

}  // namespace weir
