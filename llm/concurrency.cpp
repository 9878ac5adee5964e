// SPDX-License-Identifier: MIT
#include "llm/concurrency.h"

#include <weir/runtime/base/assert.h>
#include <algorithm>
#include <cmath>

namespace weir::llm::detail {
namespace {

constexpr double kCut = 0.7;
/// A window of which less than this part is in use says nothing of what the server can bear.
constexpr double kInUse = 0.5;

}  // namespace

Concurrency::Concurrency(const LimiterOptions& options) noexcept
    : least_(options.concurrency_least()),
      most_(options.concurrency_most()),
      window_(static_cast<double>(options.concurrency_start())) {
    if (options.tokens_in_flight()) tokens_most_ = static_cast<double>(*options.tokens_in_flight());
    token_window_ = tokens_most_;
}

void Concurrency::enter(std::int64_t tokens) noexcept {
    ++in_flight_;
    tokens_in_flight_ += tokens;
}

void Concurrency::leave(std::int64_t tokens) noexcept {
    WEIR_CHECK(in_flight_ > 0);
    --in_flight_;
    tokens_in_flight_ -= tokens;
}

void Concurrency::succeeded(std::int64_t tokens) noexcept {
    const double part = static_cast<double>(tokens) / token_window_;
    if (static_cast<double>(tokens_in_flight_) >= token_window_ * kInUse && part > 0) {
        token_window_ = std::min(token_window_ + static_cast<double>(tokens) * part, tokens_most_);
    }
    if (static_cast<double>(in_flight_) < window_ * kInUse) return;
    window_ = std::min(window_ + (is_starting_ ? 1 : 1 / window_), static_cast<double>(most_));
}

void Concurrency::refused(std::uint64_t number, std::uint64_t next) noexcept {
    if (number < cut_before_) return;
    cut_before_ = next;
    is_starting_ = false;
    // A window that was never filled is no measure of what was too much.
    const double used = std::min(window_, static_cast<double>(in_flight_) / kInUse);
    window_ = std::max(used * kCut, static_cast<double>(least_));
    const double tokens = static_cast<double>(tokens_in_flight_) / kInUse;
    if (tokens > 0) token_window_ = std::max(std::min(token_window_, tokens) * kCut, 1.0);
}

}  // namespace weir::llm::detail
