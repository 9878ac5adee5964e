// SPDX-License-Identifier: MIT
//
// A hundred permits and a hundred thousand tasks that want one, spawned at once; each holds its
// permit over one yield. The figure is permits a second, the spawning included.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>

#include "bench/floor/tasks.h"
#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

constexpr int kTasks = 100'000;
constexpr std::size_t kPermits = 100;

Task<void> hold_one(Semaphore& semaphore) {
    const Permit permit = co_await semaphore.acquire();
    co_await yield();
}

Task<void> share(benchmark::State& state) {
    Semaphore semaphore(kPermits);
    while (state.KeepRunning()) {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < kTasks; ++i)
                group.spawn(hold_one(semaphore));
            co_return;
        });
    }
    if (semaphore.available() != kPermits) state.SkipWithError("a permit is missing");
    state.SetItemsProcessed(state.iterations() * kTasks);
}

// The floor's: a counter, and a queue of those who wait.
class FloorSemaphore {
public:
    bool await_ready() noexcept { return false; }
    bool await_suspend(floor::JobHandle job) noexcept {
        if (available_ > 0) {
            --available_;
            return false;
        }
        waiting_.push(job.promise());
        return true;
    }
    void await_resume() noexcept {}

    void release() noexcept {
        if (waiting_.empty()) {
            ++available_;
        } else {
            floor::loop.ready.push(waiting_.pop());
        }
    }
    std::size_t available() const noexcept { return available_; }

private:
    std::size_t available_ = kPermits;
    floor::JobQueue waiting_;
};

floor::Job hold_one_floor(FloorSemaphore& semaphore) {
    co_await semaphore;
    co_await floor::Yield();
    semaphore.release();
}

void share_floor(benchmark::State& state) {
    FloorSemaphore semaphore;
    while (state.KeepRunning()) {
        for (int i = 0; i < kTasks; ++i)
            hold_one_floor(semaphore);
        floor::loop.run_ready();
    }
    if (semaphore.available() != kPermits) state.SkipWithError("a permit is missing");
    state.SetItemsProcessed(state.iterations() * kTasks);
}

}  // namespace

void add_semaphore() {
    add_micro("semaphore.per_s", "weir", [](benchmark::State& state) { run(share(state)); });
    add_micro("semaphore.per_s", "floor", share_floor);
}

}  // namespace weir::bench
