// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/llm/limiter.h>
#include <weir/runtime/simulate_seeds.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::llm;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<Demand>);
static_assert(!std::is_aggregate_v<CallOutcome>);
static_assert(!std::is_aggregate_v<LimiterOptions>);
static_assert(!std::is_copy_constructible_v<CallPermit>);

LimiterOptions exact() {
    return LimiterOptions().headroom(0);
}

Duration since(Instant start) {
    return Reactor::current().now() - start;
}

/// Takes a permit, notes its name, and settles after `hold`.
Task<void> call(Limiter& limiter, Demand demand, Journal& journal, std::string name,
                Duration hold = Duration::zero()) {
    Result<CallPermit> permit = co_await limiter.acquire(demand);
    if (!permit) {
        journal.note(name + "!");
        co_return;
    }
    journal.note(name);
    if (hold > Duration::zero()) co_await sleep_for(hold);
    permit->settle(CallOutcome(200));
}

Task<void> take(Limiter& limiter, Demand demand) {
    Result<CallPermit> permit = co_await limiter.acquire(demand);
    permit.value().settle(CallOutcome(200));
}

TEST(Limiter, AdmitsAtOnceWhatFits) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().requests_per_minute(60).input_tokens_per_minute(1000));
        const Instant start = Reactor::current().now();
        for (int i = 0; i < 10; ++i)
            co_await take(limiter, Demand(100, 5));
        EXPECT_EQ(since(start), 0ns);
        EXPECT_EQ(limiter.stats().admitted, 10u);
    });
}

TEST(Limiter, AWaiterWakesExactlyWhenItsDemandFits) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().input_tokens_per_minute(60'000));
        co_await take(limiter, Demand(60'000, 0));
        const Instant start = Reactor::current().now();
        co_await take(limiter, Demand(2'500, 0));
        EXPECT_EQ(since(start), 2500ms);
        co_await take(limiter, Demand(7, 0));
        EXPECT_EQ(since(start), 2507ms);
    });
}

TEST(Limiter, EachBucketIsWaitedFor) {
    const std::vector<std::pair<LimiterOptions, Duration>> cases = {
        {exact().requests_per_minute(60), 1s},
        {exact().tokens_per_minute(6'000), 3s},
        {exact().input_tokens_per_minute(6'000), 1s},
        {exact().output_tokens_per_minute(6'000), 2s},
    };
    for (const auto& [options, expected] : cases) {
        Limiter limiter(options);
        simulate([&]() -> Task<void> {
            co_await take(limiter, Demand(0, 0));
            const RateLimitState& limits = options.limits();
            if (limits.requests.limit) {
                for (int i = 1; i < 60; ++i)
                    co_await take(limiter, Demand(0, 0));
            } else if (limits.output_tokens.limit) {
                co_await take(limiter, Demand(0, 6'000));
            } else {
                co_await take(limiter, Demand(6'000, 0));
            }
            const Instant start = Reactor::current().now();
            co_await take(limiter, Demand(100, 200));
            EXPECT_EQ(since(start), expected);
        });
    }
}

TEST(Limiter, ServesAClassInTheOrderOfComingAndTheHighestFirst) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().concurrency(1, 1));
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(call(limiter, Demand(1, 1), journal, "first", 1s));
            co_await sleep_for(1ms);
            group.spawn(call(limiter, Demand(1, 1, Priority::low), journal, "low"));
            group.spawn(call(limiter, Demand(1, 1), journal, "a"));
            group.spawn(call(limiter, Demand(1, 1), journal, "b"));
            group.spawn(call(limiter, Demand(1, 1, Priority::high), journal, "high"));
        });
        EXPECT_EQ(journal.text(), "first high a b low");
    });
}

TEST(Limiter, ASmallDemandDoesNotOvertakeALargeOne) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().input_tokens_per_minute(600));
        Journal journal;
        co_await take(limiter, Demand(600, 0));
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(call(limiter, Demand(500, 0), journal, "large"));
            group.spawn(call(limiter, Demand(1, 0), journal, "small"));
            co_return;
        });
        EXPECT_EQ(journal.text(), "large small");
    });
}

TEST(Limiter, NoClassStarves) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().concurrency(1, 1));
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(call(limiter, Demand(1, 1), journal, "x", 1s));
            co_await sleep_for(1ms);
            group.spawn(call(limiter, Demand(1, 1, Priority::low), journal, "low", 1s));
            for (int i = 0; i < 20; ++i)
                group.spawn(call(limiter, Demand(1, 1, Priority::high), journal, "h", 1s));
        });
        EXPECT_EQ(journal.text(), "x h h h h h h low h h h h h h h h h h h h h h");
    });
}

