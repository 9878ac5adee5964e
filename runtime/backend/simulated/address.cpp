// SPDX-License-Identifier: MIT
#include "runtime/backend/simulated/address.h"

#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace weir::detail {
namespace {

constexpr std::size_t kNameOffset = offsetof(sockaddr_un, sun_path);

Endpoint loopback_v6(std::uint16_t port) {
    return Endpoint::parse("::1", port).value();
}

}  // namespace

Result<SimulatedAddress> SimulatedAddress::from_sockaddr(Bytes bytes) {
    if (const Result<Endpoint> endpoint = Endpoint::from_sockaddr(bytes)) {
        return SimulatedAddress(*endpoint);
    }
    sockaddr_un local{};
    const std::size_t size = std::min(bytes.size(), sizeof local);
    std::memcpy(&local, bytes.data(), size);
    if (local.sun_family != AF_UNIX) return Error::from_errno(EAFNOSUPPORT, "reading an address");
    SimulatedAddress address = unnamed_unix();
    if (size <= kNameOffset) return address;
    address.unix_name_.assign(local.sun_path, size - kNameOffset);
    if (!address.is_abstract()) {
        address.unix_name_.resize(std::min(address.unix_name_.find('\0'), size - kNameOffset));
    }
    return address;
}

bool SimulatedAddress::is_any() const noexcept {
    if (is_unix_) return false;
    if (!endpoint_.is_ipv6()) return endpoint_ == Endpoint().with_port(endpoint_.port());
    const Bytes raw = endpoint_.sockaddr_bytes().subspan(8, 16);  // sin6_addr
    return std::ranges::all_of(raw, [](std::byte each) { return each == std::byte{0}; });
}

bool SimulatedAddress::covers(const SimulatedAddress& target) const noexcept {
    if (*this == target) return true;
    if (is_unix_ || target.is_unix_ || port() != target.port() || !is_any()) return false;
    // The IPv6 wildcard takes IPv4 as well, as Linux does unless told otherwise.
    return endpoint_.is_ipv6() || !target.endpoint_.is_ipv6();
}

SimulatedAddress SimulatedAddress::seen_by_others() const {
    if (!is_any()) return *this;
    return for_client_of(*this, port());
}

SimulatedAddress SimulatedAddress::for_client_of(const SimulatedAddress& peer, std::uint16_t port) {
    if (peer.is_unix_) return unnamed_unix();
    if (peer.endpoint_.is_ipv6()) return SimulatedAddress(loopback_v6(port));
    return SimulatedAddress(Endpoint::loopback(port));
}

Result<Endpoint> SimulatedAddress::endpoint() const {
    if (!is_unix_) return endpoint_;
    return Error(Errc::unsupported, "a socket address that is neither IPv4 nor IPv6");
}

void SimulatedAddress::write_to(sockaddr_storage& address, socklen_t& size) const noexcept {
    address = sockaddr_storage{};
    if (!is_unix_) {
        const Bytes raw = endpoint_.sockaddr_bytes();
        std::memcpy(&address, raw.data(), raw.size());
        size = static_cast<socklen_t>(raw.size());
        return;
    }
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, unix_name_.data(), unix_name_.size());
    std::memcpy(&address, &local, sizeof local);
    // The kernel counts the zero behind a path, and none behind an abstract name.
    const std::size_t terminator = unix_name_.empty() || is_abstract() ? 0 : 1;
    size = static_cast<socklen_t>(
        std::min(kNameOffset + unix_name_.size() + terminator, sizeof local));
}

std::string SimulatedAddress::to_string() const {
    sockaddr_storage address{};
    socklen_t size = 0;
    write_to(address, size);
    return describe_address(Bytes(reinterpret_cast<const std::byte*>(&address), size));
}

}  // namespace weir::detail
