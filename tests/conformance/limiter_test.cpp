// SPDX-License-Identifier: MIT
//
// One limiter that several loops use at once: the sum of what they send stays within its limits,
// waiters are woken on their own loops, and those that are cancelled in the middle leave nothing.
#include <gtest/gtest.h>
#include <weir/llm/limiter.h>
#include <weir/runtime/reactor_group.h>
#include <weir/runtime/task_group.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::llm;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class LimiterConformance : public Conformance {
protected:
    static ReactorGroup make_group(std::size_t count) {
        return ReactorGroup::make(ReactorGroupOptions().reactors(count).reactor(options())).value();
    }
};
INSTANTIATE_TEST_SUITE_P(AllBackends, LimiterConformance,
                         testing::Values(BackendKind::uring, BackendKind::epoll), backend_name);

constexpr std::size_t kLoops = 3;

/// What tasks on all loops look at.
class Shared {
public:
    explicit Shared(const LimiterOptions& options) : limiter(options) {}

    Limiter limiter;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    std::atomic<std::int64_t> tokens = 0;
    std::atomic<int> inside = 0;
    std::atomic<int> calls = 0;
};

/// Runs `make(shared)` on each loop, and waits for all.
template <typename Make>
void run_on_all(Shared& shared, const ReactorGroup& group, Make make) {
    const auto factory = [&shared, make] {
        return make(shared);
    };
    run(
        [](const ReactorGroup& loops, auto task_of_loop) -> Task<void> {
            co_await with_group([&](TaskGroup& tasks) -> Task<void> {
                for (std::size_t i = 0; i < loops.size(); ++i) {
                    tasks.spawn([](const ReactorGroup& where, std::size_t number,
                                   auto there) -> Task<void> {
                        const auto done = co_await where.run_on(number, there);
                        EXPECT_TRUE(done);
                    }(loops, i, task_of_loop));
                }
                co_return;
            });
        }(group, factory),
        ReactorOptions());
}

constexpr std::int64_t kTokensEach = 50;
constexpr std::int64_t kLimit = 600'000;  // ten in a millisecond

Task<void> empty_the_bucket(Shared& shared) {
    Result<CallPermit> permit = co_await shared.limiter.acquire(Demand(kLimit, 0));
    shared.tokens += kLimit;
    permit.value().settle(CallOutcome(200));
}

Task<void> take_tokens(Shared& shared) {
    for (int i = 0; i < 4; ++i) {
        Result<CallPermit> permit = co_await shared.limiter.acquire(Demand(kTokensEach, 0));
        const std::int64_t sum = shared.tokens.fetch_add(kTokensEach) + kTokensEach;
        const Duration passed = std::chrono::steady_clock::now() - shared.start;
        EXPECT_LE(static_cast<double>(sum),
                  static_cast<double>(kLimit) * (1 + to_seconds(passed) / 60));
        permit.value().settle(CallOutcome(200));
    }
}

Task<void> take_with_many(Shared& shared) {
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < 20; ++i)
            group.spawn(take_tokens(shared));
        co_return;
    });
}

TEST_P(LimiterConformance, TheSumOfAllLoopsStaysWithinTheLimit) {
    const ReactorGroup group = make_group(kLoops);
    Shared shared(
        LimiterOptions().headroom(0).input_tokens_per_minute(kLimit).concurrency_start(256));
    EXPECT_TRUE(group.run(0, [&shared] { return empty_the_bucket(shared); }));
    run_on_all(shared, group, take_with_many);
    EXPECT_EQ(shared.tokens, kLimit + kTokensEach * 4 * 20 * static_cast<std::int64_t>(kLoops));
    EXPECT_EQ(shared.limiter.stats().in_flight, 0u);
    EXPECT_EQ(shared.limiter.stats().waiting, 0u);
    // All had to wait for the tokens that they took: none was let in early, and none forgotten.
    const Duration passed = std::chrono::steady_clock::now() - shared.start;
    EXPECT_GE(passed, 1150ms);
}

constexpr int kInside = 2;

