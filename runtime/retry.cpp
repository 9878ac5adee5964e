// SPDX-License-Identifier: MIT
#include <weir/runtime/retry.h>

#include <algorithm>
#include <cmath>

namespace weir {

std::optional<Duration> RetryPolicy::delay_after(int attempt, const Error& error,
                                                 double chance) const {
    if (attempt >= attempts_max_) return std::nullopt;
    const bool is_worth_it = only_if_ ? only_if_(error) : error.worth_retry().value_or(true);
    if (!is_worth_it) return std::nullopt;
    // In doubles, where growing without end is no overflow.
    const double longest = static_cast<double>(delay_max_.count());
    const double grown = static_cast<double>(first_delay_.count()) * std::pow(factor_, attempt - 1);
    const double whole = std::min(grown, longest) * (1.0 + jitter_ * chance);
    const Duration delay(static_cast<Duration::rep>(std::min(whole, 1e18)));
    return std::max(delay, error.retry_after());
}

Task<bool> detail::wait_to_retry(const RetryPolicy& policy, int attempt, const Error& error) {
    Reactor& reactor = Reactor::current();
    const double chance = static_cast<double>(reactor.random().below(1 << 20)) / (1 << 20);
    const std::optional<Duration> delay = policy.delay_after(attempt, error, chance);
    if (!delay) co_return false;
    const Instant next = saturating_add(reactor.now(), *delay);
    const Instant deadline = co_await current_deadline();
    if (next >= deadline) co_return false;
    co_await sleep_until(next);
    co_return true;
}

Error detail::after_attempts(Error error, int attempts) {
    if (attempts == 1) return error;
    return std::move(error).with_context("after " + std::to_string(attempts) + " attempts");
}

}  // namespace weir
