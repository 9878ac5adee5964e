// SPDX-License-Identifier: MIT
//
// Instants and durations as integer nanoseconds. There is no now() here: time is an argument for
// all code below the reactor, so that a simulated clock can stand in for the real one.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// A span of time in nanoseconds. `std::chrono` literals convert to it.
using Duration = std::chrono::nanoseconds;

/// The clock that instants belong to: monotonic, read only by a reactor's backend.
struct ReactorClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = Duration;
    using time_point = std::chrono::time_point<ReactorClock, Duration>;
    static constexpr bool is_steady = true;
};

/// A point of monotonic time. Instants of different reactors of one process compare.
using Instant = ReactorClock::time_point;

/// Later than every instant that is waited for: "no deadline".
inline constexpr Instant kNever = Instant::max();

/// `start + span`, staying at kNever instead of overflowing.
constexpr Instant saturating_add(Instant start, Duration span) noexcept {
    if (span > Duration::zero() && start > kNever - span) return kNever;
    return start + span;
}

/// Seconds as a floating number, for reports.
constexpr double to_seconds(Duration span) noexcept {
    return std::chrono::duration<double>(span).count();
}

}  // namespace weir
