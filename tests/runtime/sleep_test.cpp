// SPDX-License-Identifier: MIT
#include <weir/runtime/sleep.h>

#include <gtest/gtest.h>
#include <weir/runtime/task_group.h>

#include <string>
#include <type_traits>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<SleepRequest>);
static_assert(!std::is_aggregate_v<YieldRequest>);

TEST(Sleep, TakesTheTimeAskedForInVirtualTime) {
    simulate([]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        co_await sleep_for(90min);
        EXPECT_EQ(Reactor::current().now() - begin, 90min);
    });
}

TEST(Sleep, WakesAtTheNextTickNeverBefore) {
    simulate([]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        co_await sleep_for(1500us);
        EXPECT_EQ(Reactor::current().now() - begin, 2ms);
    });
}

TEST(Sleep, OfZeroOrLessEndsAtTheNextTick) {
    simulate([]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        co_await sleep_for(0ms);
        EXPECT_EQ(Reactor::current().now() - begin, 1ms);
        co_await sleep_for(-5s);
        EXPECT_EQ(Reactor::current().now() - begin, 2ms);
        co_await sleep_until(begin);
        EXPECT_EQ(Reactor::current().now() - begin, 3ms);
    });
}

TEST(Sleep, UntilAnInstant) {
    simulate([]() -> Task<void> {
        const Instant deadline = Reactor::current().now() + 12ms;
        co_await sleep_for(5ms);
        co_await sleep_until(deadline);
        EXPECT_EQ(Reactor::current().now(), deadline);
    });
}

TEST(Sleep, EqualDeadlinesWakeInTheOrderOfSleeping) {
    Journal journal;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 4; ++i) {
                group.spawn([](Journal& log, int number) -> Task<void> {
                    co_await sleep_for(5ms);
                    log.note(std::to_string(number));
                }(journal, i));
            }
            co_return;
        });
    });
    EXPECT_EQ(journal.text(), "0 1 2 3");
}

TEST(Yield, LetsAllThatAreReadyGoFirst) {
    Journal journal;
    const auto noting = [](Journal& log, std::string word) -> Task<void> {
        log.note(word);
        co_return;
    };
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(noting(journal, "first"));
            group.spawn(noting(journal, "second"));
            co_await yield();
            journal.note("yielder");
        });
    });
    EXPECT_EQ(journal.text(), "first second yielder");
}

TEST(Yield, DoesNotStarveTimers) {
    bool is_over = false;
    long rounds = 0;
    // Virtual time stands still while anyone is ready, so this sleeps the shortest span: none.
    simulate([&]() -> Task<void> {
        Reactor::current().remote().post([&] { is_over = true; });
        for (; !is_over && rounds < 100'000; ++rounds)
            co_await yield();
    });
    EXPECT_TRUE(is_over);
    EXPECT_LT(rounds, 1000);
}

}  // namespace
