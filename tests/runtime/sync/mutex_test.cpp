// SPDX-License-Identifier: MIT
#include <weir/runtime/sync/mutex.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<MutexLock>);
static_assert(!std::is_copy_constructible_v<MutexLock>);
static_assert(sizeof(Mutex) <= 32);

Task<void> hold(Mutex& mutex, Journal& journal, std::string name, Duration span) {
    const MutexLock lock = co_await mutex.lock();
    journal.note(name);
    co_await sleep_for(span);
    journal.note("end-of-" + name);
}

TEST(Mutex, AFreeOneIsLockedWithoutWaiting) {
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit other(hold(mutex, journal, "other", 1ms));
        {
            const MutexLock lock = co_await mutex.lock();
            EXPECT_TRUE(lock.is_held());
            EXPECT_TRUE(mutex.is_locked());
            journal.note("locked");
        }
        EXPECT_FALSE(mutex.is_locked());
        co_await other.join();
    });
    EXPECT_EQ(journal.text(), "locked other end-of-other");
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Mutex, LetsOneInAtATimeInTheOrderOfTheirComing) {
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit a(hold(mutex, journal, "a", 3ms));
        Unit b(hold(mutex, journal, "b", 2ms));
        Unit c(hold(mutex, journal, "c", 1ms));
        co_await c.join();
        co_await a.join();
        co_await b.join();
    });
    EXPECT_EQ(journal.text(), "a end-of-a b end-of-b c end-of-c");
}

TEST(Mutex, TryLockTakesOnlyAFreeOne) {
    Mutex mutex;
    std::optional<MutexLock> lock = mutex.try_lock();
    EXPECT_TRUE(lock.has_value());
    EXPECT_TRUE(lock->is_held());
    EXPECT_FALSE(mutex.try_lock().has_value());
    lock.reset();
    EXPECT_TRUE(mutex.try_lock().has_value());
}

TEST(Mutex, TryLockDoesNotOvertakeAWaiterThatWasServed) {
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        MutexLock lock = co_await mutex.lock();
        Unit waiter(hold(mutex, journal, "waiter", 1ms));
        co_await yield();
        lock.unlock();
        EXPECT_TRUE(mutex.is_locked());  // it is the waiter's, though that has not run yet
        EXPECT_FALSE(mutex.try_lock().has_value());
        co_await waiter.join();
    });
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Mutex, CancelledWaiterGivesTurnToNext) {
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        MutexLock lock = co_await mutex.lock();
        Unit first(hold(mutex, journal, "first", 1ms));
        Unit second(hold(mutex, journal, "second", 1ms));
        co_await yield();
        first.cancel();
        lock.unlock();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second end-of-second");
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Mutex, LockGrantedInTheTurnOfTheCancellationIsPassedOn) {
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        MutexLock lock = co_await mutex.lock();
        Unit first(hold(mutex, journal, "first", 1ms));
        Unit second(hold(mutex, journal, "second", 1ms));
        co_await yield();
        lock.unlock();
        first.cancel();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second end-of-second");
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Mutex, CancelledHolderUnlocks) {
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit holder(hold(mutex, journal, "holder", 1h));
        co_await yield();
        EXPECT_TRUE(mutex.is_locked());
        holder.cancel();
        const MutexLock lock = co_await mutex.lock();
        EXPECT_TRUE(holder.was_unwound());
    });
    EXPECT_EQ(journal.text(), "holder");
}

TEST(Mutex, ALoopOverAFreeOneDoesNotStarveOthers) {
    Mutex mutex;
    int passes = 0;
    int passes_before_other = 0;
    simulate([&]() -> Task<void> {
        const auto note = [&]() -> Task<void> {
            passes_before_other = passes;
            co_return;
        };
        Unit other(note());
        for (; passes < 10'000; ++passes) {
            const MutexLock lock = co_await mutex.lock();
        }
        co_await other.join();
    });
    EXPECT_GT(passes_before_other, 0);
    EXPECT_LE(passes_before_other, 128);
}

TEST(MutexLock, UnlocksOnceWhenMovedOrUnlockedEarly) {
    Mutex left;
    Mutex right;
    simulate([&]() -> Task<void> {
        MutexLock first = co_await left.lock();
        MutexLock second = co_await right.lock();
        first = std::move(second);  // unlocks the left one
        EXPECT_FALSE(left.is_locked());
        EXPECT_TRUE(right.is_locked());
        first.unlock();
        first.unlock();
        EXPECT_FALSE(first.is_held());
        EXPECT_FALSE(right.is_locked());
        const MutexLock again = co_await right.lock();
        EXPECT_TRUE(again.is_held());
    });
    EXPECT_FALSE(right.is_locked());
}

TEST(Mutex, MustOutliveItsLock) {
    const auto misuse = []() {
        std::optional<Mutex> mutex(std::in_place);
        const std::optional<MutexLock> lock = mutex->try_lock();
        mutex.reset();
    };
    EXPECT_DEATH(misuse(), "must outlive its locks");
}

}  // namespace
