// SPDX-License-Identifier: MIT
//
// What the connections of one context share beside what OpenSSL keeps for them. It lives as long
// as OpenSSL's context, which the connections keep alive. Threads may share it.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "http/tls_sessions.h"

namespace weir::http {

/// The SHA-256 of a public key, as it stands in a certificate.
using TlsPin = std::array<unsigned char, 32>;

struct TlsShared {
    TlsShared() = default;
    TlsShared(const TlsShared&) = delete;
    TlsShared& operator=(const TlsShared&) = delete;
    ~TlsShared();

    /// Gives `context` one of its own, once. False for a lack of memory.
    static bool attach(SSL_CTX* context);
    static TlsShared& of(const SSL_CTX* context) noexcept;
    static TlsShared& of(const SSL* ssl) noexcept { return of(SSL_get_SSL_CTX(ssl)); }

    std::vector<TlsPin> pins;  // unchanged once there are connections
    TlsSessions sessions;      // of a client
    std::atomic<std::uint64_t> handshakes = 0;
    std::atomic<std::uint64_t> resumed = 0;
    int key_log = -1;  // a file open for appending, or none
};

}  // namespace weir::http
