// SPDX-License-Identifier: MIT
//
// Debug mode measures real time. No test waits for any: where a step has to be long, the limit is
// zero, and then every step is.
#include <weir/runtime/debug.h>

#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace debugging {

Task<void> worker() {
    co_await sleep_for(1ms);
}
Task<void> outer() {
    co_await worker();
}
Task<void> spawns_one(int& line) {
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        line = __LINE__ + 1;
        group.spawn(outer());
        co_return;
    });
}
Task<void> leaks_one(std::vector<Task<void>>& kept) {
    kept.push_back(worker());
    co_await worker();
}
Task<void> keeps_to_itself() {
    co_await with_group([](TaskGroup& group) -> Task<void> {
        group.spawn(worker());
        co_return;
    });
}
Task<void> acquire(Semaphore& semaphore) {
    static_cast<void>(co_await semaphore.acquire());
}

}  // namespace debugging

namespace {

ReactorOptions simulated() {
    return ReactorOptions().backend(BackendKind::simulated);
}

std::vector<SlowStep> slow_steps(Task<void> main, Duration limit) {
    std::vector<SlowStep> steps;
    ReactorOptions options = simulated();
    options.debug().slow_step(limit).on_slow_step(
        [&](const SlowStep& step) { steps.push_back(step); });
    run(std::move(main), options);
    return steps;
}

/// What a run in debug mode says on stderr.
std::string said_by(Task<void> main, const ReactorOptions& options) {
    testing::internal::CaptureStderr();
    run(std::move(main), options);
    return testing::internal::GetCapturedStderr();
}

// Another thread's loop wakes a task of this one.
void wake_on_wrong_thread() {
    Semaphore semaphore(0);
    const auto main = [&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(debugging::acquire(semaphore));
            co_await yield();
            std::thread other([&] {
                const auto wake = [&]() -> Task<void> {
                    semaphore.release();
                    co_await yield();
                };
                run(wake(), simulated().debug());
            });
            other.join();
        });
    };
    run(main(), simulated().debug());
}

}  // namespace

TEST(DebugMode, ReportsSlowStepWithTaskAndPlaceOfSpawn) {
    int line = 0;
    const std::vector<SlowStep> steps = slow_steps(debugging::spawns_one(line), 0ms);
    bool has_begun = false;
    bool has_gone_on = false;
    for (const SlowStep& step : steps) {
        const bool is_ours = step.spawned_at() == "debug_test.cpp:" + std::to_string(line);
        has_begun = has_begun || (is_ours && step.task() == "debugging::outer");
        has_gone_on =
            has_gone_on || (is_ours && step.task() == "debugging::outer > debugging::worker");
    }
    EXPECT_TRUE(has_begun);
    EXPECT_TRUE(has_gone_on);
}

TEST(DebugMode, IsQuietAboutStepsBelowTheLimit) {
    int line = 0;
    EXPECT_TRUE(slow_steps(debugging::spawns_one(line), 1h).empty());
}

TEST(DebugMode, TellsStderrWhereNobodyElseIsAsked) {
    const std::string text = said_by(debugging::outer(), simulated().debug().slow_step(0ms));
    EXPECT_NE(text.find("weir: a step of "), std::string::npos) << text;
    EXPECT_NE(text.find(" in debugging::outer"), std::string::npos) << text;
}

TEST(DebugMode, IsOffUnlessAskedFor) {
    EXPECT_EQ(said_by(debugging::outer(), simulated().slow_step(0ms)), "");
}

TEST(DebugMode, IsTurnedOnByTheEnvironment) {
    ::setenv("WEIR_DEBUG", "1", 1);
    const std::string text = said_by(debugging::outer(), simulated().slow_step(0ms));
    ::setenv("WEIR_DEBUG", "0", 1);
    const std::string other = said_by(debugging::outer(), simulated().slow_step(0ms));
    ::unsetenv("WEIR_DEBUG");
    EXPECT_NE(text, "");
    EXPECT_EQ(other, "");
}

TEST(DebugMode, ReportsTasksThatAreLeftAtTheEnd) {
    std::vector<Task<void>> kept;
    const std::string text = said_by(debugging::leaks_one(kept), simulated().debug());
    EXPECT_NE(text.find("1 coroutine frame is left"), std::string::npos) << text;
}

TEST(DebugMode, SaysNothingOfLeaksWhereNothingIsLeft) {
    const Task<void> made_before = debugging::worker();
    EXPECT_EQ(said_by(debugging::keeps_to_itself(), simulated().debug()), "");
}

TEST(DebugModeDeathTest, AbortsWhereATaskIsWokenOnAnotherLoopsThread) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(wake_on_wrong_thread(), "woken on another thread than its loop's");
}

#ifndef NDEBUG
TEST(MakeReadyDeathTest, AbortsOnAThreadWithoutALoop) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto wakes = [] {
        Semaphore semaphore(0);
        const auto main = [&]() -> Task<void> {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(debugging::acquire(semaphore));
                co_await yield();
                std::thread([&] { semaphore.release(); }).join();
            });
        };
        run_simulated(main());
    };
    EXPECT_DEATH(wakes(), "no loop runs on this thread");
}
#endif

TEST(SlowStep, TextSaysWhatToDo) {
    const SlowStep step(153ms, "app::parse", "main.cpp:7");
    EXPECT_EQ(step.text(),
              "a step of 153 ms in app::parse, spawned at main.cpp:7: all other tasks waited for "
              "it; call what blocks through offload(), and yield() in long computations");
}
