// SPDX-License-Identifier: MIT
//
// Awaiting a child that returns at once: its frame made, entered, left and freed.
#include <weir/runtime/run.h>

#include "bench/floor/tasks.h"
#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

constexpr int kBatch = 1000;

[[gnu::noinline]] Task<int> child(int value) {
    co_return value;
}

Task<void> await_children(benchmark::State& state) {
    int sum = 0;
    while (state.KeepRunning()) {
        for (int i = 0; i < kBatch; ++i)
            sum += co_await child(i & 1);
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations() * kBatch);
}

[[gnu::noinline]] floor::Child floor_child(int value) {
    co_return value;
}

floor::Job await_children_floor(benchmark::State& state) {
    int sum = 0;
    while (state.KeepRunning()) {
        for (int i = 0; i < kBatch; ++i)
            sum += co_await floor_child(i & 1);
    }
    benchmark::DoNotOptimize(sum);
    state.SetItemsProcessed(state.iterations() * kBatch);
}

}  // namespace

void add_await() {
    add_micro("await.ns", "weir", [](benchmark::State& state) { run(await_children(state)); });
    add_micro("await.ns", "floor", [](benchmark::State& state) {
        await_children_floor(state);
        floor::loop.run_ready();
    });
}

}  // namespace weir::bench
