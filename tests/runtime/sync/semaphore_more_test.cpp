// SPDX-License-Identifier: MIT
//
// What came to the semaphore later: trying, a bound, and what happens at its edges.
#include <gtest/gtest.h>
#include <weir/runtime/sync/semaphore.h>

#include <optional>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;

namespace {

static_assert(sizeof(Semaphore) <= 32);

Task<void> take_turn(Semaphore& semaphore, Journal& journal, std::string name) {
    const Permit permit = co_await semaphore.acquire();
    journal.note(name);
}

TEST(Semaphore, TryAcquireTakesOnlyAFreePermit) {
    Semaphore semaphore(1);
    std::optional<Permit> first = semaphore.try_acquire();
    EXPECT_TRUE(first.has_value());
    EXPECT_EQ(semaphore.available(), 0u);
    EXPECT_FALSE(semaphore.try_acquire().has_value());
    first.reset();
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Semaphore, TryAcquireDoesNotOvertakeAWaiterThatWasServed) {
    Semaphore semaphore(0);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit waiter(take_turn(semaphore, journal, "waiter"));
        co_await yield();
        semaphore.release();
        EXPECT_FALSE(semaphore.try_acquire().has_value());
        co_await waiter.join();
    });
    EXPECT_EQ(journal.text(), "waiter");
}

TEST(Semaphore, ReleaseWithNobodyWaitingAddsAPermit) {
    Semaphore semaphore(0);
    semaphore.release();
    semaphore.release();
    EXPECT_EQ(semaphore.available(), 2u);
}

TEST(Semaphore, ReleaseBeyondItsBoundAborts) {
    Semaphore semaphore(1, 2);
    semaphore.release();
    EXPECT_DEATH(semaphore.release(), "more permits were released than there are");
}

TEST(Semaphore, ReleaseByHandOfAPermitThatGivesItselfBackAborts) {
    const auto misuse = []() {
        Semaphore semaphore(1, 1);
        const std::optional<Permit> permit = semaphore.try_acquire();
        semaphore.release();
    };
    EXPECT_DEATH(misuse(), "a Permit gives itself back");
}

TEST(Semaphore, BeginsWithinItsBound) {
    EXPECT_DEATH(Semaphore(2, 1), "begins within its bound");
}

TEST(Semaphore, CancelledWaiterGivesTurnToNext) {
    Semaphore semaphore(1, 1);
    Journal journal;
    simulate([&]() -> Task<void> {
        Permit permit = co_await semaphore.acquire();
        Unit first(take_turn(semaphore, journal, "first"));
        Unit second(take_turn(semaphore, journal, "second"));
        co_await yield();
        first.cancel();
        permit.release();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second");
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Semaphore, PermitGrantedInTheTurnOfTheCancellationIsPassedOn) {
    Semaphore semaphore(1, 1);
    Journal journal;
    simulate([&]() -> Task<void> {
        Permit permit = co_await semaphore.acquire();
        Unit first(take_turn(semaphore, journal, "first"));
        Unit second(take_turn(semaphore, journal, "second"));
        co_await yield();
        permit.release();  // to the first, which does not run any more
        first.cancel();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second");
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Semaphore, ALoopOverAFreeOneDoesNotStarveOthers) {
    Semaphore semaphore(1);
    int passes = 0;
    int passes_before_other = 0;
    simulate([&]() -> Task<void> {
        const auto note = [&]() -> Task<void> {
            passes_before_other = passes;
            co_return;
        };
        Unit other(note());
        for (; passes < 10'000; ++passes) {
            const Permit permit = co_await semaphore.acquire();
        }
        co_await other.join();
    });
    EXPECT_GT(passes_before_other, 0);
    EXPECT_LE(passes_before_other, 128);
}

TEST(Semaphore, MustOutliveThoseWhoWait) {
    const auto misuse = []() -> Task<void> {
        std::optional<Semaphore> semaphore(std::in_place, 0u);
        Journal journal;
        Unit waiter(take_turn(*semaphore, journal, "waiter"));
        co_await yield();
        semaphore.reset();
    };
    EXPECT_DEATH(run_simulated(misuse()), "must outlive the tasks that wait");
}

}  // namespace
