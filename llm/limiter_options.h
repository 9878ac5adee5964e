// SPDX-License-Identifier: MIT
//
// The values that a limiter takes: how it is made, what a call asks for, and how a call ended.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/rate_limit.h>
#include <weir/runtime/base/time.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weir::llm {

/// Whose turn comes first.
enum class Priority { high, normal, low };

/// What a call is expected to take. Negative numbers count as none.
class Demand {
public:
    /// `output`: max_tokens, where the server reserves so much; a fair guess otherwise.
    explicit Demand(std::int64_t input, std::int64_t output,
                    Priority its_class = Priority::normal) noexcept
        : input_tokens(std::max<std::int64_t>(input, 0)),
          output_tokens(std::max<std::int64_t>(output, 0)),
          priority(its_class) {}

    std::int64_t input_tokens;
    std::int64_t output_tokens;
    Priority priority;
};

/// How a call ended, for CallPermit::settle().
class CallOutcome {
public:
    /// The status of the answer, or 0 where there was none.
    explicit CallOutcome(int status) noexcept : status_(status) {}

    /// What the server counted. Without it, an answer took what was estimated.
    CallOutcome& usage(const Usage& usage) noexcept { return usage_ = usage, *this; }
    CallOutcome& limits(const RateLimitState& limits) noexcept { return limits_ = limits, *this; }
    /// As Error::retry_after() gives it. Nobody is admitted before it is over.
    CallOutcome& retry_after(Duration wait) noexcept { return retry_after_ = wait, *this; }

    int status() const noexcept { return status_; }
    const std::optional<Usage>& usage() const noexcept { return usage_; }
    const RateLimitState& limits() const noexcept { return limits_; }
    Duration retry_after() const noexcept { return retry_after_; }
    /// 429, 503 and 529: the server has more to do than it can.
    bool is_refused() const noexcept { return status_ == 429 || status_ == 503 || status_ == 529; }

private:
    int status_;
    std::optional<Usage> usage_;
    RateLimitState limits_;
    Duration retry_after_ = Duration::zero();
};

/// Limits are per minute; one that is not set is learnt from headers, or there is none.
class LimiterOptions {
public:
    LimiterOptions() noexcept {}

    LimiterOptions& requests_per_minute(std::int64_t limit) noexcept {
        return limits_.requests.limit = limit, *this;
    }
    /// Of input and output together.
    LimiterOptions& tokens_per_minute(std::int64_t limit) noexcept {
        return limits_.tokens.limit = limit, *this;
    }
    LimiterOptions& input_tokens_per_minute(std::int64_t limit) noexcept {
        return limits_.input_tokens.limit = limit, *this;
    }
    LimiterOptions& output_tokens_per_minute(std::int64_t limit) noexcept {
        return limits_.output_tokens.limit = limit, *this;
    }
    /// Whether headers are believed. True by default. What is configured stays a ceiling: headers
    /// can lower it, but do not raise it.
    LimiterOptions& learn_from_headers(bool learn) noexcept { return learns_ = learn, *this; }
    /// How many calls may be in flight: between these, found out by trying. 1 and 256 by default.
    LimiterOptions& concurrency(std::size_t least, std::size_t most) noexcept {
        least_ = std::max<std::size_t>(least, 1);
        most_ = std::max(most, least_);
        return *this;
    }
    /// With how many it begins: 8, or what lies within the bounds. The number doubles with each
    /// round of answers until the server first refuses.
    LimiterOptions& concurrency_start(std::size_t calls) noexcept { return start_ = calls, *this; }
    /// How many tokens, input and output as estimated, may be in flight at most. No limit by
    /// default, until a server refuses.
    LimiterOptions& tokens_in_flight(std::int64_t most) noexcept {
        return tokens_in_flight_ = std::max<std::int64_t>(most, 1), *this;
    }
    /// Which part of each limit is kept back, in [0, 0.5]: what is on the way may arrive closer
    /// together than it was sent. 0.02 by default: 1.2 seconds of a minute. It costs nothing in the
    /// long run.
    LimiterOptions& headroom(double part) noexcept {
        return headroom_ = std::clamp(part, 0.0, 0.5), *this;
    }

    const RateLimitState& limits() const noexcept { return limits_; }
    bool learns() const noexcept { return learns_; }
    std::size_t concurrency_least() const noexcept { return least_; }
    std::size_t concurrency_most() const noexcept { return most_; }
    std::size_t concurrency_start() const noexcept { return std::clamp(start_, least_, most_); }
    const std::optional<std::int64_t>& tokens_in_flight() const noexcept {
        return tokens_in_flight_;
    }
    double headroom() const noexcept { return headroom_; }

private:
    RateLimitState limits_;
    bool learns_ = true;
    std::size_t least_ = 1;
    std::size_t most_ = 256;
    std::size_t start_ = 8;
    std::optional<std::int64_t> tokens_in_flight_;
    double headroom_ = 0.02;
};

}  // namespace weir::llm