TEST(Limiter, ADemandThatNoEmptyMinuteCouldServeIsAnError) {
    simulate([]() -> Task<void> {
        Limiter limiter(LimiterOptions().input_tokens_per_minute(40'000));
        const Result<CallPermit> permit = co_await limiter.acquire(Demand(50'000, 0));
        EXPECT_FALSE(permit);
        if (permit) co_return;
        EXPECT_TRUE(permit.error() == Errc::limit_reached);
        EXPECT_EQ(permit.error().message(),
                  "this call needs 50,000 input tokens, and the limit is 40,000 in a window: send "
                  "less text, ask for fewer output tokens, or have the limit raised");
        // All of the limit is more than what is let out, and waits for that.
        co_await take(limiter, Demand(40'000, 0));
    });
}

TEST(Limiter, AWaiterLearnsThatItsDemandIsTooLarge) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().concurrency(1, 1));
        Journal journal;
        Result<CallPermit> first = co_await limiter.acquire(Demand(1, 1));
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(call(limiter, Demand(900, 1), journal, "large"));
            group.spawn(call(limiter, Demand(9, 1), journal, "small"));
            co_await sleep_for(1ms);
            RateLimitState limits;
            limits.input_tokens.limit = 800;
            limits.input_tokens.remaining = 799;
            first->settle(CallOutcome(200).limits(limits));
        });
        EXPECT_EQ(journal.text(), "large! small");
    });
}

TEST(Limiter, SettlesByWhatWasUsed) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().tokens_per_minute(60'000));
        Result<CallPermit> permit = co_await limiter.acquire(Demand(30'000, 30'000));
        const Instant start = Reactor::current().now();
        permit->settle(CallOutcome(200).usage(Usage(29'000, 1'000)));
        co_await take(limiter, Demand(30'000, 0));
        EXPECT_EQ(since(start), 0ns);
        Result<CallPermit> over = co_await limiter.acquire(Demand(0, 0));
        over->settle(CallOutcome(200).usage(Usage(0, 1'000)));
        co_await take(limiter, Demand(1, 0));
        EXPECT_EQ(since(start), 1001ms);
    });
}

TEST(Limiter, ADroppedPermitMakesRoomAndStaysSpent) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().input_tokens_per_minute(60'000).concurrency(1, 1));
        {
            const Result<CallPermit> permit = co_await limiter.acquire(Demand(60'000, 0));
        }
        EXPECT_EQ(limiter.stats().in_flight, 0u);
        const Instant start = Reactor::current().now();
        co_await take(limiter, Demand(1'000, 0));
        EXPECT_EQ(since(start), 1s);
    });
}

TEST(Limiter, ACallThatWasRefusedForWhatItIsCountsAsARequestOnly) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().requests_per_minute(1).input_tokens_per_minute(600));
        Result<CallPermit> permit = co_await limiter.acquire(Demand(600, 0));
        permit->settle(CallOutcome(400));
        const Instant start = Reactor::current().now();
        co_await take(limiter, Demand(600, 0));
        EXPECT_EQ(since(start), 60s);
    });
}

TEST(Limiter, RetryAfterPausesAll) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact());
        Result<CallPermit> permit = co_await limiter.acquire(Demand(1, 1));
        const Instant start = Reactor::current().now();
        permit->settle(CallOutcome(429).retry_after(4s));
        co_await take(limiter, Demand(1, 1, Priority::high));
        EXPECT_EQ(since(start), 4s);
        EXPECT_EQ(limiter.stats().refused, 1u);
    });
}

TEST(Limiter, LimitsTokensInFlight) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().tokens_in_flight(1'000));
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(call(limiter, Demand(400, 300), journal, "a", 2s));
            group.spawn(call(limiter, Demand(100, 100), journal, "b", 1s));
            group.spawn(call(limiter, Demand(3'000, 0), journal, "alone", 1s));
            co_await sleep_for(1500ms);
            EXPECT_EQ(limiter.stats().in_flight, 1u);
            EXPECT_EQ(limiter.stats().tokens_in_flight, 700);
            co_await sleep_for(1s);
            EXPECT_EQ(limiter.stats().tokens_in_flight, 3'000);
        });
        EXPECT_EQ(journal.text(), "a b alone");
    });
}

