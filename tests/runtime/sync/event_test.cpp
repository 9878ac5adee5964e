// SPDX-License-Identifier: MIT
#include <weir/runtime/sync/event.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;

namespace {

Task<void> await_event(Event& event, Journal& journal, std::string name) {
    co_await event.wait();
    journal.note(name);
}

TEST(Event, OneThatIsSetIsPassedWithoutWaiting) {
    Event event;
    Journal journal;
    EXPECT_FALSE(event.is_set());
    event.set();
    event.set();
    EXPECT_TRUE(event.is_set());
    simulate([&]() -> Task<void> {
        Unit other(await_event(event, journal, "other"));
        co_await event.wait();
        journal.note("passed");
        co_await other.join();
    });
    EXPECT_EQ(journal.text(), "passed other");
}

TEST(Event, SetWakesAllInTheOrderOfTheirComing) {
    Event event;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit a(await_event(event, journal, "a"));
        Unit b(await_event(event, journal, "b"));
        Unit c(await_event(event, journal, "c"));
        co_await yield_times(3);
        EXPECT_EQ(journal.text(), "");
        event.set();
        co_await c.join();
    });
    EXPECT_EQ(journal.text(), "a b c");
}

TEST(Event, SetWakesThoseWhoWaitEvenIfItIsClearedAtOnce) {
    Event event;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit early(await_event(event, journal, "early"));
        co_await yield();
        event.set();
        event.clear();
        Unit late(await_event(event, journal, "late"));
        co_await yield_times(3);
        EXPECT_TRUE(early.has_ended());
        EXPECT_FALSE(late.has_ended());
        EXPECT_FALSE(event.is_set());
        event.set();
        co_await late.join();
    });
    EXPECT_EQ(journal.text(), "early late");
}

TEST(Event, CancelledWaiterLeavesTheQueue) {
    Event event;
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(await_event(event, journal, "first"));
        Unit second(await_event(event, journal, "second"));
        Unit third(await_event(event, journal, "third"));
        co_await yield();
        first.cancel();
        event.set();
        third.cancel();  // it was woken, and does not run all the same
        co_await third.join();
        EXPECT_TRUE(first.was_unwound());
        EXPECT_TRUE(third.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second");
}

TEST(Event, MayDieBeforeThoseItWokeHaveRun) {
    std::optional<Event> event(std::in_place);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit waiter(await_event(*event, journal, "woke"));
        co_await yield();
        event->set();
        event.reset();
        co_await waiter.join();
    });
    EXPECT_EQ(journal.text(), "woke");
}

TEST(Event, ALoopOverOneThatIsSetDoesNotStarveOthers) {
    Event event;
    event.set();
    int passes = 0;
    int passes_before_other = 0;
    simulate([&]() -> Task<void> {
        const auto note = [&]() -> Task<void> {
            passes_before_other = passes;
            co_return;
        };
        Unit other(note());
        for (; passes < 10'000; ++passes)
            co_await event.wait();
        co_await other.join();
    });
    EXPECT_GT(passes_before_other, 0);
    EXPECT_LE(passes_before_other, 128);
}

TEST(Event, MustOutliveThoseWhoWait) {
    const auto misuse = []() -> Task<void> {
        std::optional<Event> event(std::in_place);
        Journal journal;
        Unit waiter(await_event(*event, journal, "waiter"));
        co_await yield();
        event.reset();
    };
    EXPECT_DEATH(run_simulated(misuse()), "must outlive the tasks that wait");
}

}  // namespace
