// SPDX-License-Identifier: MIT
#include "llm/limiter_bucket.h"

#include <algorithm>
#include <cmath>

namespace weir::llm::detail {
namespace {

constexpr double kAlmost = 1e-6;  // sums of fractions are not exact
/// Headers of calls that overtook each other, or that are older than what is settled since, differ
/// from the truth in both directions. To believe less at once and more by and by errs to the safe
/// side, and a level that is too low by a constant costs nothing: only the rate counts.
constexpr double kUpward = 0.25;
/// How long, in seconds, until what others take is known by about two thirds.
constexpr double kOthersMemory = 20;
/// Others are never believed to take more than this part.
constexpr double kOthersMost = 0.95;
constexpr double kLongest = 24.0 * 24 * 3600;

}  // namespace

Bucket::Bucket(const RateLimit& configured, double headroom) noexcept : headroom_(headroom) {
    if (!configured.limit || *configured.limit <= 0) return;
    configured_ = static_cast<double>(*configured.limit);
    set_limit(configured_, configured.window);
    level_ = capacity_;
}

void Bucket::advance(Instant now) noexcept {
    if (now <= now_) return;
    const double seconds = to_seconds(now - now_);
    now_ = now;
    if (is_limited()) add(refill() * seconds);
}

bool Bucket::fits(double amount) const noexcept {
    // One that needs more than is ever there, and less than the limit, waits for all that is.
    return !is_limited() || amount <= 0 || level_ + kAlmost >= std::min(amount, capacity_);
}

Duration Bucket::time_until(double amount) const noexcept {
    if (fits(amount)) return Duration::zero();
    const double missing = std::min(amount, capacity_) - level_;
    const double seconds = std::min(missing / refill(), kLongest);
    return Duration(static_cast<Duration::rep>(std::ceil(seconds * 1e9)));
}

double Bucket::take(double amount) noexcept {
    level_ -= amount;
    return level_ - correction_;
}

void Bucket::settle(double reserved, double actual) noexcept {
    if (actual > reserved || !follows()) add(reserved - actual);
}

void Bucket::learn(const RateLimit& found, double mark, Instant sent) noexcept {
    const bool was_limited = is_limited();
    if (found.limit) {
        learned_ = static_cast<double>(*found.limit);
        const bool is_ceiling = configured_ > 0 && configured_ < learned_;
        set_limit(is_ceiling ? configured_ : learned_, found.window);
        level_ = was_limited ? std::min(level_, capacity_) : level_;
    }
    if (!is_limited()) return;  // what is left of an unknown limit helps nobody
    if (heard_of_ && sent < *heard_of_) return;
    if (!found.remaining && was_limited) return;
    heard_of_ = sent;

    const double left = found.remaining ? static_cast<double>(*found.remaining) : limit_;
    const double error = left - headroom_ * limit_ - (mark + correction_);
    if (!was_limited) {
        correction_ += error;
        add(error + refill() * to_seconds(now_ - sent));
        return;
    }
    double step = error < 0 ? error : error * kUpward;
    if (follows()) {
        others_ = std::clamp(others_ - step / kOthersMemory, 0.0, rate_ * kOthersMost);
    } else {
        // The server has room above our ceiling: only what was taken away before comes back.
        step = std::min(step, -correction_);
    }
    correction_ += step;
    add(step);
}

void Bucket::learn_empty(double mark) noexcept {
    const double error = -headroom_ * limit_ - (mark + correction_);
    if (!is_limited() || error >= 0) return;
    correction_ += error;
    add(error);
}

void Bucket::add(double amount) noexcept {
    level_ = std::min(level_ + amount, capacity_);
}

void Bucket::set_limit(double limit, Duration window) noexcept {
    limit_ = limit;
    capacity_ = limit * (1 - headroom_);
    rate_ = limit / to_seconds(window);
    others_ = std::min(others_, rate_ * kOthersMost);
}

}  // namespace weir::llm::detail
