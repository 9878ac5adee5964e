// SPDX-License-Identifier: MIT
//
// The buckets of llm/mock/limits.h, and the fields of responses that tell how full they are.
#pragma once

#include <weir/http/wire/headers.h>
#include <weir/llm/mock/limits.h>
#include <weir/runtime/base/time.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "llm/mock/dialect.h"
#include "llm/mock/request.h"

namespace weir::llm::mock {

/// Why a call is not let through.
class LimitRefusal {
public:
    LimitRefusal(std::string words, std::optional<Duration> span)
        : message(std::move(words)), wait(span) {}

    std::string message;
    std::optional<Duration> wait;  ///< until it would be; nothing where that will never be
};

class Limiter {
public:
    explicit Limiter(const Limits& limits) noexcept
        : requests_(limits.requests),
          tokens_(limits.tokens),
          input_(limits.input),
          output_(limits.output) {}

    /// Charges a call to all buckets, or, where one lacks something, to none.
    std::optional<LimitRefusal> admit(Instant now, std::int64_t input, std::int64_t output);

    /// What is left, in the words of the protocol. `unix_now` are seconds since 1970.
    void add_fields(http::Headers& headers, Protocol protocol, const Dialect& dialect, Instant now,
                    std::int64_t unix_now);
    /// When to come again: Retry-After in whole seconds, and in milliseconds where servers do that.
    static void add_retry(http::Headers& headers, const Dialect& dialect, Duration wait);

private:
    class Bucket {
    public:
        explicit Bucket(std::int64_t per_minute) noexcept
            : limit(per_minute), level(static_cast<double>(per_minute)) {}

        bool is_on() const noexcept { return limit > 0; }
        void refill(Instant now) noexcept;
        /// How long until there is so much in it.
        Duration time_to(double wanted) const noexcept;

        std::int64_t limit;
        double level;
        Instant at{};
    };

    void refill(Instant now) noexcept;
    void add_openai(http::Headers& headers, const Bucket& bucket, std::string_view name,
                    const Dialect& dialect) const;
    void add_anthropic(http::Headers& headers, const Bucket& bucket, std::string_view name,
                       std::int64_t unix_now) const;

    Bucket requests_;
    Bucket tokens_;
    Bucket input_;
    Bucket output_;
};

/// "1h2m3.5s", "6m0s", "12ms": a span as Go writes it, and OpenAI with it. In milliseconds.
std::string go_duration(Duration span);
/// "2025-01-01T00:00:00Z".
std::string rfc3339(std::int64_t unix_seconds);

}  // namespace weir::llm::mock
