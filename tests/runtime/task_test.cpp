// SPDX-License-Identifier: MIT
#include <weir/runtime/task.h>

#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<Task<void>>);
static_assert(!std::is_aggregate_v<Task<int>>);
static_assert(!std::is_copy_constructible_v<Task<int>>);
static_assert(std::is_nothrow_move_constructible_v<Task<int>>);
static_assert(!std::is_aggregate_v<ReactorOptions>);

Task<int> twice(int number) {
    co_return 2 * number;
}

TEST(Task, GivesItsValue) {
    EXPECT_EQ(run_simulated(twice(21)), 42);
}

TEST(Task, GivesMoveOnlyValues) {
    const auto boxed = [](int number) -> Task<std::unique_ptr<int>> {
        co_return std::make_unique<int>(number);
    };
    EXPECT_EQ(*run_simulated(boxed(7)), 7);
}

TEST(Task, IsLazy) {
    Journal journal;
    const auto noting = [](Journal& log) -> Task<void> {
        log.note("ran");
        co_return;
    };
    simulate([&]() -> Task<void> {
        Task<void> task = noting(journal);
        journal.note("made");
        co_await std::move(task);
    });
    EXPECT_EQ(journal.text(), "made ran");
}

TEST(Task, ThatIsNotAwaitedOnlyFreesItsArguments) {
    Journal journal;
    const std::size_t frames = detail::frames_live();
    {
        const Task<void> task = [](Mark, Journal& log) -> Task<void> {
            log.note("ran");
            co_return;
        }(Mark(journal, "argument"), journal);
    }
    EXPECT_EQ(journal.text(), "~argument");
    EXPECT_EQ(detail::frames_live(), frames);
}

TEST(Task, AssignmentFreesTheOldFrame) {
    const std::size_t frames = detail::frames_live();
    Task<int> task = twice(1);
    task = twice(2);
    EXPECT_EQ(detail::frames_live(), frames + 1);
    EXPECT_EQ(run_simulated(std::move(task)), 4);
}

Task<int> failing(int levels) {
    if (levels == 0) throw std::runtime_error("from the bottom");
    co_return co_await failing(levels - 1);
}

TEST(Task, ExceptionsTravelToTheAwaiter) {
    std::string caught;
    simulate([&]() -> Task<void> {
        try {
            static_cast<void>(co_await failing(3));
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
    });
    EXPECT_EQ(caught, "from the bottom");
}

TEST(Task, ExceptionsLeaveRun) {
    const std::size_t frames = detail::frames_live();
    EXPECT_THROW(run_simulated(failing(2)), std::runtime_error);
    EXPECT_EQ(detail::frames_live(), frames);
}

TEST(Task, FreesItsFrameBeforeTheAwaiterGoesOn) {
    simulate([]() -> Task<void> {
        const std::size_t frames = detail::frames_live();
        static_cast<void>(co_await twice(1));
        EXPECT_EQ(detail::frames_live(), frames);
    });
}

TEST(Task, AwaitsManyTimesWithoutDeepeningTheStack) {
    long sum = 0;
    simulate([&]() -> Task<void> {
        for (int i = 0; i < 100'000; ++i)
            sum += co_await twice(i % 2);
    });
    EXPECT_EQ(sum, 100'000);
}

TEST(TaskDeath, AwaitedTwiceAborts) {
    const auto misuse = []() -> Task<void> {
        Task<int> task = twice(1);
        static_cast<void>(co_await std::move(task));
        static_cast<void>(co_await std::move(task));
    };
    EXPECT_DEATH(run_simulated(misuse()), "awaited or spawned already");
}

TEST(TaskDeath, RunInsideRunAborts) {
    const auto misuse = []() -> Task<void> {
        run_simulated(twice(1));
        co_return;
    };
    EXPECT_DEATH(run_simulated(misuse()), "one reactor a thread");
}

TEST(TaskDeath, WaitingForWhatCannotComeAborts) {
    const auto misuse = []() -> Task<void> {
        Semaphore semaphore(0);
        const Permit permit = co_await semaphore.acquire();
    };
    EXPECT_DEATH(run_simulated(misuse()), "deadlock");
}

TEST(ReadyQueue, IsServedInTheOrderOfBecomingReady) {
    Journal journal;
    const auto child = [](Journal& log, int number) -> Task<void> {
        for (int round = 0; round < 2; ++round) {
            log.note(std::to_string(number));
            co_await yield();
        }
    };
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 3; ++i)
                group.spawn(child(journal, i));
            journal.note("body");
            co_return;
        });
    });
    EXPECT_EQ(journal.text(), "body 0 1 2 0 1 2");
}

// --- the size of frames -------------------------------------------------------------------------

// Not inlined: clang would give up the allocation of a frame that it sees die.
[[maybe_unused, gnu::noinline]] Task<void> sleep_one_second() {
    co_await sleep_for(1s);
}
[[maybe_unused, gnu::noinline]] Task<void> sleep_some_time(Duration span) {
    co_await sleep_for(span);
}

// What a task's frame takes from the pool, to the next multiple of 16. In a thread of its own,
// where the pool is empty and serves blocks one behind the other.
template <typename Make>
long frame_bytes(Make make) {
    long bytes = 0;
    std::thread([&] {
        const Task<void> first = make();  // lets the pool reserve its memory
        const std::byte* before = detail::frame_pool.cursor;
        const Task<void> second = make();
        bytes = detail::frame_pool.cursor - before;
    }).join();
    return bytes;
}

TEST(TaskFrame, OfASleepingTaskIsSmall) {
#if defined(WEIR_FRAMES_FROM_MALLOC) || !defined(__OPTIMIZE__)
    GTEST_SKIP() << "sizes are those of an optimised build without sanitizers";
#else
#ifdef __clang__
    constexpr long kLimit = 96;
#else
    constexpr long kLimit = 112;
#endif
    const long plain = frame_bytes([] { return sleep_one_second(); });
    const long with_argument = frame_bytes([] { return sleep_some_time(1s); });
    RecordProperty("frame_bytes", static_cast<int>(plain));
    RecordProperty("frame_bytes_with_argument", static_cast<int>(with_argument));
    std::printf("frame of a sleeping task: %ld bytes, with an argument: %ld\n", plain,
                with_argument);
    EXPECT_GT(plain, 0);
    EXPECT_LE(plain, kLimit);
    EXPECT_LE(with_argument, kLimit);
#endif
}

}  // namespace
