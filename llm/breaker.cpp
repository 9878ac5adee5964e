// SPDX-License-Identifier: MIT
#include <weir/llm/breaker.h>

#include <algorithm>

namespace weir::llm {

bool Breaker::try_pass(Instant now) noexcept {
    if (!is_open_) return true;
    if (is_trying_ || now < open_until_) return false;
    is_trying_ = true;
    return true;
}

void Breaker::on_success() noexcept {
    failures_ = 0;
    is_open_ = false;
    is_trying_ = false;
    pause_ = Duration::zero();
}

void Breaker::on_failure(Instant now) noexcept {
    const bool was_trial = is_trying_;
    if (is_open_ && !was_trial) return;  // begun before it opened: nothing new
    ++failures_;
    if (!was_trial && failures_ < options_.failures_max_) return;
    is_open_ = true;
    is_trying_ = false;
    pause_ = pause_ == Duration::zero() ? options_.first_ : std::min(pause_ * 2, options_.longest_);
    open_until_ = now + pause_;
}

void Breaker::abandon() noexcept {
    is_trying_ = false;
}

Breaker::State Breaker::state(Instant now) const noexcept {
    if (!is_open_) return State::closed;
    return is_trying_ || now >= open_until_ ? State::half_open : State::open;
}

}  // namespace weir::llm
