// SPDX-License-Identifier: MIT
//
// Tasks that only sleep: all at the same time, which is checked, or spread over a span, where each
// notes how late it woke.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <algorithm>
#include <random>
#include <vector>

#include "bench/groups.h"
#include "bench/turn_meter.h"

namespace weir::bench {
namespace {

Task<void> sleeper(Duration span) {
    co_await sleep_for(span);
}

// True when all were asleep at once.
Task<bool> sleep_together(std::size_t count, Duration span) {
    bool all_slept = false;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (std::size_t i = 0; i < count; ++i)
            group.spawn(sleeper(span));
        co_await yield();  // until the last of them has begun
        all_slept = Reactor::current().timers_armed() == count;
    });
    co_return all_slept;
}

using Clock = TurnMeter::Clock;
using Milliseconds = std::chrono::duration<float, std::milli>;

Task<void> punctual(Duration span, Clock::time_point start, float& lateness, TurnMeter& turns) {
    co_await sleep_until(Instant(start.time_since_epoch() + span));
    const Clock::time_point now = Clock::now();
    turns.step(now);
    lateness = Milliseconds(now - start - span).count();
}

Task<void> sleep_spread(const std::vector<Duration>& spans, std::vector<float>& lateness,
                        TurnMeter& turns) {
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        // The first deadline is one span from now, so that spawning is not counted as lateness.
        const Clock::time_point start = Clock::now();
        for (std::size_t i = 0; i < spans.size(); ++i)
            group.spawn(punctual(spans[i], start, lateness[i], turns));
        co_return;
    });
}

}  // namespace

// Arguments: how many, and how many milliseconds each sleeps.
Result<Sample> sleepers_weir(const Arguments& arguments) {
    const Duration span = std::chrono::milliseconds(arguments.number(1));
    if (!run(sleep_together(arguments.number(0), span))) {
        return Error(Errc::timed_out, "not all tasks slept at once: let them sleep longer");
    }
    return Sample();
}

// Arguments: how many, and over how many milliseconds their deadlines are spread, after a pause of
// as long in which they are spawned.
Result<Sample> sleepers_spread_weir(const Arguments& arguments) {
    const std::size_t count = arguments.number(0);
    const Duration span = std::chrono::milliseconds(arguments.number(1));
    std::vector<Duration> spans(count);
    for (std::size_t i = 0; i < count; ++i)
        spans[i] = span + span / count * i;
    std::shuffle(spans.begin(), spans.end(), std::mt19937(1));
    std::vector<float> lateness(count);
    TurnMeter turns;
    run(sleep_spread(spans, lateness, turns));
    std::sort(lateness.begin(), lateness.end());
    Sample sample;
    sample.set("lateness_p50_ms", lateness[count / 2]);
    sample.set("lateness_p99_ms", lateness[count - 1 - count / 100]);
    sample.set("lateness_max_ms", lateness.back());
    sample.set("turn_max_ms", turns.longest_ms());
    return sample;
}

}  // namespace weir::bench
