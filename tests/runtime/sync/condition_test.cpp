// SPDX-License-Identifier: MIT
#include <weir/runtime/sync/condition.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<void> await_notice(Condition& condition, Journal& journal, std::string name) {
    co_await condition.wait();
    journal.note(name);
}

// Holds the lock for a turn after the wait, so that what comes too early would show.
Task<void> await_locked(Condition& condition, Mutex& mutex, Journal& journal, std::string name) {
    MutexLock lock = co_await mutex.lock();
    co_await condition.wait(lock);
    EXPECT_TRUE(lock.is_held());
    EXPECT_TRUE(mutex.is_locked());
    journal.note(name);
    co_await yield();
    journal.note("end-of-" + name);
}

TEST(Condition, NotifyOneWakesTheOneThatHasWaitedLongest) {
    Condition condition;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit a(await_notice(condition, journal, "a"));
        Unit b(await_notice(condition, journal, "b"));
        Unit c(await_notice(condition, journal, "c"));
        co_await yield();
        condition.notify_one();
        co_await yield_times(3);
        EXPECT_EQ(journal.text(), "a");
        condition.notify_one();
        condition.notify_one();
        co_await c.join();
    });
    EXPECT_EQ(journal.text(), "a b c");
}

TEST(Condition, NotifyAllWakesAllWhoWaitNowInOrder) {
    Condition condition;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit a(await_notice(condition, journal, "a"));
        Unit b(await_notice(condition, journal, "b"));
        co_await yield();
        condition.notify_all();
        Unit late(await_notice(condition, journal, "late"));
        co_await yield_times(3);
        EXPECT_EQ(journal.text(), "a b");
        late.cancel();
        co_await late.join();
    });
}

TEST(Condition, ANotificationWithNobodyWaitingIsForgotten) {
    Condition condition;
    Journal journal;
    simulate([&]() -> Task<void> {
        condition.notify_one();
        condition.notify_all();
        Unit waiter(await_notice(condition, journal, "waiter"));
        co_await yield_times(3);
        EXPECT_FALSE(waiter.has_ended());
        waiter.cancel();
        co_await waiter.join();
    });
    EXPECT_EQ(journal.text(), "");
}

TEST(Condition, WaitUnlocksAndLocksAgain) {
    Condition condition;
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit waiter(await_locked(condition, mutex, journal, "waiter"));
        co_await yield();
        EXPECT_FALSE(mutex.is_locked());
        {
            const MutexLock lock = co_await mutex.lock();
            condition.notify_one();
            co_await yield_times(3);
            journal.note("unlock");
        }
        co_await waiter.join();
    });
    EXPECT_EQ(journal.text(), "unlock waiter end-of-waiter");
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Condition, ThoseWhoAreNotifiedQueueForTheMutexBehindThoseWhoDoAlready) {
    Condition condition;
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit a(await_locked(condition, mutex, journal, "a"));
        Unit b(await_locked(condition, mutex, journal, "b"));
        co_await yield();
        MutexLock lock = co_await mutex.lock();
        const auto lock_once = [&]() -> Task<void> {
            const MutexLock own = co_await mutex.lock();
            journal.note("locker");
            co_await yield();
        };
        Unit locker(lock_once());
        co_await yield();
        condition.notify_all();
        lock.unlock();
        co_await b.join();
        co_await a.join();
    });
    EXPECT_EQ(journal.text(), "locker a end-of-a b end-of-b");
}

TEST(Condition, CancelledWaiterLeavesTheQueue) {
    Condition condition;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(await_notice(condition, journal, "first"));
        Unit second(await_notice(condition, journal, "second"));
        co_await yield();
        first.cancel();
        condition.notify_one();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second");
}

TEST(Condition, NotificationOfOneThatIsCancelledBeforeItRunsPassesOn) {
    Condition condition;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(await_notice(condition, journal, "first"));
        Unit second(await_notice(condition, journal, "second"));
        Unit third(await_notice(condition, journal, "third"));
        Unit fourth(await_notice(condition, journal, "fourth"));
        co_await yield();
        condition.notify_one();
        first.cancel();
        co_await yield();  // the second has the claim now
        second.cancel();
        co_await third.join();
        EXPECT_TRUE(first.was_unwound());
        EXPECT_TRUE(second.was_unwound());
        EXPECT_FALSE(fourth.has_ended());  // one notification wakes one
        fourth.cancel();
        co_await fourth.join();
    });
    EXPECT_EQ(journal.text(), "third");
}

