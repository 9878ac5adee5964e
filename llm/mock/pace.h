// SPDX-License-Identifier: MIT
//
// A span of time that is drawn anew each time: always the same, or by a distribution. Drawn from a
// seeded generator, so that two runs wait equally long.
#pragma once

#include <weir/runtime/base/random.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <cstdint>
#include <string_view>

namespace weir::llm::mock {

class Pace {
public:
    /// Always `span`.
    explicit Pace(Duration span) noexcept : Pace(Kind::constant, span, span, 0) {}

    /// Each span from `low` to `high` is equally likely.
    static Pace uniform(Duration low, Duration high) noexcept {
        return Pace(Kind::uniform, low, high, 0);
    }
    /// As between events that know nothing of each other.
    static Pace exponential(Duration mean) noexcept {
        return Pace(Kind::exponential, mean, mean, 0);
    }
    /// Half of the spans are shorter than `median`, and a few much longer: the more, the larger
    /// `sigma` is, the standard deviation of the span's logarithm. What latencies mostly look like.
    static Pace lognormal(Duration median, double sigma) noexcept {
        return Pace(Kind::lognormal, median, median, sigma);
    }

    /// "200ms" or "200" (milliseconds), "uniform:100ms,300ms", "exponential:200ms",
    /// "lognormal:200ms,0.5". Units are us, ms, s and m. Errc::bad_argument for anything else, and
    /// for spans of more than an hour.
    static Result<Pace> parse(std::string_view text);

    /// Never negative, and never more than an hour.
    Duration draw(Random& random) const noexcept;
    bool is_constant() const noexcept { return kind_ == Kind::constant; }

private:
    enum class Kind : std::uint8_t { constant, uniform, exponential, lognormal };

    Pace(Kind kind, Duration low, Duration high, double sigma) noexcept
        : low_(low), high_(high), sigma_(sigma), kind_(kind) {}

    Duration low_;  // or the mean, or the median
    Duration high_;
    double sigma_;
    Kind kind_;
};

/// "1.5s", "200ms", "200" (milliseconds): a span from zero to an hour. Units are us, ms, s and m.
Result<Duration> parse_span(std::string_view text);

}  // namespace weir::llm::mock
