// SPDX-License-Identifier: MIT
//
// What a client needs to resume sessions, by the peer whose certificate was verified when they
// began. Bounded: the peer used least recently is forgotten, and of one peer the oldest session.
// Any thread may use it.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/openssl.h"

namespace weir::http {

using SessionHandle = openssl::Handle<SSL_SESSION, SSL_SESSION_free>;

class TlsSessions {
public:
    static constexpr std::size_t kPeersMax = 64;
    static constexpr std::size_t kSessionsMax = 32;  // for each peer

    void put(const std::string& peer, SessionHandle session);
    /// The youngest session with `peer` that can still be resumed, or null. One of TLS 1.3 is given
    /// out once (RFC 8446, C.4); one of TLS 1.2 stays.
    SessionHandle take(const std::string& peer);

    /// Of all peers.
    std::size_t size() const;

private:
    struct Peer {
        std::vector<SessionHandle> sessions;  // the youngest is the last
        std::uint64_t last_use = 0;
    };
    void forget_one_peer();

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Peer> peers_;
    std::uint64_t uses_ = 0;
};

}  // namespace weir::http
