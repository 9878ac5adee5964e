// SPDX-License-Identifier: MIT
//
// An IPv4 or IPv6 address with a port, parsed and printed. Names are not looked up here: that may
// block, and is the resolver's work.
#pragma once

#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// A socket address in the kernel's own layout (sockaddr_in or sockaddr_in6).
class Endpoint {
public:
    /// 0.0.0.0 port 0.
    Endpoint() noexcept;

    /// `address` is a numeric IPv4 or IPv6 address, without brackets. Errc::bad_argument for
    /// anything else, host names among them.
    static Result<Endpoint> parse(std::string_view address, std::uint16_t port);
    static Endpoint loopback(std::uint16_t port) noexcept;
    /// From `bytes` of a sockaddr. Errc::unsupported for families other than IPv4 and IPv6.
    static Result<Endpoint> from_sockaddr(Bytes bytes);

    bool is_ipv6() const noexcept;
    std::uint16_t port() const noexcept;
    Endpoint with_port(std::uint16_t port) const noexcept;

    /// "127.0.0.1:80", "[::1]:80".
    std::string to_string() const;
    /// The sockaddr, for the kernel.
    Bytes sockaddr_bytes() const noexcept;

    friend bool operator==(const Endpoint&, const Endpoint&) noexcept = default;

private:
    alignas(4) std::array<std::byte, 28> raw_{};
};

/// A sockaddr for a person: as Endpoint::to_string(), or "unix:/run/it.sock".
std::string describe_address(Bytes sockaddr);

}  // namespace weir
