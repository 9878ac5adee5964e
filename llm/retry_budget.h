// SPDX-License-Identifier: MIT
//
// How many of a target's calls may be repeats. Without a budget, a server that is down gets three
// times the load just when it can bear it least; with it, a tenth or so more. It reads no clock.
#pragma once

#include <weir/runtime/base/assert.h>
#include <algorithm>

namespace weir::llm {

/// Not thread-safe: one for each loop.
class RetryBudget {
public:
    /// Each call that is begun earns `share` of a repeat; `reserve` repeats are there from the
    /// start, so that few calls can be repeated, too. No more than ten times the reserve is saved.
    explicit RetryBudget(double share = 0.2, double reserve = 10) noexcept
        : share_(share), most_(std::max(reserve, 1.0) * 10), balance_(reserve) {
        WEIR_CHECK(share >= 0 && reserve >= 0);
    }

    void on_call() noexcept { balance_ = std::min(balance_ + share_, most_); }
    /// Takes one repeat; false where none is left.
    bool try_repeat() noexcept {
        if (balance_ < 1) return false;
        balance_ -= 1;
        return true;
    }
    double balance() const noexcept { return balance_; }

private:
    double share_;
    double most_;
    double balance_;
};

}  // namespace weir::llm
