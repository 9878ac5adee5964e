// SPDX-License-Identifier: MIT
//
// A TCP port of 127.0.0.1 at which nobody listens, and at which nobody can begin to: a socket is
// bound to it and never listens. The port of a listener that was closed would not do, because the
// kernel may give it to the next program that asks for any, a test that runs beside this one.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace weir::test {

class DeafPort {
public:
    DeafPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_, raw, size), 0);
        EXPECT_EQ(::getsockname(socket_, raw, &size), 0);
        number_ = ntohs(address.sin_port);
    }
    DeafPort(const DeafPort&) = delete;
    DeafPort& operator=(const DeafPort&) = delete;
    ~DeafPort() { ::close(socket_); }

    std::uint16_t number() const { return number_; }
    std::string to_string() const { return std::to_string(number_); }

private:
    int socket_;
    std::uint16_t number_ = 0;
};

}  // namespace weir::test
