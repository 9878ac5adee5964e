// SPDX-License-Identifier: MIT
//
// What a cancellation does to groups and gathers: who asks whom, in what order, and who is told.
#include <gtest/gtest.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<void> sleeper(Journal& journal, std::string name, Duration span) {
    const Mark local(journal, std::move(name));
    co_await sleep_for(span);
    journal.note("woke");
}

Task<void> fail_after(Duration span, std::string what) {
    co_await sleep_for(span);
    throw std::runtime_error(what);
}

enum class Then { wait, give, fail };

Task<void> cancel_own_group(TaskGroup& group, Journal& journal, Then then) {
    const Mark local(journal, "canceller");
    group.cancel();
    journal.note("asked");
    if (then == Then::fail) throw std::runtime_error("after cancel");
    if (then == Then::give) co_return;
    co_await sleep_for(1ms);
    journal.note("never");
}

// Runs a group one child of which cancels it, and gives what with_group() threw.
std::string group_cancelled_by_a_child(Journal& journal, Then then) {
    std::string failure;
    simulate([&]() -> Task<void> {
        try {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(sleeper(journal, "elder", 9ms));
                group.spawn(cancel_own_group(group, journal, then));
                group.spawn(sleeper(journal, "unborn", 9ms));
                co_return;
            });
        } catch (const std::exception& error) {
            failure = error.what();
        }
        journal.note("joined");
    });
    return failure;
}

TEST(GroupCancellation, AChildThatCancelsItsGroupStopsAtItsNextWait) {
    Journal journal;
    EXPECT_EQ(group_cancelled_by_a_child(journal, Then::wait), "");
    EXPECT_FALSE(journal.has("never"));
    EXPECT_FALSE(journal.has("woke"));
    EXPECT_FALSE(journal.has("~unborn"));  // had not begun, so it has no local
    EXPECT_TRUE(journal.has("~elder"));
    EXPECT_TRUE(journal.text().ends_with("joined"));
}

TEST(GroupCancellation, AChildThatReturnsAfterCancellingHasFinished) {
    Journal journal;
    EXPECT_EQ(group_cancelled_by_a_child(journal, Then::give), "");
    EXPECT_FALSE(journal.has("woke"));
    EXPECT_TRUE(journal.text().ends_with("joined"));
}

TEST(GroupCancellation, AnErrorAfterCancellingCounts) {
    Journal journal;
    EXPECT_EQ(group_cancelled_by_a_child(journal, Then::fail), "after cancel");
    EXPECT_TRUE(journal.text().ends_with("joined"));
}

TEST(GroupCancellation, AChildOfACancelledGroupNeverRuns) {
    Journal journal;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.cancel();
            EXPECT_TRUE(group.is_cancelled());
            group.spawn(sleeper(journal, "late", 1ms));
            EXPECT_EQ(group.live(), 2u);
            co_return;
        });
    });
    EXPECT_EQ(journal.text(), "");
}

TEST(GroupCancellation, FromOutsideReachesTheBodyAndAllChildren) {
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit unit([](Journal& log) -> Task<void> {
            const Mark around(log, "around");
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                const Mark body(log, "body");
                group.spawn(sleeper(log, "child", 1h));
                co_await sleep_for(1h);
            });
            log.note("never");
        }(journal));
        co_await yield_times(3);
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
    EXPECT_TRUE(journal.has("~body"));
    EXPECT_TRUE(journal.has("~child"));
    EXPECT_FALSE(journal.has("never"));
    EXPECT_TRUE(journal.text().ends_with("~around"));
}

TEST(GroupCancellation, FromOutsideWhileTheGroupIsCancellingUnwindsTheCaller) {
    Journal journal;
    TaskGroup* inside = nullptr;
    simulate([&]() -> Task<void> {
        Unit unit([](Journal& log, TaskGroup*& place) -> Task<void> {
            const Mark around(log, "around");
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                place = &group;
                TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
                group.spawn(sleeper(log, "child", 1h));
                static_cast<void>(co_await listener.accept());
            });
            log.note("never");
        }(journal, inside));
        co_await yield_times(3);
        inside->cancel();
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
    EXPECT_EQ(journal.text(), "~child ~around");
}

