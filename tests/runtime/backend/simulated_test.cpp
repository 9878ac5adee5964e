// SPDX-License-Identifier: MIT
//
// What only the simulated world promises: its clock, and that two runs are the same. What it
// shares with the real backends is in tests/conformance.
#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>

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
