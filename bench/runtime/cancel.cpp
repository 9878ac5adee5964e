// SPDX-License-Identifier: MIT
//
// Cancelling very many sleeping tasks and waiting until they are gone.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <vector>

#include "bench/floor/tasks.h"
#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

using std::chrono_literals::operator""min;

std::size_t task_count = 0;

Task<void> sleeper(Duration span) {
    co_await sleep_for(span);
}

Task<void> cancel_sleepers(benchmark::State& state) {
    while (state.KeepRunning()) {
        state.PauseTiming();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (std::size_t i = 0; i < task_count; ++i)
                group.spawn(sleeper(10min));
            co_await yield();  // until the last of them sleeps
            state.ResumeTiming();
            group.cancel();
        });
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(task_count));
}

// The floor has no groups: whoever cancels keeps the frames in a list of his own, through them.
class FloorSleeper {
public:
    struct promise_type : floor::JobPromise {
        FloorSleeper get_return_object() noexcept {
            return FloorSleeper(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        promise_type* next_sibling = nullptr;
        floor::WheelNode* node = nullptr;
    };

    explicit FloorSleeper(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    promise_type& promise() const noexcept { return frame_.promise(); }

private:
    std::coroutine_handle<promise_type> frame_;
};

using FloorPromise = FloorSleeper::promise_type;

class FloorSleep {
public:
    explicit FloorSleep(std::uint32_t deadline) noexcept : node_{0, deadline, nullptr} {}
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<FloorPromise> job) {
        job.promise().node = &node_;
        floor::wheel.insert(node_, node_.deadline);
    }
    void await_resume() noexcept {}

private:
    floor::WheelNode node_;
};

FloorSleeper floor_sleeper(std::uint32_t deadline) {
    co_await FloorSleep(deadline);
}

void cancel_sleepers_floor(benchmark::State& state) {
    constexpr std::uint32_t kTenMinutes = 600'000;
    while (state.KeepRunning()) {
        state.PauseTiming();
        FloorPromise* first = nullptr;
        for (std::size_t i = 0; i < task_count; ++i) {
            FloorPromise& promise = floor_sleeper(floor::loop.now + kTenMinutes).promise();
            promise.next_sibling = first;
            first = &promise;
        }
        floor::loop.run_ready();
        state.ResumeTiming();
        while (first != nullptr) {
            FloorPromise& promise = *first;
            first = promise.next_sibling;
            floor::wheel.cancel(*promise.node);
            std::coroutine_handle<FloorPromise>::from_promise(promise).destroy();
        }
        state.PauseTiming();
        floor::loop.now += kTenMinutes + 1;  // clears the holes out of the wheel
        floor::wheel.advance(floor::loop.now, [](floor::WheelNode&) {});
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(task_count));
}

}  // namespace

void add_cancel(bool is_quick) {
    task_count = is_quick ? 100'000 : 1'000'000;
    add_micro("cancel.ns_per_task", "weir",
              [](benchmark::State& state) { run(cancel_sleepers(state)); });
    add_micro("cancel.ns_per_task", "floor", cancel_sleepers_floor);
}

}  // namespace weir::bench
