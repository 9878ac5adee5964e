// SPDX-License-Identifier: MIT
//
// Switching: a thousand tasks that give each other the turn.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include "bench/floor/tasks.h"
#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

constexpr int kTasks = 1000;
constexpr int kTurns = 1000;

Task<void> turns() {
    for (int i = 0; i < kTurns; ++i)
        co_await yield();
}

Task<void> take_turns(benchmark::State& state) {
    while (state.KeepRunning()) {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < kTasks; ++i)
                group.spawn(turns());
            co_return;
        });
    }
    state.SetItemsProcessed(state.iterations() * kTasks * kTurns);
}

floor::Job turns_of_a_job() {
    for (int i = 0; i < kTurns; ++i)
        co_await floor::Yield();
}

void take_turns_floor(benchmark::State& state) {
    while (state.KeepRunning()) {
        for (int i = 0; i < kTasks; ++i)
            turns_of_a_job();
        floor::loop.run_ready();
    }
    state.SetItemsProcessed(state.iterations() * kTasks * kTurns);
}

}  // namespace

void add_yield() {
    add_micro("yield.per_s", "weir", [](benchmark::State& state) { run(take_turns(state)); });
    add_micro("yield.per_s", "floor", take_turns_floor);
}

}  // namespace weir::bench
