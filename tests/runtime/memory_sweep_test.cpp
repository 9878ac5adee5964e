// SPDX-License-Identifier: MIT
//
// Memory that runs out, wherever it does: each allocation of each of these programs fails once, and
// also from there on. What can be told is told, by an exception or an error; nothing is left
// behind, nobody waits for ever, and the loop goes on.
#include <gtest/gtest.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/remote_run.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/channel.h>
#include <weir/runtime/sync/condition.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/sync/mutex.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_programs.h"
#include "tests/support/memory_sweep.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

// --- waiting for each other ----------------------------------------------------------------------

Task<void> hold(Semaphore& semaphore) {
    const Permit permit = co_await semaphore.acquire();
    co_await text_after(1ms);
}

Task<void> semaphores() {
    Semaphore semaphore(2);
    const auto body = [&](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < 5; ++i)
            group.spawn(hold(semaphore));
        co_return;
    };
    co_await with_group(body);
    require(semaphore.available() == 2, "a permit was lost");
}

Task<void> conditions() {
    Mutex mutex;
    Condition changed;
    Event begun;
    int value = 0;
    const auto wait = [&]() -> Task<void> {
        co_await begun.wait();
        MutexLock lock = co_await mutex.lock();
        while (value == 0)
            co_await changed.wait(lock);
        co_await text_after(1ms);
    };
    const auto body = [&](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < 3; ++i)
            group.spawn(wait());
        begun.set();
        co_await sleep_for(1ms);
        value = 1;
        changed.notify_all();
    };
    co_await with_group(body);
    require(!mutex.is_locked(), "the lock was lost");
}

template <std::size_t kCapacity>
Task<void> channels() {
    Channel<std::string> channel(kCapacity);
    int received = 0;
    const auto send = [&]() -> Task<void> {
        for (int i = 0; i < 6; ++i) {
            const Result<void> sent = co_await channel.send(std::string(kLongMessage));
            sent.value();
        }
        channel.close();
    };
    const auto receive = [&]() -> Task<void> {
        for (;;) {
            const std::optional<std::string> text = co_await channel.receive();
            if (!text) co_return;
            ++received;
            if (received % 2 == 0) co_await yield();
        }
    };
    const auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(send());
        group.spawn(receive());
        group.spawn(receive());
        co_return;
    };
    co_await with_group(body);
    require(received == 6, "a value was lost");
}

Task<void> channel_waits_are_cancelled() {
    Channel<std::string> channel(1);
    const auto send = [&]() -> Task<void> {
        for (;;) {
            const Result<void> sent = co_await channel.send(std::string(kLongMessage));
            sent.value();
        }
    };
    const auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(send());
        group.spawn(send());
        co_await sleep_for(1ms);
        const std::optional<std::string> first = co_await channel.receive();
        require(first.has_value(), "nothing was sent");
        group.cancel();
    };
    co_await with_group(body);
}

// --- other threads -------------------------------------------------------------------------------

Task<void> offloads() {
    const auto work = [] {
        return std::string(kLongMessage);
    };
    const std::string text = co_await offload(work);
    const std::string same = co_await offload_abandonable(work);
    require(text == same, "offload() gave something else");
}

Task<void> posts() {
    Event here;
    const Remote remote = Reactor::current().remote();
    const bool accepted = remote.post([&here] { here.set(); });
    require(accepted, "the loop took no post");
    co_await here.wait();
}

Task<void> runs_remotely() {
    const auto make = [] {
        return text_after(1ms);
    };
    const Result<std::string> text = co_await Reactor::current().remote().run(make);
    text.value();
}

// Depth, and frames that are too large for the pool: clang must not do without what makes them so.
[[gnu::noinline]] Task<int> calls(int depth) {
    std::array<char, 1500> large;
    large.fill(static_cast<char>(depth));
    asm volatile("" : : "r"(large.data()) : "memory");
    if (depth > 0) {
        const int below = co_await calls(depth - 1);
        asm volatile("" : : "r"(large.data()) : "memory");
        co_return below + large[0];
    }
    co_await yield();
    asm volatile("" : : "r"(large.data()) : "memory");
    co_return large[1];
}

Task<void> calls_deeply() {
    const int sum = co_await calls(8);
    require(sum == 36, "a call gave something else");
}

