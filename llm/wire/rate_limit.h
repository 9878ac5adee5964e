// SPDX-License-Identifier: MIT
//
// What a server's headers say of its rate limits: how much a window of time allows, how much is
// left, and when it will be full again. OpenAI, Azure, Groq, Anthropic and OpenRouter each write
// it in a way of their own; here it is one. No clock is read: dates count from the response's own.
#pragma once

#include <weir/http/wire/date.h>
#include <weir/http/wire/headers.h>
#include <weir/runtime/base/time.h>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::llm {

/// One limit, as the server saw it when it took the request in. What it did not say is empty.
class RateLimit {
public:
    RateLimit() noexcept {}

    std::optional<std::int64_t> limit;      ///< in a window; positive
    std::optional<std::int64_t> remaining;  ///< not negative
    std::optional<Duration> reset;          ///< until all of it is there again, not: a part
    /// A minute, or a day where limit, remaining and reset only fit together so: a server that
    /// counts requests by the day uses the same names.
    Duration window = std::chrono::minutes(1);

    bool is_empty() const noexcept { return !limit && !remaining && !reset; }
    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

/// All limits that a response speaks of.
class RateLimitState {
public:
    RateLimitState() noexcept {}

    RateLimit requests;
    RateLimit tokens;  ///< of both directions together
    RateLimit input_tokens;
    RateLimit output_tokens;

    bool is_empty() const noexcept {
        return requests.is_empty() && tokens.is_empty() && input_tokens.is_empty() &&
               output_tokens.is_empty();
    }
    friend bool operator==(const RateLimitState&, const RateLimitState&) = default;
};

/// Reads `x-ratelimit-*`, with the variants for projects and for paid use, of which the one with
/// the least left counts; `anthropic-ratelimit-*`; and plain `X-RateLimit-Limit`, which is of
/// requests. What cannot be read, and Azure's -1 and 0 for "unknown", is left out.
RateLimitState rate_limit_state(const http::Headers& headers);

/// The value of a reset: "6m0s"; seconds from now; seconds or milliseconds since 1970; a timestamp
/// of RFC 3339; an HTTP date. The last three count from `made`, the response's own Date, and are
/// nothing without it; zero where they are past. At most a year.
std::optional<Duration> parse_rate_limit_reset(std::string_view text,
                                               std::optional<http::UnixSeconds> made);

}  // namespace weir::llm