TEST(Condition, NotificationOfOneThatIsCancelledInTheQueueOfTheMutexPassesOn) {
    Condition condition;
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(await_locked(condition, mutex, journal, "first"));
        Unit second(await_locked(condition, mutex, journal, "second"));
        co_await yield();
        MutexLock lock = co_await mutex.lock();
        condition.notify_one();
        co_await yield();  // the first waits for the mutex
        first.cancel();
        co_await yield();
        EXPECT_TRUE(first.was_unwound());
        lock.unlock();
        co_await second.join();
    });
    EXPECT_EQ(journal.text(), "second end-of-second");
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Condition, NotificationAndLockOfOneThatIsCancelledWithBothPassOn) {
    Condition condition;
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(await_locked(condition, mutex, journal, "first"));
        Unit second(await_locked(condition, mutex, journal, "second"));
        co_await yield();
        condition.notify_one();  // the mutex is free: the first has it now
        EXPECT_TRUE(mutex.is_locked());
        first.cancel();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second end-of-second");
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Condition, NotificationToAllIsNotPassedOn) {
    Condition condition;
    Mutex mutex;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(await_locked(condition, mutex, journal, "first"));
        co_await yield();
        const MutexLock lock = co_await mutex.lock();
        condition.notify_all();  // the first waits for the mutex now
        Unit late(await_notice(condition, journal, "late"));
        co_await yield();
        first.cancel();
        co_await yield_times(3);
        EXPECT_TRUE(first.was_unwound());
        EXPECT_FALSE(late.has_ended());
        late.cancel();
        co_await late.join();
    });
    EXPECT_EQ(journal.text(), "");
}

TEST(Condition, CancelledInItsWaitTheTaskDoesNotHoldTheLock) {
    Condition condition;
    Mutex mutex;
    bool was_held_at_end = true;
    simulate([&]() -> Task<void> {
        const auto wait = [&]() -> Task<void> {
            class Look {
            public:
                Look(MutexLock& lock, bool& held) : lock_(lock), held_(held) {}
                ~Look() { held_ = lock_.is_held(); }

            private:
                MutexLock& lock_;
                bool& held_;
            };
            MutexLock lock = co_await mutex.lock();
            const Look look(lock, was_held_at_end);
            co_await condition.wait(lock);
        };
        Unit waiter(wait());
        co_await yield();
        const MutexLock lock = co_await mutex.lock();
        waiter.cancel();
        co_await waiter.join();
        EXPECT_TRUE(waiter.was_unwound());
        EXPECT_TRUE(mutex.is_locked());  // by us: the end of the other did not unlock it
    });
    EXPECT_FALSE(was_held_at_end);
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Condition, WaitsUntilAPredicateHolds) {
    Condition condition;
    Mutex mutex;
    int value = 0;
    bool was_wrong = false;
    simulate([&]() -> Task<void> {
        const auto wait_for_three = [&]() -> Task<void> {
            MutexLock lock = co_await mutex.lock();
            co_await condition.wait(lock, [&] { return value >= 3; });
            was_wrong = !lock.is_held() || value != 3;
            co_await condition.wait(lock, [&] { return value >= 2; });  // does not wait
        };
        Unit waiter(wait_for_three());
        for (int i = 1; i <= 3; ++i) {
            co_await sleep_for(1ms);
            EXPECT_FALSE(waiter.has_ended());
            const MutexLock lock = co_await mutex.lock();
            value = i;
            condition.notify_all();
        }
        co_await waiter.join();
    });
    EXPECT_FALSE(was_wrong);
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Condition, ThePredicatesWaitPassesItsNotificationOnToo) {
    Condition condition;
    Mutex mutex;
    bool is_open = false;
    int entered = 0;
    simulate([&]() -> Task<void> {
        const auto enter = [&]() -> Task<void> {
            MutexLock lock = co_await mutex.lock();
            co_await condition.wait(lock, [&] { return is_open; });
            ++entered;
        };
        Unit first(enter());
        Unit second(enter());
        co_await yield_times(3);
        is_open = true;
        condition.notify_one();
        first.cancel();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(entered, 1);
    EXPECT_FALSE(mutex.is_locked());
}

TEST(Condition, WaitNeedsALockThatIsHeld) {
    const auto misuse = []() -> Task<void> {
        Condition condition;
        Mutex mutex;
        MutexLock lock = co_await mutex.lock();
        lock.unlock();
        co_await condition.wait(lock);
    };
    EXPECT_DEATH(run_simulated(misuse()), "needs a lock that is held");
}

TEST(Condition, MustOutliveThoseWhoWait) {
    const auto misuse = [](bool is_notified) -> Task<void> {
        std::optional<Condition> condition(std::in_place);
        Journal journal;
        Unit waiter(await_notice(*condition, journal, "waiter"));
        co_await yield();
        if (is_notified) condition->notify_one();
        condition.reset();
    };
    EXPECT_DEATH(run_simulated(misuse(false)), "must outlive the tasks that wait");
    EXPECT_DEATH(run_simulated(misuse(true)), "must outlive the tasks that wait");
}

}  // namespace