// --- what a task does after it was told ----------------------------------------------------------

// It catches the exception, and is cancelled before it waits again: it must not be taken for one
// that waits still.
template <typename Wait>
Task<void> ends_if_told(TaskGroup& group, Wait wait, bool& was_told) {
    try {
        co_await wait();
    } catch (const std::bad_alloc&) {
        was_told = true;
    }
    if (!was_told) co_return;
    group.cancel();
    co_await yield();
    throw std::logic_error("a cancelled task went on");
}

template <typename Wait>
Task<void> caught_and_cancelled(Wait wait) {
    bool was_told = false;
    const auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(ends_if_told(group, wait, was_told));
        co_return;
    };
    co_await with_group(body);
    if (was_told) throw std::bad_alloc();
}

Task<void> sleep_is_caught() {
    const auto wait = []() -> Task<void> {
        co_await sleep_for(1ms);
    };
    co_await caught_and_cancelled(wait);
}

Task<void> timeout_is_caught() {
    const auto wait = []() -> Task<void> {
        const Result<void> ended = co_await timeout(1s, yield_once());
        ended.value();
    };
    co_await caught_and_cancelled(wait);
}

Task<void> gather_is_caught() {
    const auto wait = []() -> Task<void> {
        std::vector<Task<std::string>> tasks;
        tasks.push_back(text_after(1ms));
        static_cast<void>(co_await gather(std::move(tasks)));
    };
    co_await caught_and_cancelled(wait);
}

Task<void> channel_is_caught() {
    const auto wait = []() -> Task<void> {
        Channel<int> channel(1);
        const Result<void> sent = co_await channel.send(1);
        sent.value();
        const std::optional<int> received = co_await channel.receive();
        require(received == 1, "a value was lost");
    };
    co_await caught_and_cancelled(wait);
}

Task<void> offload_is_caught() {
    const auto wait = []() -> Task<void> {
        const auto work = [] {
            return std::string(kLongMessage);
        };
        static_cast<void>(co_await offload(work));
    };
    co_await caught_and_cancelled(wait);
}

const auto kScenarios = testing::Values(
    Scenario("Sleeps", sleeps), Scenario("ManySleep", many_sleep),
    Scenario("SleepersAreCancelled", sleepers_are_cancelled), Scenario("Timeouts", timeouts),
    Scenario("Group", group_of_tasks), Scenario("GroupFails", group_fails),
    Scenario("Gather", gathers), Scenario("GatherSettled", gathers_settled),
    Scenario("Race", races), Scenario("AsCompleted", takes_as_completed),
    Scenario("Shield", shields), Scenario("Retry", retries).recovers(),
    Scenario("Semaphore", semaphores), Scenario("Condition", conditions),
    Scenario("ChannelOfNone", channels<0>), Scenario("ChannelOfOne", channels<1>),
    Scenario("ChannelOfMany", channels<100>),
    Scenario("ChannelCancelled", channel_waits_are_cancelled), Scenario("Offload", offloads),
    Scenario("Post", posts), Scenario("RemoteRun", runs_remotely), Scenario("Calls", calls_deeply),
    Scenario("SleepCaught", sleep_is_caught), Scenario("TimeoutCaught", timeout_is_caught),
    Scenario("GatherCaught", gather_is_caught), Scenario("ChannelCaught", channel_is_caught),
    Scenario("OffloadCaught", offload_is_caught));

class MemorySweep : public testing::TestWithParam<Scenario> {
protected:
    static ReactorOptions options() { return ReactorOptions().backend(BackendKind::simulated); }
};

TEST_P(MemorySweep, AnyOneFailureIsReportedAndLeavesNothing) {
    sweep_memory(GetParam(), Lack::once, options(), true);
}

TEST_P(MemorySweep, LastingLackIsReportedAndLeavesNothing) {
    sweep_memory(GetParam(), Lack::lasting, options(), true);
}

TEST_P(MemorySweep, LackOfFramesIsReportedAndLeavesNothing) {
#ifdef WEIR_FRAMES_FROM_MALLOC
    GTEST_SKIP() << "frames come from the heap here, as the other two show";
#else
    sweep_frames(GetParam(), options());
#endif
}

INSTANTIATE_TEST_SUITE_P(, MemorySweep, kScenarios, scenario_name);

}  // namespace
