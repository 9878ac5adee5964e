// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/connect_any.h>
#include <weir/runtime/run.h>

#include <vector>

using namespace weir;

namespace {

Endpoint at(std::string_view address, std::uint16_t port = 80) {
    return Endpoint::parse(address, port).value();
}

// RFC 8305, 4.
TEST(ConnectAny, TriesTheFamiliesInTurn) {
    const std::vector<Endpoint> mixed = {at("::1"), at("::2"), at("::3"), at("1.1.1.1"),
                                         at("1.1.1.2")};
    EXPECT_EQ(
        interleave_families(mixed),
        (std::vector<Endpoint>{at("::1"), at("1.1.1.1"), at("::2"), at("1.1.1.2"), at("::3")}));
    EXPECT_EQ(interleave_families({at("1.1.1.1"), at("::1"), at("::2")}),
              (std::vector<Endpoint>{at("1.1.1.1"), at("::1"), at("::2")}));
    EXPECT_EQ(interleave_families({at("::1")}), (std::vector<Endpoint>{at("::1")}));
}

TEST(ConnectAny, GoesOnAtOnceWhereAnAttemptFails) {
    const auto body = []() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(80)).value();
        const Instant start = Reactor::current().now();
        std::vector<Endpoint> addresses = {at("::1"), at("127.0.0.2"), at("127.0.0.1")};
        Result<TcpStream> stream = co_await connect_any(std::move(addresses));
        EXPECT_TRUE(stream.has_value());
        EXPECT_LT(Reactor::current().now() - start, kConnectionAttemptDelay);
    };
    run_simulated(body());
}

// RFC 8305, 5: the first takes longer than the delay, and the second overtakes it.
TEST(ConnectAny, TheFirstToSucceedWinsAndTheOthersAreCalledOff) {
    const auto body = []() -> Task<void> {
        TcpListener listener = TcpListener::bind(at("0.0.0.0")).value();
        const Instant start = Reactor::current().now();
        std::vector<Endpoint> addresses = {at("127.0.0.1"), at("127.0.0.2"), at("127.0.0.3")};
        Result<TcpStream> stream = co_await connect_any(std::move(addresses));
        EXPECT_TRUE(stream.has_value());
        // One way takes a second: two more attempts were begun by then.
        const Duration taken = Reactor::current().now() - start;
        EXPECT_GE(taken, std::chrono::seconds(2));
        EXPECT_LT(taken, std::chrono::milliseconds(2100));
        EXPECT_EQ(Reactor::current().slots_open(), 2u);
    };
    run_simulated(body(), Simulation().latency(std::chrono::seconds(1)));
}

TEST(ConnectAny, GivesTheLastFailureWhereAllFail) {
    const auto body = []() -> Task<void> {
        std::vector<Endpoint> addresses = {at("127.0.0.1"), at("127.0.0.2", 81)};
        Result<TcpStream> stream = co_await connect_any(std::move(addresses));
        EXPECT_EQ(stream.error(), std::errc::connection_refused);
        EXPECT_NE(stream.error().message().find("127.0.0.2:81"), std::string::npos);
    };
    run_simulated(body());
}

}  // namespace
