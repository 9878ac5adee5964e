// SPDX-License-Identifier: MIT
//
// That the kernel is asked for what SocketOptions says; the simulated world has no such socket.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/run.h>
#include <weir/runtime/socket_options.h>
#include <weir/runtime/task.h>

#include <chrono>

using namespace weir;
using namespace std::chrono_literals;

namespace {

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

TEST(SocketOptions, ReachTheKernel) {
    const auto body = []() -> Task<void> {
        detail::Backend& backend = Reactor::current().backend();
        const SocketOptions options = SocketOptions()
                                          .keepalive(60s, 15s, 4)
                                          .unacknowledged_limit(120s)
                                          .from(Endpoint::parse("127.0.0.2", 0).value());
        const Endpoint peer = Endpoint::loopback(80);
        const int fd = backend.open_socket(peer.sockaddr_bytes(), &options).value();
        EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
        EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 120'000);
        EXPECT_EQ(option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), 1);
        EXPECT_EQ(backend.local_endpoint(fd).value(), *options.local);
        backend.close(fd);

        const SocketOptions foreign = SocketOptions().from(Endpoint::parse("192.0.2.1", 0).value());
        const Result<int> refused = backend.open_socket(peer.sockaddr_bytes(), &foreign);
        EXPECT_EQ(refused.error(), std::errc::address_not_available);
        EXPECT_NE(refused.error().message().find("192.0.2.1"), std::string::npos);
        co_return;
    };
    run(body(), ReactorOptions().backend(BackendKind::epoll));
}

}  // namespace