TEST(Limiter, SaysWhatEachCallWaitsFor) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().input_tokens_per_minute(60'000).concurrency(1, 1));
        Journal journal;
        Result<CallPermit> permit = co_await limiter.acquire(Demand(59'600, 0));
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(call(limiter, Demand(1'700, 0), journal, "a"));
            group.spawn(call(limiter, Demand(1, 0), journal, "b"));
            group.spawn(call(limiter, Demand(1, 0, Priority::low), journal, "c"));
            co_await sleep_for(1ms);
            std::vector<WaitingCall> waiting = limiter.explain();
            EXPECT_EQ(waiting.size(), 3u);
            EXPECT_EQ(waiting.at(0).waited, 1ms);
            EXPECT_EQ(waiting.at(0).reason,
                      "needs 1,700 input tokens, 401 are free: due in 1.3 s; concurrency 1 of 1");
            EXPECT_EQ(waiting.at(1).reason, "1 ahead in class normal");
            EXPECT_EQ(waiting.at(2).reason, "2 ahead in class normal");
            permit->settle(CallOutcome(503).retry_after(4s));
            EXPECT_EQ(limiter.explain().at(0).reason,
                      "paused by Retry-After for 4.0 s; needs 1,700 input tokens, 401 are free: "
                      "due in 1.3 s");
        });
        EXPECT_TRUE(limiter.explain().empty());
        EXPECT_EQ(journal.text(), "a b c");
    });
}

TEST(Limiter, ACancelledWaiterLeavesTheTurnToTheNext) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().input_tokens_per_minute(60'000));
        Journal journal;
        co_await take(limiter, Demand(60'000, 0));
        const Instant start = Reactor::current().now();
        Unit large(call(limiter, Demand(60'000, 0), journal, "large"));
        Unit small(call(limiter, Demand(1'000, 0), journal, "small"));
        co_await sleep_for(500ms);
        large.cancel();
        co_await small.join();
        EXPECT_TRUE(large.was_unwound());
        EXPECT_LE(since(start), 1002ms);
        EXPECT_EQ(journal.text(), "small");
    });
}

TEST(Limiter, AGrantThatACancelledCallDidNotTakeIsGivenBack) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact().input_tokens_per_minute(60'000).concurrency(1, 1));
        Journal journal;
        Result<CallPermit> first = co_await limiter.acquire(Demand(30'000, 0));
        Unit waiter(call(limiter, Demand(30'000, 0), journal, "waiter"));
        co_await sleep_for(1ms);
        first->settle(CallOutcome(200));
        EXPECT_EQ(limiter.stats().in_flight, 1u);  // granted, and not resumed yet
        waiter.cancel();
        co_await waiter.join();
        EXPECT_EQ(limiter.stats().in_flight, 0u);
        const Instant start = Reactor::current().now();
        co_await take(limiter, Demand(30'000, 0));
        EXPECT_EQ(since(start), 0ns);
        EXPECT_EQ(journal.text(), "");
    });
}

TEST(Limiter, ACancelledTaskIsNotAdmitted) {
    simulate([]() -> Task<void> {
        Limiter limiter(exact());
        Journal journal;
        Unit late([](Limiter& gate, Journal& log) -> Task<void> {
            co_await sleep_for(1ms);
            co_await call(gate, Demand(1, 1), log, "late");
        }(limiter, journal));
        co_await yield();
        late.cancel();
        co_await late.join();
        EXPECT_EQ(journal.text(), "");
        EXPECT_EQ(limiter.stats().in_flight, 0u);
    });
}

/// What has been admitted never exceeds what the bucket has had, whoever is cancelled when.
class Ledger {
public:
    explicit Ledger(double limit) : limit_(limit), start_(Reactor::current().now()) {}
    void admitted(const Demand& demand) {
        spent_ += static_cast<double>(demand.input_tokens);
        EXPECT_LE(spent_, limit_ * (1 + to_seconds(since(start_)) / 60) + 1e-3);
        ++count;
    }
    int count = 0;

private:
    double limit_;
    Instant start_;
    double spent_ = 0;
};

Task<void> wander(Limiter& limiter, Ledger& ledger) {
    Random& random = Reactor::current().random();
    co_await sleep_for(std::chrono::milliseconds(random.below(3000)));
    const Demand demand(static_cast<std::int64_t>(1 + random.below(300)), 0,
                        static_cast<Priority>(random.below(3)));
    Result<CallPermit> permit = co_await limiter.acquire(demand);
    ledger.admitted(demand);
    co_await sleep_for(std::chrono::milliseconds(random.below(200)));
    if (random.below(4) == 0) co_return;
    permit->settle(CallOutcome(200));
}

Task<void> wander_for_a_while(Limiter& limiter, Ledger& ledger) {
    const auto limit = std::chrono::milliseconds(1 + Reactor::current().random().below(20'000));
    const Result<void> done = co_await timeout(limit, wander(limiter, ledger));
    static_cast<void>(done);
}

TEST(Limiter, HoldsWhateverIsCancelledWhen) {
    const Result<void> all = simulate_seeds(200, Simulation().shuffle(), []() -> Task<void> {
        Limiter limiter(exact().input_tokens_per_minute(1'000).concurrency(1, 3));
        Ledger ledger(1'000);
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 40; ++i)
                group.spawn(wander_for_a_while(limiter, ledger));
            co_return;
        });
        EXPECT_GT(ledger.count, 0);
        EXPECT_EQ(limiter.stats().waiting, 0u);
        EXPECT_EQ(limiter.stats().in_flight, 0u);
        // The queue is right: the next one is served, in time.
        const Result<void> done = co_await timeout(61s, take(limiter, Demand(1'000, 0)));
        EXPECT_TRUE(done);
    });
    EXPECT_TRUE(all) << all.error().message();
}

}  // namespace
