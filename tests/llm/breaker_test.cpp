// SPDX-License-Identifier: MIT
#include <weir/llm/breaker.h>

#include <gtest/gtest.h>
#include <weir/llm/retry_budget.h>

#include <chrono>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using State = Breaker::State;

namespace {

constexpr Instant kStart{1000s};

Breaker opened() {
    Breaker breaker(BreakerOptions().failures_max(3).open_for(10s, 35s));
    for (int i = 0; i < 3; ++i)
        breaker.on_failure(kStart);
    return breaker;
}

}  // namespace

TEST(Breaker, OpensAfterFailuresInARow) {
    Breaker breaker(BreakerOptions().failures_max(3));
    breaker.on_failure(kStart);
    breaker.on_failure(kStart);
    breaker.on_success();
    breaker.on_failure(kStart);
    breaker.on_failure(kStart);
    EXPECT_TRUE(breaker.try_pass(kStart)) << "the success between them counts";
    breaker.on_failure(kStart);
    EXPECT_FALSE(breaker.try_pass(kStart));
    EXPECT_EQ(breaker.state(kStart), State::open);
}

TEST(Breaker, LetsOneTrialThroughWhenItsTimeHasCome) {
    Breaker breaker = opened();
    EXPECT_EQ(breaker.open_until(), kStart + 10s);
    EXPECT_FALSE(breaker.try_pass(kStart + 9999ms));
    EXPECT_TRUE(breaker.try_pass(kStart + 10s));
    EXPECT_FALSE(breaker.try_pass(kStart + 10s)) << "one is enough to know";
    EXPECT_EQ(breaker.state(kStart + 10s), State::half_open);
    breaker.on_success();
    EXPECT_EQ(breaker.state(kStart + 10s), State::closed);
    EXPECT_TRUE(breaker.try_pass(kStart + 10s));
}

TEST(Breaker, WaitsTwiceAsLongAfterEachTrialThatFails) {
    Breaker breaker = opened();
    Instant now = kStart + 10s;
    for (const Duration pause : {20s, 35s, 35s}) {
        ASSERT_TRUE(breaker.try_pass(now));
        breaker.on_failure(now);
        EXPECT_EQ(breaker.open_until(), now + pause);
        now += pause;
    }
    ASSERT_TRUE(breaker.try_pass(now));
    breaker.on_success();
    for (int i = 0; i < 3; ++i)
        breaker.on_failure(now);
    EXPECT_EQ(breaker.open_until(), now + 10s) << "a success forgets how long it was";
}

TEST(Breaker, GivesTheTrialToAnotherWhenItIsAbandoned) {
    Breaker breaker = opened();
    ASSERT_TRUE(breaker.try_pass(kStart + 10s));
    breaker.abandon();
    EXPECT_TRUE(breaker.try_pass(kStart + 10s));
}

TEST(Breaker, LateFailuresOfEarlierCallsDoNotProlongIt) {
    Breaker breaker = opened();
    breaker.on_failure(kStart + 5s);
    EXPECT_EQ(breaker.open_until(), kStart + 10s);
}

TEST(RetryBudget, ReserveIsThereFromTheStartAndIsUsedUp) {
    RetryBudget budget(0.0, 2);
    EXPECT_TRUE(budget.try_repeat());
    EXPECT_TRUE(budget.try_repeat());
    EXPECT_FALSE(budget.try_repeat());
}

TEST(RetryBudget, CallsEarnRepeats) {
    RetryBudget budget(0.25, 0);
    int repeats = 0;
    for (int call = 0; call < 100; ++call) {
        budget.on_call();
        if (budget.try_repeat()) ++repeats;
    }
    EXPECT_EQ(repeats, 25);
}

TEST(RetryBudget, SavesNoMoreThanItMay) {
    RetryBudget budget(1.0, 1);
    for (int call = 0; call < 1000; ++call)
        budget.on_call();
    EXPECT_EQ(budget.balance(), 10);
}
