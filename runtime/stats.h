// SPDX-License-Identifier: MIT
//
// What a loop has done since it was made. Plain counters, read by Reactor::stats(): each costs the
// loop an addition a turn or an operation, so they are always on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

struct ReactorStats {
    std::uint64_t turns = 0;
    std::uint64_t steps = 0;             ///< tasks resumed, or destroyed where they were cancelled
    std::uint64_t units_unwound = 0;     ///< tasks that ended by cancellation
    std::uint64_t completions = 0;       ///< operations that the backend has finished
    std::uint64_t posts = 0;             ///< functions run for other threads
    std::uint64_t failures_dropped = 0;  ///< failures of tasks after the first of their scope
    std::size_t ready = 0;               ///< now: tasks that may run
    std::size_t timers_armed = 0;        ///< now
    std::size_t operations = 0;          ///< now: in flight at the backend
    std::size_t sockets = 0;             ///< now: open, those that are being closed among them
    std::size_t leases = 0;              ///< now: receive buffers in the hands of tasks
    std::size_t frames = 0;              ///< now: coroutine frames and socket slots of this thread
};

}  // namespace weir
