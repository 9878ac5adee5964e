// SPDX-License-Identifier: MIT
#include <weir/runtime/address.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

static_assert(sizeof(sockaddr_in6) == 28);

template <typename Sockaddr>
Sockaddr view(const std::array<std::byte, 28>& raw) {
    Sockaddr address;
    std::memcpy(&address, raw.data(), sizeof address);
    return address;
}

}  // namespace

Endpoint::Endpoint() noexcept {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::memcpy(raw_.data(), &address, sizeof address);
}

Result<Endpoint> Endpoint::parse(std::string_view address, std::uint16_t port) {
    const std::string text(address);
    // inet_pton() would stop at a zero inside, and take what comes before it for the whole.
    const bool has_zero = text.find('\0') != std::string::npos;
    Endpoint endpoint;
    sockaddr_in v4{};
    if (!has_zero && ::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(endpoint.raw_.data(), &v4, sizeof v4);
        return endpoint;
    }
    sockaddr_in6 v6{};
    if (!has_zero && ::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(endpoint.raw_.data(), &v6, sizeof v6);
        return endpoint;
    }
    return Error(Errc::bad_argument, "\"" + text + "\" is not a numeric IPv4 or IPv6 address");
}

Endpoint Endpoint::loopback(std::uint16_t port) noexcept {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Endpoint endpoint;
    std::memcpy(endpoint.raw_.data(), &v4, sizeof v4);
    return endpoint;
}

Result<Endpoint> Endpoint::from_sockaddr(Bytes bytes) {
    sa_family_t family = AF_UNSPEC;
    if (bytes.size() >= sizeof family) std::memcpy(&family, bytes.data(), sizeof family);
    std::size_t size = 0;
    if (family == AF_INET) size = sizeof(sockaddr_in);
    if (family == AF_INET6) size = sizeof(sockaddr_in6);
    if (size == 0 || bytes.size() < size) {
        return Error(Errc::unsupported, "a socket address that is neither IPv4 nor IPv6");
    }
    Endpoint endpoint;
    std::memcpy(endpoint.raw_.data(), bytes.data(), size);
    return endpoint;
}

bool Endpoint::is_ipv6() const noexcept {
    return view<sockaddr>(raw_).sa_family == AF_INET6;
}

std::uint16_t Endpoint::port() const noexcept {
    // The port lies at the same place in both layouts.
    return ntohs(view<sockaddr_in>(raw_).sin_port);
}

Endpoint Endpoint::with_port(std::uint16_t port) const noexcept {
    Endpoint other = *this;
    auto v4 = view<sockaddr_in>(raw_);
    v4.sin_port = htons(port);
    std::memcpy(other.raw_.data(), &v4, 4);  // family and port
    return other;
}

std::string Endpoint::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const std::string port_text = std::to_string(port());
    if (is_ipv6()) {
        const auto v6 = view<sockaddr_in6>(raw_);
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        return "[" + std::string(text.data()) + "]:" + port_text;
    }
    const auto v4 = view<sockaddr_in>(raw_);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + port_text;
}

Bytes Endpoint::sockaddr_bytes() const noexcept {
    return Bytes(raw_).first(is_ipv6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
}

std::string describe_address(Bytes address) {
    if (const Result<Endpoint> endpoint = Endpoint::from_sockaddr(address)) {
        return endpoint->to_string();
    }
    sockaddr_un local{};
    std::memcpy(&local, address.data(), std::min(address.size(), sizeof local));
    if (local.sun_family != AF_UNIX) return "an address of an unknown family";
    const std::size_t size = std::min(address.size(), sizeof local) - sizeof local.sun_family;
    std::string path(local.sun_path, size);
    // An abstract name begins with a zero, and may hold more; a path ends at its first.
    if (!path.empty() && path.front() == '\0') return "unix:@" + path.substr(1);
    return "unix:" + path.substr(0, path.find('\0'));
}

}  // namespace weir