/// Declared after a permit: gone before it.
class Inside {
public:
    explicit Inside(Shared& shared) : shared_(shared) {
        ++shared_.calls;
        EXPECT_LE(++shared_.inside, kInside);
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() { --shared_.inside; }

private:
    Shared& shared_;
};

Task<void> enter(Shared& shared) {
    Random& random = Reactor::current().random();
    for (int i = 0; i < 10; ++i) {
        const auto priority = static_cast<Priority>(random.below(3));
        Result<CallPermit> permit = co_await shared.limiter.acquire(Demand(1, 1, priority));
        {
            const Inside inside(shared);
            if (random.below(2) == 0) co_await yield();
        }
        if (random.below(2) == 0) permit->settle(CallOutcome(200));
    }
}

/// Leaves at a random moment, in which it is in the queue, woken from afar, or inside.
Task<void> enter_for_a_while(Shared& shared) {
    const auto limit = std::chrono::milliseconds(1 + Reactor::current().random().below(10));
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        Child<void> child = group.start([](Shared& all) -> Task<void> {
            Result<CallPermit> permit = co_await all.limiter.acquire(Demand(1, 1));
            const Inside inside(all);
            co_await sleep_for(1ms);
        }(shared));
        co_await sleep_for(limit);
        child.cancel();
    });
}

Task<void> enter_with_many(Shared& shared) {
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < 20; ++i) {
            group.spawn(enter(shared));
            group.spawn(enter_for_a_while(shared));
        }
        co_return;
    });
}

TEST_P(LimiterConformance, NoPlaceIsLostWhoeverIsCancelledWhere) {
    const ReactorGroup group = make_group(kLoops);
    Shared shared(LimiterOptions().concurrency(kInside, kInside));
    run_on_all(shared, group, enter_with_many);
    EXPECT_GE(shared.calls, 10 * 20 * static_cast<int>(kLoops));
    EXPECT_EQ(shared.limiter.stats().in_flight, 0u);
    EXPECT_EQ(shared.limiter.stats().waiting, 0u);
}

TEST_P(LimiterConformance, AWaiterIsWokenByAnotherLoop) {
    const ReactorGroup group = make_group(1);
    Shared shared(LimiterOptions().concurrency(1, 1));
    run_here([&]() -> Task<void> {
        Result<CallPermit> permit = co_await shared.limiter.acquire(Demand(1, 1));
        const auto there = [&shared]() -> Task<Result<CallPermit>> {
            return shared.limiter.acquire(Demand(1, 1));
        };
        co_await with_group([&](TaskGroup& tasks) -> Task<void> {
            tasks.spawn([](const ReactorGroup& loops, auto factory, Shared& all) -> Task<void> {
                Result<CallPermit> other = co_await loops.run_on(0, factory);
                ++all.calls;
                other.value().settle(CallOutcome(200));
            }(group, there, shared));
            while (shared.limiter.stats().waiting == 0)
                co_await sleep_for(1ms);
            EXPECT_EQ(shared.calls, 0);
            permit->settle(CallOutcome(200));
        });
        EXPECT_EQ(shared.calls, 1);
    });
}

/// Is cancelled when it has been let in by another loop, before this one has heard of it: the loop
/// is kept busy meanwhile.
Task<void> cancel_on_the_way(Shared& shared) {
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        Child<void> child = group.start(take_tokens(shared));
        while (shared.limiter.stats().waiting == 0)
            co_await yield();
        ++shared.inside;
        while (shared.inside < 2)
            std::this_thread::yield();
        child.cancel();
    });
    co_await sleep_for(1ms);  // what was posted arrives
}

TEST_P(LimiterConformance, APlaceThatIsGrantedFromAfarToACancelledCallIsNotLost) {
    const ReactorGroup group = make_group(1);
    Shared shared(LimiterOptions().concurrency(1, 1));
    run_here([&]() -> Task<void> {
        Result<CallPermit> permit = co_await shared.limiter.acquire(Demand(1, 1));
        co_await with_group([&](TaskGroup& tasks) -> Task<void> {
            tasks.spawn([](const ReactorGroup& loops, Shared& all) -> Task<void> {
                const auto factory = [&all] {
                    return cancel_on_the_way(all);
                };
                const auto done = co_await loops.run_on(0, factory);
                EXPECT_TRUE(done);
            }(group, shared));
            while (shared.inside == 0)
                co_await sleep_for(1ms);
            permit->settle(CallOutcome(200));
            EXPECT_EQ(shared.limiter.stats().in_flight, 1u);
            ++shared.inside;
        });
        EXPECT_EQ(shared.tokens, 0);
        EXPECT_EQ(shared.limiter.stats().in_flight, 0u);
    });
}

}  // namespace
