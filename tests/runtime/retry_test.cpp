// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/deadline.h>
#include <weir/runtime/remote_run.h>
#include <weir/runtime/retry.h>
#include <weir/runtime/run.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <stdexcept>
#include <string>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

RetryPolicy plain(int attempts) {
    return RetryPolicy().attempts_max(attempts).first_delay(10ms).jitter(0);
}

Task<Result<int>> fails_until(int& calls, int success) {
    co_await yield();
    if (++calls < success) co_return Error(Errc::stream_ended);
    co_return int(calls);
}

TEST(Retry, TriesAgainWithGrowingDelays) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() {
            return fails_until(calls, 4);
        };
        const Instant begun = Reactor::current().now();
        const Result<int> value = co_await retry(plain(5), make);
        EXPECT_EQ(*value, 4);
        const Duration taken = Reactor::current().now() - begun;
        EXPECT_GE(taken, 70ms);  // 10 + 20 + 40
        EXPECT_LT(taken, 75ms);
    });
}

TEST(Retry, GivesTheLastFailureAndSaysHowManyThereWere) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() {
            return fails_until(calls, 100);
        };
        const Result<int> value = co_await retry(plain(3), make);
        EXPECT_TRUE(!value && value.error() == Errc::stream_ended);
        EXPECT_EQ(calls, 3);
        EXPECT_EQ(value.error().message().rfind("after 3 attempts: ", 0), 0u);
    });
}

TEST(Retry, AnExceptionIsAFailureAndTheLastOneIsThrown) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() -> Task<int> {
            co_await yield();
            throw std::runtime_error("call " + std::to_string(++calls));
        };
        std::string caught;
        try {
            static_cast<void>(co_await retry(plain(3), make));
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
        EXPECT_EQ(caught, "call 3");
    });
}

TEST(Retry, AFactoryThatThrowsHasFailedAsWell) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() -> Task<Result<int>> {
            if (++calls < 3) throw std::runtime_error("no task");
            return fails_until(calls, 0);
        };
        const Result<int> value = co_await retry(plain(3), make);
        EXPECT_EQ(*value, 4);
    });
}

TEST(Retry, WorksForTasksWithoutAValue) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() -> Task<void> {
            co_await yield();
            if (++calls < 2) throw std::runtime_error("not yet");
        };
        co_await retry(plain(3), make);
        EXPECT_EQ(calls, 2);
    });
}

TEST(Retry, DoesNotRepeatWhatIsKnownNotToBeWorthIt) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() -> Task<Result<int>> {
            ++calls;
            co_return Error(Errc::bad_argument).with_retry(false);
        };
        const Result<int> value = co_await retry(plain(5), make);
        EXPECT_FALSE(value);
        EXPECT_EQ(calls, 1);
    });
}

TEST(Retry, WaitsAsLongAsTheErrorAsksFor) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() -> Task<Result<int>> {
            if (++calls == 2) co_return 1;
            co_return Error(Errc::limit_reached).with_retry(true, 3s);
        };
        const Instant begun = Reactor::current().now();
        const Result<int> value = co_await retry(plain(5), make);
        EXPECT_TRUE(value);
        EXPECT_GE(Reactor::current().now() - begun, 3s);
    });
}

TEST(Retry, GivesUpAtOnceWhereTheDeadlineLeavesNoTimeForAnotherAttempt) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto make = [&]() {
            return fails_until(calls, 100);
        };
        const auto all = [&]() -> Task<Result<int>> {
            co_return co_await retry(plain(50), make);
        };
        const Instant begun = Reactor::current().now();
        const Result<int> value = co_await timeout(100ms, all());
        EXPECT_TRUE(!value && value.error() == Errc::stream_ended);  // not timed_out
        EXPECT_LT(Reactor::current().now() - begun, 100ms);
    });
}

TEST(RetryPolicy, JitterOnlyMakesDelaysLonger) {
    const RetryPolicy policy = RetryPolicy().first_delay(100ms).jitter(0.5).delay_max(150ms);
    const Error error(Errc::stream_ended);
    EXPECT_EQ(policy.delay_after(1, error, 0.0), Duration(100ms));
    EXPECT_EQ(policy.delay_after(1, error, 0.5), Duration(125ms));
    EXPECT_EQ(policy.delay_after(2, error, 0.0), Duration(150ms));
    EXPECT_FALSE(policy.delay_after(3, error, 0.0));
}

TEST(RetryPolicy, AsksTheUsersOwnTest) {
    const RetryPolicy policy =
        RetryPolicy().only_if([](const Error& error) { return error == Errc::timed_out; });
    EXPECT_TRUE(policy.delay_after(1, Error(Errc::timed_out), 0.0));
    EXPECT_FALSE(policy.delay_after(1, Error(Errc::stream_ended), 0.0));
}

// --- current_deadline ----------------------------------------------------------------------------

Task<Instant> ask() {
    co_return co_await current_deadline();
}

TEST(CurrentDeadline, IsTheEarliestOfAllTimeoutsAround) {
    simulate([]() -> Task<void> {
        const Instant none = co_await current_deadline();
        EXPECT_EQ(none, kNever);
        const Instant now = Reactor::current().now();
        const auto inner = []() -> Task<Instant> {
            const Result<Instant> asked = co_await timeout(10s, ask());
            co_return asked.value();
        };
        const Result<Instant> asked = co_await timeout(5s, inner());
        EXPECT_EQ(*asked, now + Duration(5s));
    });
}

TEST(CurrentDeadline, ReachesIntoTheChildrenOfAGroup) {
    simulate([]() -> Task<void> {
        const Instant now = Reactor::current().now();
        Instant seen{};
        const auto child = [&]() -> Task<void> {
            seen = co_await ask();
        };
        const auto scope = [&]() -> Task<void> {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(child());
                co_return;
            });
        };
        static_cast<void>(co_await timeout(5s, scope()));
        EXPECT_EQ(seen, now + Duration(5s));
    });
}

TEST(CurrentDeadline, DoesNotPassAShield) {
    simulate([]() -> Task<void> {
        const auto shielded = []() -> Task<Instant> {
            co_return co_await shield(ask());
        };
        const Result<Instant> asked = co_await timeout(5s, shielded());
        EXPECT_EQ(*asked, kNever);
    });
}

TEST(CurrentDeadline, DoesNotReachATaskOnAnotherLoop) {
    simulate([]() -> Task<void> {
        const Remote remote = Reactor::current().remote();
        const auto there = [&]() -> Task<Result<Instant>> {
            const auto factory = [] {
                return ask();
            };
            co_return co_await remote.run(factory);
        };
        const Result<Instant> asked = co_await timeout(5s, there());
        EXPECT_EQ(*asked, kNever);
    });
}

}  // namespace