TEST(GroupCancellation, AGroupThatCancelsItselfDoesNotCancelItsCaller) {
    bool went_on = false;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.cancel();
            co_await sleep_for(1h);
        });
        co_await sleep_for(1ms);
        went_on = true;
    });
    EXPECT_TRUE(went_on);
}

TEST(GroupCancellation, ABodyThatThrowsTakesItsChildrenAlong) {
    Journal journal;
    simulate([&]() -> Task<void> {
        try {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                const Mark body(journal, "body");
                group.spawn(sleeper(journal, "child", 1h));
                co_await sleep_for(2ms);
                throw std::runtime_error("from the body");
            });
        } catch (const std::exception& error) {
            journal.note(error.what());
        }
    });
    EXPECT_EQ(journal.text(), "~body ~child from the body");
}

TEST(GroupCancellation, TheFirstOfTwoFailuresInOneTurnWins) {
    std::string failure;
    simulate([&]() -> Task<void> {
        try {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(fail_after(2ms, "one"));
                group.spawn(fail_after(2ms, "two"));
                co_return;
            });
        } catch (const std::exception& error) {
            failure = error.what();
        }
    });
    EXPECT_EQ(failure, "one");
}

// --- gather ------------------------------------------------------------------------------------

Task<int> value_after(Duration span, int value) {
    if (span > Duration::zero()) co_await sleep_for(span);
    co_return int(value);
}

Task<int> permit_then_value(Semaphore& semaphore) {
    const Permit permit = co_await semaphore.acquire();
    co_return 1;
}

Task<int> accept_then_value() {
    TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
    static_cast<void>(co_await listener.accept());
    co_return 1;
}

Task<int> throw_after(Duration span, std::string what) {
    co_await sleep_for(span);
    throw std::runtime_error(what);
}

// A gather whose children are in every state at once: done, sleeping, queued, in flight, nested.
Task<int> mixed(Semaphore& semaphore, bool fails) {
    std::vector<Task<int>> nested;
    nested.push_back(value_after(60ms, 1));
    nested.push_back(accept_then_value());
    std::vector<Task<int>> tasks;
    tasks.push_back(value_after(0ms, 1));
    tasks.push_back(value_after(50ms, 2));
    tasks.push_back(accept_then_value());
    tasks.push_back(permit_then_value(semaphore));
    tasks.push_back([](std::vector<Task<int>> inside) -> Task<int> {
        const std::vector<int> values = co_await gather(std::move(inside));
        co_return static_cast<int>(values.size());
    }(std::move(nested)));
    if (fails) {
        tasks.push_back(throw_after(2ms, "first"));
        tasks.push_back(throw_after(2ms, "second"));
    }
    tasks.push_back(value_after(0ms, 3));
    const std::vector<int> values = co_await gather(std::move(tasks));
    co_return static_cast<int>(values.size());
}

TEST(GatherCancellation, EndsAllChildrenWhateverTheyWaitFor) {
    for (int turns = 0; turns < 12; ++turns) {
        SCOPED_TRACE("cancelled after " + std::to_string(turns) + " turns");
        Semaphore semaphore(0);
        simulate([&]() -> Task<void> {
            Unit unit([](Semaphore& queue) -> Task<void> {
                static_cast<void>(co_await mixed(queue, false));
            }(semaphore));
            co_await yield_times(turns);
            unit.cancel();
            co_await unit.join();
            EXPECT_TRUE(unit.was_unwound());
            EXPECT_EQ(Reactor::current().timers_armed(), 0u);
        });
    }
}

TEST(GatherCancellation, TheFirstFailureCancelsTheOthersAndWins) {
    Semaphore semaphore(0);
    simulate([&]() -> Task<void> {
        Unit unit([](Semaphore& queue) -> Task<void> {
            static_cast<void>(co_await mixed(queue, true));
        }(semaphore));
        co_await unit.join();
        EXPECT_FALSE(unit.was_unwound());
        EXPECT_EQ(unit.failure(), "first");
    });
}

}  // namespace
