// SPDX-License-Identifier: MIT
#include <weir/runtime/adapt.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

ReactorOptions on_epoll() {
    return ReactorOptions().backend(BackendKind::epoll);
}

// Resumed by whoever has the switch.
struct Switch {
    std::coroutine_handle<> waiting{};
    void flip() { std::exchange(waiting, {}).resume(); }
};

class Flipped {
public:
    Flipped(Switch& at, int value) : at_(&at), value_(value) {}
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { at_->waiting = waiting; }
    int await_resume() {
        if (value_ < 0) throw std::runtime_error("negative");
        return value_;
    }

private:
    Switch* at_;
    int value_;
};

// Resumes on a thread of its own, as executors of other libraries do.
class OnNewThread {
public:
    explicit OnNewThread(std::thread& thread) : thread_(&thread) {}
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        *thread_ = std::thread([waiting] { waiting.resume(); });
    }
    std::thread::id await_resume() noexcept { return std::this_thread::get_id(); }

private:
    std::thread* thread_;
};

struct WithMemberOperator {
    std::unique_ptr<int> value;
    struct Awaiter {
        std::unique_ptr<int> value;
        bool await_ready() noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) noexcept {}
        std::unique_ptr<int> await_resume() noexcept { return std::move(value); }
    };
    Awaiter operator co_await() && { return Awaiter{std::move(value)}; }
};

struct WithFreeOperator {
    int* calls;
};
struct CountingAwaiter {
    int* calls;
    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) noexcept { return false; }
    void await_resume() noexcept { ++*calls; }
};
CountingAwaiter operator co_await(WithFreeOperator&& free) {
    return CountingAwaiter{free.calls};
}

TEST(Adapt, GivesTheValueWhenTheLoopsOwnThreadResumes) {
    simulate([]() -> Task<void> {
        Switch at;
        int got = 0;
        const auto body = [&]() -> Task<void> {
            got = co_await adapt(Flipped(at, 7));
        };
        Unit unit(body());
        co_await sleep_for(1ms);
        EXPECT_EQ(got, 0);
        at.flip();
        EXPECT_EQ(got, 0);  // a task never runs inside of somebody else's call
        co_await unit.join();
        EXPECT_EQ(got, 7);
    });
}

TEST(Adapt, ThrowsTheException) {
    simulate([]() -> Task<void> {
        Switch at;
        const auto body = [&]() -> Task<void> {
            static_cast<void>(co_await adapt(Flipped(at, -1)));
        };
        Unit unit(body());
        co_await sleep_for(1ms);
        at.flip();
        co_await unit.join();
        EXPECT_EQ(unit.failure(), "negative");
    });
}

TEST(Adapt, ACancelledCallerWaitsForTheEndAndDropsTheValue) {
    simulate([]() -> Task<void> {
        Switch at;
        const auto body = [&]() -> Task<void> {
            static_cast<void>(co_await adapt(Flipped(at, 7)));
            ADD_FAILURE() << "it was cancelled";
        };
        Unit unit(body());
        co_await sleep_for(1ms);
        unit.cancel();
        co_await sleep_for(1ms);
        EXPECT_FALSE(unit.has_ended());
        at.flip();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
}

TEST(Adapt, ACallerThatWasCancelledBeforeNeverBeginsIt) {
    simulate([]() -> Task<void> {
        int calls = 0;
        const auto body = [&]() -> Task<void> {
            co_await yield();
            co_await adapt(WithFreeOperator(&calls));
        };
        Unit unit(body());
        unit.cancel();
        co_await unit.join();
        EXPECT_EQ(calls, 0);
    });
}

TEST(Adapt, TakesBothKindsOfOperator) {
    simulate([]() -> Task<void> {
        int calls = 0;
        co_await adapt(WithFreeOperator(&calls));
        EXPECT_EQ(calls, 1);
        auto member = WithMemberOperator{std::make_unique<int>(5)};
        const std::unique_ptr<int> value = co_await adapt(std::move(member));
        EXPECT_EQ(*value, 5);
    });
}

TEST(Adapt, GoesOnAtHomeWhenAnotherThreadResumes) {
    run_clean(
        []() -> Task<void> {
            for (int i = 0; i < 200; ++i) {
                std::thread thread;
                const std::thread::id other = co_await adapt(OnNewThread(thread));
                EXPECT_EQ(other, thread.get_id());
                EXPECT_NE(other, std::this_thread::get_id());
                thread.join();
            }
        },
        on_epoll());
}

}  // namespace
