// SPDX-License-Identifier: MIT
//
// Microbenchmarks: Google Benchmark decides how long to run and repeats in a random order, so that
// weir and its floor meet the same weather; the figures go into the report. They are per CPU
// second, not per second of the clock on the wall.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "bench/report.h"

namespace weir::bench {

using Micro = void (*)(benchmark::State& state);

/// Whether a metric tells how often in a second, and not how long.
constexpr bool is_rate(std::string_view metric) {
    return metric.ends_with(".per_s");
}

/// All microbenchmarks, as often as run_round() is called.
class MicroRounds {
public:
    explicit MicroRounds(bool is_quick);
    /// Each once, in a random order.
    Result<void> run_round();
    /// Adds the figures of all rounds.
    void add_to(Report& report) const;

private:
    class Collector;
    std::map<std::pair<std::string, std::string>, Series> series_;  // by name and peer
};

/// Adds one. `name` is "bench.metric", where a metric `per_s` gives a rate and any other one ends
/// in `ns` or says nanoseconds an item; `state.SetItemsProcessed()` must tell the items.
void add_micro(const std::string& name, const std::string& peer, Micro micro);

// One for each file.
void add_spawn_join();
void add_yield();
void add_await();
void add_semaphore();
void add_timer(bool is_quick);
void add_cancel(bool is_quick);
void add_simulation();

}  // namespace weir::bench
