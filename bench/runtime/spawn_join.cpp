// SPDX-License-Identifier: MIT
//
// Spawning tasks that do nothing and waiting for all of them, a thousand at a time; and the same
// with a trace going on, whose floor is weir itself without one.
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>

#include <cstddef>

#include "bench/floor/tasks.h"
#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

constexpr int kBatch = 1000;

Task<void> trivial(int& ran) {
    ++ran;
    co_return;
}

Task<void> spawn_and_join(benchmark::State& state) {
    int ran = 0;
    while (state.KeepRunning()) {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < kBatch; ++i)
                group.spawn(trivial(ran));
            co_return;
        });
    }
    benchmark::DoNotOptimize(ran);
    state.SetItemsProcessed(state.iterations() * kBatch);
}

floor::Job trivial_job(int& ran) {
    ++ran;
    co_return;
}

void spawn_and_join_floor(benchmark::State& state) {
    int ran = 0;
    while (state.KeepRunning()) {
        for (int i = 0; i < kBatch; ++i)
            trivial_job(ran);
        floor::loop.run_ready();
        if (floor::loop.live != 0) state.SkipWithError("a job is left");
    }
    benchmark::DoNotOptimize(ran);
    state.SetItemsProcessed(state.iterations() * kBatch);
}

void spawn_and_join_weir(benchmark::State& state) {
    run(spawn_and_join(state));
}

// To nowhere, since the speed of a disk is not weir's. The limit is out of reach: a trace that has
// ended costs nothing.
void spawn_and_join_traced(benchmark::State& state) {
    constexpr std::size_t kMegabytes = std::size_t{1} << 30;
    run(spawn_and_join(state), ReactorOptions().trace("/dev/null", kMegabytes));
}

}  // namespace

void add_spawn_join() {
    add_micro("spawn_join.per_s", "weir", spawn_and_join_weir);
    add_micro("spawn_join.per_s", "floor", spawn_and_join_floor);
    add_micro("spawn_join_traced.per_s", "weir", spawn_and_join_traced);
    add_micro("spawn_join_traced.per_s", "floor", spawn_and_join_weir);
}

}  // namespace weir::bench
