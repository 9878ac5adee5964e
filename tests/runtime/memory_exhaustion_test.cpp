// SPDX-License-Identifier: MIT
//
// What happens where there is no memory, one place at a time; memory_sweep_test.cpp looks at all
// places at once.
#include <gtest/gtest.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/run.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/channel.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timer_wheel.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/failing_memory.h"
#include "tests/support/replaced_new.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kLongMessage = "a message that is longer than a short string may be";

// A frame that is too large for the pool. clang must not do without what makes it so.
[[gnu::noinline]] Task<int> call_with_large_frame() {
    std::array<char, 1500> large;
    large.fill(1);
    asm volatile("" : : "r"(large.data()) : "memory");
    co_await yield();
    asm volatile("" : : "r"(large.data()) : "memory");
    co_return large[7];
}

Task<void> yield_once() {
    co_await yield();
}

Task<std::string> throws_after(Duration delay) {
    co_await sleep_for(delay);
    throw std::runtime_error(kLongMessage);
}

class Alarm final : public detail::TimerCallback {
public:
    Alarm() noexcept { timer.set_target(static_cast<detail::TimerCallback&>(*this)); }
    void on_timer() noexcept override { in_time = now >= due && now - due <= 1ms; }

    static inline Instant now{};
    detail::Timer timer;
    Instant due{};
    bool in_time = false;
};

TEST(MemoryExhaustion, CallThrowsWhereItsFrameCannotBeHad) {
    simulate([]() -> Task<void> {
        bool was_thrown = false;
        try {
            FailingMemory memory(1, Lack::once);
            const Task<int> call = call_with_large_frame();
        } catch (const std::bad_alloc&) {
            was_thrown = true;
        }
        EXPECT_TRUE(was_thrown);
        const int again = co_await call_with_large_frame();
        EXPECT_EQ(again, 1);
    });
}

TEST(MemoryExhaustion, RunThrowsWhereItsLoopCannotBeMade) {
    const ReactorOptions options = ReactorOptions().backend(BackendKind::simulated);
    run(yield_once(), options);  // what a thread keeps for its later loops is there now
    std::size_t refused = 0;
    for (std::size_t failures = 1; failures > 0;) {
        ASSERT_LT(refused, 100u);
        const std::size_t frames = detail::frames_live();
        const std::size_t blocks = FailingMemory::blocks_live();
        Task<void> main = yield_once();
        FailingMemory memory(refused + 1, Lack::once);
        bool was_thrown = false;
        try {
            run(std::move(main), options);
        } catch (const std::bad_alloc&) {
            was_thrown = true;
        }
        memory.end();
        failures = memory.failures();
        EXPECT_EQ(was_thrown, failures > 0);
        EXPECT_EQ(detail::frames_live(), frames);
        EXPECT_EQ(FailingMemory::blocks_live(), blocks);
        refused += failures;
    }
    EXPECT_GT(refused, 3u);
}

TEST(MemoryExhaustion, ExceptionThatCannotBeCarriedBecomesEnomem) {
    simulate([]() -> Task<void> {
        std::vector<Task<std::string>> tasks;
        tasks.push_back(throws_after(1ms));
        std::optional<FailingMemory> memory;
        const auto without = [&memory]() -> Task<std::string> {
            co_await sleep_for(2ms);
            memory.emplace(1, Lack::once);  // for the box around this:
            throw std::runtime_error("");
        };
        tasks.push_back(without());
        const std::vector<Result<std::string>> results = co_await gather_settled(std::move(tasks));
        EXPECT_EQ(memory->failures(), 1u);
        EXPECT_TRUE(results[0].error() == Error::task_threw);
        EXPECT_TRUE(results[1].error() == std::errc::not_enough_memory);
    });
}

TEST(MemoryExhaustion, ErrorThatCannotBeCopiedFailsItsGroupAsBadAlloc) {
    simulate([]() -> Task<void> {
        std::optional<FailingMemory> memory;
        bool was_joined = false;
        bool was_thrown = false;
        const auto fails = [&memory]() -> Task<Result<void>> {
            Error error(Errc::limit_reached, std::string(kLongMessage));
            memory.emplace(1, Lack::once);
            co_return error;
        };
        const auto body = [&](TaskGroup& group) -> Task<void> {
            Child<Result<void>> child = group.start(fails());
            const auto join = [&child, &was_joined]() -> Task<void> {
                const Result<void> ended = co_await child.join();
                was_joined = ended.error() == Errc::limit_reached;
            };
            co_await shield(join());
        };
        try {
            co_await with_group(body);
        } catch (const std::bad_alloc&) {
            was_thrown = true;
        }
        EXPECT_EQ(memory->failures(), 1u);
        EXPECT_TRUE(was_joined) << "the child's own handle has the error";
        EXPECT_TRUE(was_thrown);
    });
}

TEST(MemoryExhaustion, ChannelWithoutMemoryTakesNoValueAndLosesNone) {
    Channel<std::string> channel(10);
    std::string value = "value";
    {
        FailingMemory memory(1, Lack::lasting);
        EXPECT_THROW(static_cast<void>(channel.try_send(std::move(value))), std::bad_alloc);
    }
    EXPECT_EQ(value, "value");
    EXPECT_EQ(channel.size(), 0u);
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(channel.try_send(std::to_string(i)));
    {
        FailingMemory memory(1, Lack::lasting);
        EXPECT_THROW(static_cast<void>(channel.try_send(std::move(value))), std::bad_alloc);
    }
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(channel.try_receive(), std::to_string(i));
}

class Deadlines {
public:
    constexpr Deadlines(std::uint64_t first_tick, std::uint64_t tick_count) noexcept
        : first(first_tick), ticks(tick_count) {}
    std::uint64_t first;
    std::uint64_t ticks;
};

// A timer that moves down a level must find room there: nobody could be told that there is none.
TEST(MemoryExhaustion, ArmedTimersNeedNoMoreMemory) {
    constexpr Instant kStart{1'000s};
    // The last: as many as fill a block of 512 chunks with 63 timers each, but for one chunk.
    for (const std::size_t count : {1u, 70u, 700u, 5'000u, 511u * 63u}) {
        // Several levels at once; and a single slot of each of the coarser ones.
        for (const Deadlines range :
             {Deadlines(0, 200), Deadlines(0, 60'000), Deadlines(0, 2'000'000'000),
              Deadlines(256, 256), Deadlines(1u << 16, 1u << 16), Deadlines(1u << 24, 1u << 24)}) {
            Random random(7);
            detail::TimerWheel wheel(kStart);
            std::vector<Alarm> alarms(count);
            for (Alarm& alarm : alarms) {
                alarm.due = kStart + (range.first + random.below(range.ticks)) * 1ms;
                wheel.arm(alarm.timer, alarm.due, kStart);
            }
            std::size_t disarmed = 0;
            for (std::size_t i = 0; i < count; i += 3, ++disarmed)
                wheel.disarm(alarms[i].timer);
            const FailingMemory memory(1, Lack::lasting);
            while (wheel.armed() > 0) {
                Alarm::now = wheel.next_event();
                wheel.advance(Alarm::now);
            }
            const auto fired = static_cast<std::size_t>(std::count_if(
                alarms.begin(), alarms.end(), [](const Alarm& alarm) { return alarm.in_time; }));
            EXPECT_EQ(fired, count - disarmed)
                << count << " from tick " << range.first << " within " << range.ticks;
        }
    }
}

}  // namespace
