// SPDX-License-Identifier: MIT
//
// Where a simulated socket is: an IPv4 or IPv6 endpoint, or a UNIX name. A UNIX path is only a
// name here: no file is made for it.
#pragma once

#include <sys/socket.h>
#include <weir/runtime/address.h>
#include <string>

namespace weir::detail {

class SimulatedAddress {
public:
    SimulatedAddress() = default;
    explicit SimulatedAddress(const Endpoint& endpoint) : endpoint_(endpoint) {}
    /// EAFNOSUPPORT for a family that is none of the three.
    static Result<SimulatedAddress> from_sockaddr(Bytes sockaddr);
    static SimulatedAddress unnamed_unix() {
        SimulatedAddress address;
        address.is_unix_ = true;
        return address;
    }

    bool is_unix() const noexcept { return is_unix_; }
    /// A UNIX name without a file behind it, in the real world.
    bool is_abstract() const noexcept { return !unix_name_.empty() && unix_name_.front() == '\0'; }
    std::uint16_t port() const noexcept { return is_unix_ ? 0 : endpoint_.port(); }
    void set_port(std::uint16_t port) noexcept { endpoint_ = endpoint_.with_port(port); }
    /// 0.0.0.0 or ::, of whatever port.
    bool is_any() const noexcept;
    /// True where who is bound to this address is meant by `target`.
    bool covers(const SimulatedAddress& target) const noexcept;
    /// What others see as the address of a socket bound to this one.
    SimulatedAddress seen_by_others() const;
    /// The loopback address of `peer`'s family with this port; unnamed for a UNIX peer.
    static SimulatedAddress for_client_of(const SimulatedAddress& peer, std::uint16_t port);

    Result<Endpoint> endpoint() const;
    void write_to(sockaddr_storage& address, socklen_t& size) const noexcept;
    std::string to_string() const;

    friend bool operator==(const SimulatedAddress&, const SimulatedAddress&) noexcept = default;

private:
    Endpoint endpoint_;
    bool is_unix_ = false;
    std::string unix_name_;  // empty: unnamed; else as in sun_path, without the zeros behind it
};

}  // namespace weir::detail
