// SPDX-License-Identifier: MIT
//
// What may be asked of a socket before it connects: from which address, and when a silent peer is
// given up. What a simulated world has no use for is ignored there.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/time.h>
#include <optional>

namespace weir {

class SocketOptions {
public:
    SocketOptions() noexcept {}

    /// Probes a connection that was silent for `after`, again each `interval`, and gives it up
    /// with ETIMEDOUT after `probes` without an answer. Whole seconds. Default: no probes.
    SocketOptions& keepalive(Duration after, Duration interval, int probes) noexcept {
        keepalive_after = after;
        keepalive_interval = interval;
        keepalive_probes = probes;
        return *this;
    }
    /// How long the peer may leave what was sent unacknowledged, or a probe unanswered, before the
    /// connection is given up (TCP_USER_TIMEOUT). Default, zero: the kernel's, some 15 minutes.
    SocketOptions& unacknowledged_limit(Duration limit) noexcept {
        unacknowledged = limit;
        return *this;
    }
    /// Connects from this address. With port 0 the port is chosen when the peer is known, so that
    /// one port may serve connections to different peers (IP_BIND_ADDRESS_NO_PORT): one address
    /// has some 28,000 of them for each peer.
    SocketOptions& from(const Endpoint& address) noexcept { return local = address, *this; }

    Duration keepalive_after{};
    Duration keepalive_interval{};
    int keepalive_probes = 0;
    Duration unacknowledged{};
    std::optional<Endpoint> local;
};

}  // namespace weir
