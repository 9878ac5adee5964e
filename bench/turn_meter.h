// SPDX-License-Identifier: MIT
//
// How long a loop's turns are, as those see it that run in them: from the first step of a turn that
// tells the meter to the last.
#pragma once

#include <weir/runtime/reactor.h>
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace weir::bench {

class TurnMeter {
public:
    using Clock = std::chrono::steady_clock;

    /// To be called by each task that was woken, with the time it is.
    void step(Clock::time_point now) noexcept {
        const std::uint64_t turn = Reactor::current().stats().turns;
        if (turn != turn_) {
            turn_ = turn;
            begin_ = now;
        }
        longest_ = std::max(longest_, now - begin_);
    }
    double longest_ms() const noexcept {
        return std::chrono::duration<double, std::milli>(longest_).count();
    }

private:
    std::uint64_t turn_ = 0;
    Clock::time_point begin_{};
    Clock::duration longest_{};
};

}  // namespace weir::bench
