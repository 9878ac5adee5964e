// SPDX-License-Identifier: MIT
//
// What only the simulated world promises: its clock, and that two runs are the same. What it
// shares with the real backends is in tests/conformance.
#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/udp.h>
#include <weir/runtime/unix_socket.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<void> echo_once(TcpStream stream) {
    const Result<Lease> lease = co_await stream.read();
    const Result<void> written = co_await stream.write_all(lease.value().bytes());
    written.value();
}

Task<void> serve(TcpListener& listener, TaskGroup& group) {
    for (;;) {
        Result<TcpStream> stream = co_await listener.accept();
        group.spawn(echo_once(std::move(stream).value()));
    }
}

Task<void> ask(Endpoint server, int number, std::vector<std::string>& events) {
    co_await sleep_for((number * 7 % 5) * 1ms);
    Result<TcpStream> stream = co_await TcpStream::connect(server);
    const std::string text = std::to_string(number);
    const Result<void> written = co_await stream.value().write_all(as_bytes(text));
    written.value();
    const Result<Lease> lease = co_await stream->read();
    const auto when = Reactor::current().now().time_since_epoch().count();
    events.push_back(std::string(as_text(lease.value().bytes())) + "@" + std::to_string(when));
}

std::vector<std::string> events_of_a_run() {
    std::vector<std::string> events;
    simulate([&]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        co_await with_group([&](TaskGroup& outer) -> Task<void> {
            outer.spawn(serve(listener, outer));
            co_await with_group([&](TaskGroup& clients) -> Task<void> {
                for (int i = 0; i < 20; ++i) {
                    clients.spawn(ask(listener.local_endpoint(), i, events));
                }
                co_return;
            });
            outer.cancel();
        });
    });
    return events;
}

TEST(SimulatedBackend, DoesTheSameAtTheSameTimesInEveryRun) {
    const std::vector<std::string> first = events_of_a_run();
    EXPECT_EQ(first.size(), 20u);
    EXPECT_EQ(events_of_a_run(), first);
}

TEST(SimulatedBackend, JumpsOverTimeInWhichNothingHappens) {
    simulate([]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        for (int i = 0; i < 100; ++i)
            co_await sleep_for(24h);
        EXPECT_EQ(Reactor::current().now() - begin, 100 * 24h);
    });
}

TEST(SimulatedBackend, BytesTakeTheirTime) {
    simulate([]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        const Instant begin = Reactor::current().now();
        Result<TcpStream> client = co_await TcpStream::connect(listener.local_endpoint());
        EXPECT_GT(Reactor::current().now(), begin);
        EXPECT_LT(Reactor::current().now() - begin, 1ms);
    });
}

TEST(SimulatedBackend, AListenersPortIsFreeAgainWhenItIsGone) {
    simulate([]() -> Task<void> {
        Endpoint endpoint;
        {
            const TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
            endpoint = listener.local_endpoint();
        }
        EXPECT_TRUE(TcpListener::bind(endpoint).has_value());
        co_return;
    });
}

TEST(SimulatedBackend, AWildcardListenerTakesConnectionsToEveryAddress) {
    simulate([]() -> Task<void> {
        TcpListener v4 = TcpListener::bind(Endpoint().with_port(80)).value();
        TcpListener v6 = TcpListener::bind(Endpoint::parse("::", 81).value()).value();
        const auto first = co_await TcpStream::connect(Endpoint::parse("10.0.0.9", 80).value());
        EXPECT_TRUE(first.has_value());
        const auto second = co_await TcpStream::connect(Endpoint::parse("10.0.0.9", 81).value());
        EXPECT_TRUE(second.has_value());  // as Linux does, unless told otherwise
        const auto third = co_await TcpStream::connect(Endpoint::parse("2001:db8::9", 80).value());
        EXPECT_TRUE(!third && third.error() == std::errc::connection_refused);
    });
}

TEST(SimulatedBackend, OnlyAUnixPathThatNobodyHasIsNotFound) {
    simulate([]() -> Task<void> {
        const UnixAddress path = UnixAddress::path("/run/nobody.sock").value();
        const UnixAddress name = UnixAddress::abstract("nobody").value();
        const auto first = co_await UnixStream::connect(path);
        EXPECT_TRUE(!first && first.error() == std::errc::no_such_file_or_directory);
        const auto second = co_await UnixStream::connect(name);
        EXPECT_TRUE(!second && second.error() == std::errc::connection_refused);
    });
}

TEST(SimulatedBackend, ADatagramToNobodyIsDropped) {
    simulate([]() -> Task<void> {
        UdpSocket socket = UdpSocket::bind(Endpoint::loopback(0)).value();
        const auto sent = co_await socket.send_to(as_bytes("x"), Endpoint::loopback(9));
        EXPECT_TRUE(sent.has_value());
        co_await sleep_for(1s);
        UdpSocket late = UdpSocket::bind(Endpoint::loopback(9)).value();
        const auto again = co_await socket.send_to(as_bytes("y"), Endpoint::loopback(9));
        EXPECT_TRUE(again.has_value());
        const auto datagram = co_await late.receive_from();
        EXPECT_EQ(as_text(datagram->bytes()), "y");
        EXPECT_EQ(datagram->from(), socket.local_endpoint());
    });
}

TEST(SimulatedBackend, TheFirstBytesToAPeerThatIsGoneAreTakenAndBringAReset) {
    simulate([]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        auto client = co_await TcpStream::connect(listener.local_endpoint());
        {
            const auto server = co_await listener.accept();
            EXPECT_TRUE(server.has_value());
        }
        const auto first = co_await client->write_all(as_bytes("x"));
        EXPECT_TRUE(first.has_value());
        co_await sleep_for(1ms);
        const auto second = co_await client->write_all(as_bytes("x"));
        EXPECT_TRUE(!second && second.error() == std::errc::broken_pipe);
        const Result<Lease> end = co_await client->read();
        EXPECT_TRUE(end && end->empty());
    });
}

TEST(SimulatedBackend, WhatWasSentToAClosedSocketNeverReachesTheNextOfItsNumber) {
    simulate([]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        for (int i = 0; i < 50; ++i) {
            auto client = co_await TcpStream::connect(listener.local_endpoint());
            auto server = co_await listener.accept();
            const std::string text = std::to_string(i);
            const auto sent = co_await server->write_all(as_bytes(text));
            EXPECT_TRUE(sent.has_value());
            if (i % 2 == 0) continue;  // closed with bytes on their way to it
            const Result<Lease> got = co_await client->read();
            EXPECT_EQ(as_text(got.value().bytes()), text);
        }
    });
}

TEST(SimulatedBackendDeath, AStreamThatOutlivesItsWorldAborts) {
    const auto misuse = [] {
        std::vector<TcpListener> kept;
        const auto keep = [&]() -> Task<void> {
            kept.push_back(TcpListener::bind(Endpoint::loopback(0)).value());
            co_return;
        };
        run_simulated(keep());
    };
    EXPECT_DEATH(misuse(), "must not outlive run");
}

}  // namespace
