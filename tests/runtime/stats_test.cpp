// SPDX-License-Identifier: MIT
#include <weir/runtime/stats.h>

#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>

#include <optional>
#include <utility>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

ReactorStats stats() {
    return Reactor::current().stats();
}

Task<void> sleeper() {
    co_await sleep_for(1h);
}

}  // namespace

TEST(Stats, CountsTurns) {
    simulate([]() -> Task<void> {
        co_await sleep_for(1ms);
        const std::uint64_t before = stats().turns;
        for (int i = 0; i < 5; ++i)
            co_await sleep_for(1ms);
        EXPECT_EQ(stats().turns - before, 5u);
    });
}

TEST(Stats, CountsStepsAtTheEndOfATurn) {
    simulate([]() -> Task<void> {
        co_await sleep_for(1ms);
        const std::uint64_t before = stats().steps;
        co_await yield_times(7);
        EXPECT_EQ(stats().steps, before);
        co_await sleep_for(1ms);
        EXPECT_EQ(stats().steps - before, 8u);
    });
}

TEST(Stats, CountsUnitsThatEndedByCancellation) {
    simulate([]() -> Task<void> {
        co_await with_group([](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 3; ++i)
                group.spawn(sleeper());
            co_await yield();
            group.cancel();
        });
        EXPECT_EQ(stats().units_unwound, 3u);
    });
}

TEST(Stats, CountsReadyTasksArmedTimersAndFrames) {
    simulate([]() -> Task<void> {
        const ReactorStats before = stats();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 4; ++i)
                group.spawn(sleeper());
            EXPECT_EQ(stats().ready, 4u);
            EXPECT_EQ(stats().frames - before.frames, 5u);
            co_await yield();
            EXPECT_EQ(stats().ready, 0u);
            EXPECT_EQ(stats().timers_armed, 4u);
            group.cancel();
        });
        EXPECT_EQ(stats().timers_armed, 0u);
        EXPECT_EQ(stats().frames, before.frames);
    });
}

TEST(Stats, CountsSocketsOperationsCompletionsAndLeases) {
    simulate([]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        EXPECT_EQ(stats().sockets, 1u);
        Result<TcpStream> near = co_await TcpStream::connect(listener.local_endpoint());
        Result<TcpStream> far = co_await listener.accept();
        EXPECT_EQ(stats().sockets, 3u);
        EXPECT_EQ(stats().completions, 2u);
        EXPECT_EQ(stats().operations, 0u);
        const auto reader = [](TcpStream& stream, std::optional<Lease>& got) -> Task<void> {
            Result<Lease> lease = co_await stream.read();
            got.emplace(std::move(*lease));
        };
        std::optional<Lease> got;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(reader(*far, got));
            co_await yield();
            EXPECT_EQ(stats().operations, 1u);
            static_cast<void>(co_await near->write_all(as_bytes("x")));
        });
        EXPECT_EQ(stats().completions, 4u);
        EXPECT_EQ(stats().leases, 1u);
        got.reset();
        EXPECT_EQ(stats().leases, 0u);
    });
}

TEST(Stats, CountsFunctionsPostedByOthers) {
    simulate([]() -> Task<void> {
        const Remote remote = Reactor::current().remote();
        EXPECT_TRUE(remote.post([] {}));
        EXPECT_TRUE(remote.post([] {}));
        co_await sleep_for(1ms);
        EXPECT_EQ(stats().posts, 2u);
    });
}
