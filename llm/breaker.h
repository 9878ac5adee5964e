// SPDX-License-Identifier: MIT
//
// A circuit breaker: stops asking a target that fails again and again, and lets one call try after
// a while. It reads no clock and owns no task: who calls tells it the time and how calls ended.
#pragma once

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/time.h>
#include <chrono>

namespace weir::llm {

/// When a breaker opens, and for how long.
class BreakerOptions {
public:
    BreakerOptions() noexcept {}

    /// So many failures in a row, with no success between, open it. Default: 5.
    BreakerOptions& failures_max(int count) noexcept {
        return WEIR_CHECK(count > 0), failures_max_ = count, *this;
    }
    /// How long it stays open the first time; twice as long each time that the trial fails, up to
    /// `longest`. Default: 10 s, and 120 s.
    BreakerOptions& open_for(Duration first, Duration longest) noexcept {
        return first_ = first, longest_ = longest, *this;
    }

private:
    friend class Breaker;
    int failures_max_ = 5;
    Duration first_ = std::chrono::seconds(10);
    Duration longest_ = std::chrono::seconds(120);
};

/// Not thread-safe: one for each loop.
class Breaker {
public:
    enum class State {
        closed,    ///< calls go through
        open,      ///< none does, until the time has come
        half_open  ///< one is under way as a trial; the others wait for what comes of it
    };

    explicit Breaker(BreakerOptions options = BreakerOptions()) noexcept : options_(options) {}

    /// Whether a call may be made now. Of an open breaker whose time has come, the first to ask
    /// may: it must tell how its call ended, or abandon() it.
    bool try_pass(Instant now) noexcept;
    void on_success() noexcept;
    /// A failure that says something about the target; one of the request itself is a success here.
    void on_failure(Instant now) noexcept;
    /// The call that was let through has ended without a verdict: it was cancelled.
    void abandon() noexcept;

    State state(Instant now) const noexcept;
    /// When it lets a trial through; meaningful while it is open.
    Instant open_until() const noexcept { return open_until_; }

private:
    BreakerOptions options_;
    int failures_ = 0;
    bool is_open_ = false;
    bool is_trying_ = false;
    Duration pause_ = Duration::zero();
    Instant open_until_{};
};

}  // namespace weir::llm
