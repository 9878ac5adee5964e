// SPDX-License-Identifier: MIT
#include <weir/runtime/loop_driver.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <memory>
#include <stdexcept>
#include <utility>

using namespace weir;
using namespace std::chrono_literals;

namespace {

ReactorOptions on_epoll() {
    return ReactorOptions().backend(BackendKind::epoll);
}

TEST(LoopDriver, IsRefusedInASimulatedWorld) {
    const auto body = []() -> Task<void> {
        co_return;
    };
    const auto refused =
        LoopDriver<void>::make(body(), ReactorOptions().backend(BackendKind::simulated));
    EXPECT_TRUE(refused.error() == Errc::unsupported);
    EXPECT_EQ(detail::this_loop.reactor, nullptr);
}

TEST(LoopDriver, BeginsTheTaskInTheFirstTurn) {
    bool has_begun = false;
    const auto body = [&]() -> Task<std::unique_ptr<int>> {
        has_begun = true;
        co_return std::make_unique<int>(7);
    };
    const auto driver = LoopDriver<std::unique_ptr<int>>::make(body(), on_epoll()).value();
    EXPECT_FALSE(has_begun);
    EXPECT_EQ(driver->patience(), Duration::zero());
    EXPECT_EQ(driver->poll_timeout(), 0);
    driver->run_once();
    EXPECT_TRUE(driver->is_done());
    EXPECT_EQ(*driver->result(), 7);
}

TEST(LoopDriver, ThrowsTheTasksException) {
    const auto body = []() -> Task<void> {
        co_await yield();
        throw std::runtime_error("in the middle");
    };
    const auto driver = LoopDriver<void>::make(body(), on_epoll()).value();
    while (!driver->is_done())
        driver->run_once();
    EXPECT_THROW(driver->result(), std::runtime_error);
}

TEST(LoopDriver, IsPatientUntilTheNextTimer) {
    const auto body = []() -> Task<void> {
        co_await sleep_for(20ms);
    };
    const auto driver = LoopDriver<void>::make(body(), on_epoll()).value();
    for (int i = 0; i < 3; ++i)
        driver->run_once();
    EXPECT_FALSE(driver->is_done());
    EXPECT_GT(driver->next_event(), Instant::min());
    EXPECT_NE(driver->next_event(), kNever);
    EXPECT_LE(driver->patience(), 20ms);
    while (!driver->is_done())
        driver->run_once();
}

TEST(LoopDriverDeathTest, MustNotDieBeforeItsTask) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto program = [] {
        const auto body = []() -> Task<void> {
            co_await sleep_for(1h);
        };
        const auto driver = LoopDriver<void>::make(body(), on_epoll()).value();
        driver->run_once();
    };
    EXPECT_DEATH(program(), "until is_done");
}

}  // namespace
