// SPDX-License-Identifier: MIT
//
// Who the peer must be: chain, purpose and dates are OpenSSL's to check, and the host as RFC 9525
// has it; then the pins. The check that failed is put into words while the certificate that it
// failed for is at hand.
#pragma once

#include <weir/runtime/base/error.h>
#include <weir/runtime/base/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/tls_shared.h"

namespace weir::http {

/// The other side of one connection: OpenSSL's application data of it.
struct TlsPeer {
    std::string host;              // who it must be; empty on the server's side
    std::optional<Error> refusal;  // why its certificate was not accepted
    std::uint16_t port = 0;

    /// What its sessions are kept under: they hold for the host that was verified, and no other.
    std::string session_name() const { return host + ":" + std::to_string(port); }
};

/// Has all connections of `context` verify what their peers show. Whether they must show anything
/// is another matter.
void verify_with_reasons(SSL_CTX* context);

/// Demands that the peer's certificate is one for `host`, a DNS name or an IP address, and asks
/// for it by name; an address is never named (RFC 6066, 3). False if it cannot be asked for.
bool expect_host(SSL* ssl, const std::string& host);

/// "[::1]", "fe80::1%eth0" and "host." as certificates and SNI spell them.
std::string_view plain_host(std::string_view host) noexcept;

/// Reads "sha256//BASE64;sha256//BASE64". Errc::bad_argument where it is something else.
Result<std::vector<TlsPin>> parse_pins(std::string_view text);

}  // namespace weir::http
