// SPDX-License-Identifier: MIT
#include <weir/runtime/timeout.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>

#include <stdexcept>
#include <type_traits>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<TimeoutRequest<int>>);

constexpr int kTimedOut = -1;
constexpr int kOuterTimedOut = -2;

Task<int> value_after(Duration span, int value) {
    if (span > Duration::zero()) co_await sleep_for(span);
    co_return int(value);
}

Task<int> limited(Duration limit, Duration work) {
    const Result<int> value = co_await timeout(limit, value_after(work, 5));
    co_return value ? *value : kTimedOut;
}

Task<int> limited_twice(Duration outer, Duration inner, Duration work) {
    const Result<int> value = co_await timeout(outer, limited(inner, work));
    co_return value ? *value : kOuterTimedOut;
}

int simulated_value(Task<int> task) {
    const std::size_t frames = detail::frames_live() - 1;  // but that of the task itself
    const int value = run_simulated(std::move(task));
    EXPECT_EQ(detail::frames_live(), frames);
    return value;
}

TEST(Timeout, GivesTheValueWhenThereIsTime) {
    EXPECT_EQ(simulated_value(limited(10ms, 5ms)), 5);
    EXPECT_EQ(simulated_value(limited(10ms, 0ms)), 5);  // without any wait
}

TEST(Timeout, GivesTimedOutWhenThereIsNot) {
    EXPECT_EQ(simulated_value(limited(5ms, 10ms)), kTimedOut);
}

TEST(Timeout, OfWorkThatTakesAsLongTimesOut) {
    // The limit was armed first, and equal deadlines fire in the order of arming.
    EXPECT_EQ(simulated_value(limited(7ms, 7ms)), kTimedOut);
}

TEST(Timeout, NestedTheShorterWins) {
    EXPECT_EQ(simulated_value(limited_twice(5ms, 3ms, 9ms)), kTimedOut);
    EXPECT_EQ(simulated_value(limited_twice(3ms, 5ms, 9ms)), kOuterTimedOut);
    EXPECT_EQ(simulated_value(limited_twice(9ms, 8ms, 3ms)), 5);
}

TEST(Timeout, NestedWithEqualDeadlinesTheOuterWins) {
    EXPECT_EQ(simulated_value(limited_twice(5ms, 5ms, 9ms)), kOuterTimedOut);
}

TEST(Timeout, OfNoTimeAtAllEndsAtTheNextTick) {
    simulate([]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        const Result<int> value = co_await timeout(0ms, value_after(1h, 1));
        EXPECT_TRUE(!value && value.error() == Errc::timed_out);
        EXPECT_LE(Reactor::current().now() - begin, 1ms);
    });
}

TEST(Timeout, DestroysTheTaskBeforeItReturns) {
    Journal journal;
    const auto work = [](Journal& log) -> Task<void> {
        const Mark local(log, "local");
        co_await sleep_for(1h);
    };
    simulate([&]() -> Task<void> {
        const Result<void> ended = co_await timeout(1ms, work(journal));
        EXPECT_TRUE(!ended && ended.error() == Errc::timed_out);
        journal.note("returned");
    });
    EXPECT_EQ(journal.text(), "~local returned");
}

TEST(Timeout, DisarmsItsTimerWhenTheTaskEnds) {
    simulate([]() -> Task<void> {
        static_cast<void>(co_await timeout(1h, value_after(1ms, 1)));
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    });
}

TEST(Timeout, PassesErrorsAndExceptionsOn) {
    const auto error = []() -> Task<Result<int>> {
        co_return Error(Errc::unsupported);
    };
    const auto exception = []() -> Task<int> {
        co_await yield();
        throw std::runtime_error("failed");
    };
    simulate([&]() -> Task<void> {
        const Result<int> value = co_await timeout(1s, error());
        EXPECT_TRUE(!value && value.error() == Errc::unsupported);
        bool caught = false;
        try {
            static_cast<void>(co_await timeout(1s, exception()));
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST(Timeout, OfAQueuedTaskLeavesTheQueue) {
    Semaphore semaphore(0);
    const auto acquire = [](Semaphore& queue) -> Task<void> {
        const Permit permit = co_await queue.acquire();
    };
    simulate([&]() -> Task<void> {
        const Result<void> first = co_await timeout(1ms, acquire(semaphore));
        EXPECT_FALSE(first);
        semaphore.release();
        EXPECT_EQ(semaphore.available(), 1u);
        const Result<void> second = co_await timeout(1ms, acquire(semaphore));
        EXPECT_TRUE(second);
    });
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Timeout, CancelledFromOutsideEndsTheTaskAndTheTimer) {
    Journal journal;
    const auto waiting = [](Journal& log) -> Task<void> {
        const Mark local(log, "local");
        static_cast<void>(co_await timeout(1h, value_after(2h, 1)));
    };
    simulate([&]() -> Task<void> {
        Unit unit(waiting(journal));
        co_await yield();
        EXPECT_EQ(Reactor::current().timers_armed(), 2u);
        unit.cancel();
        co_await yield_times(2);
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
        EXPECT_TRUE(unit.was_unwound());
    });
    EXPECT_EQ(journal.text(), "~local");
}

TEST(Timeout, TakesAnInstantToo) {
    simulate([]() -> Task<void> {
        const Instant deadline = Reactor::current().now() + 3ms;
        const Result<int> value = co_await timeout_at(deadline, value_after(1h, 1));
        EXPECT_FALSE(value);
        EXPECT_EQ(Reactor::current().now(), deadline);
    });
}

}  // namespace
