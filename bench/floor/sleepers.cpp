// SPDX-License-Identifier: MIT
//
// The least that a million sleeping tasks can cost: a frame each, and eight bytes in the wheel.
#include <time.h>

#include <chrono>

#include "bench/floor/tasks.h"
#include "bench/groups.h"

namespace weir::bench::floor {
namespace {

constexpr std::size_t kJobsPerClockReading = 256;

Job sleeper(std::uint32_t milliseconds) {
    co_await Sleep(loop.now + milliseconds + 1);
}

std::uint32_t milliseconds_since(std::chrono::steady_clock::time_point start) {
    const auto passed = std::chrono::steady_clock::now() - start;
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
}

}  // namespace

// Arguments: how many, and how many milliseconds each sleeps.
Result<Sample> sleepers(const Arguments& arguments) {
    const std::size_t count = arguments.number(0);
    const auto span = static_cast<std::uint32_t>(arguments.number(1));
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) {
        sleeper(span);
        if ((i + 1) % kJobsPerClockReading != 0) continue;
        loop.run_ready();
        loop.now = milliseconds_since(start);
    }
    loop.run_ready();
    if (milliseconds_since(start) > span) {
        return Error(Errc::timed_out, "not all tasks slept at once: let them sleep longer");
    }
    while (loop.live > 0) {
        loop.now = milliseconds_since(start);
        wheel.advance(loop.now, [](WheelNode& node) {
            loop.ready.push(*static_cast<JobPromise*>(node.target));
        });
        loop.run_ready();
        if (loop.live == 0) break;
        const auto wake = start + std::chrono::milliseconds(wheel.next_tick());
        const auto ns = std::chrono::nanoseconds(wake.time_since_epoch()).count();
        const timespec until{ns / 1'000'000'000, ns % 1'000'000'000};
        ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
    return Sample();
}

}  // namespace weir::bench::floor
