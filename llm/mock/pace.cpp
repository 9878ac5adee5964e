// SPDX-License-Identifier: MIT
#include <weir/llm/mock/pace.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>

namespace weir::llm::mock {
namespace {

constexpr Duration kLongest = std::chrono::hours(1);

// In (0, 1]: a logarithm of it is finite.
double draw_fraction(Random& random) noexcept {
    return (static_cast<double>(random.next() >> 11) + 1.0) * 0x1p-53;
}

double draw_normal(Random& random) noexcept {
    constexpr double kTwoPi = 6.283185307179586;
    const double length = std::sqrt(-2.0 * std::log(draw_fraction(random)));
    return length * std::cos(kTwoPi * draw_fraction(random));
}

Duration bounded(double nanoseconds) noexcept {
    const auto most = static_cast<double>(kLongest.count());
    return Duration(static_cast<std::int64_t>(std::clamp(nanoseconds, 0.0, most)));
}

Error bad_pace(std::string_view text) {
    return Error(Errc::bad_argument,
                 "'" + std::string(text) +
                     "' is no pace: it is a span such as 200ms, or uniform:100ms,300ms, "
                     "exponential:200ms, or lognormal:200ms,0.5");
}

bool read_number(std::string_view text, double& value, std::string_view& rest) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || !std::isfinite(value)) return false;
    rest = text.substr(static_cast<std::size_t>(read.ptr - text.data()));
    return true;
}

}  // namespace

Result<Duration> parse_span(std::string_view text) {
    double value = 0;
    std::string_view unit;
    double scale = 0;
    if (read_number(text, value, unit)) {
        if (unit == "us") scale = 1e3;
        if (unit == "ms" || unit.empty()) scale = 1e6;
        if (unit == "s") scale = 1e9;
        if (unit == "m") scale = 60e9;
    }
    if (scale == 0 || value < 0 || value * scale > static_cast<double>(kLongest.count())) {
        return Error(Errc::bad_argument, "'" + std::string(text) +
                                             "' is no span of time from 0 to an hour: write 200ms, "
                                             "1.5s or 2m");
    }
    return bounded(std::round(value * scale));
}

Result<Pace> Pace::parse(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        Result<Duration> span = parse_span(text);
        if (!span) return bad_pace(text);
        return Pace(*span);
    }
    const std::string_view kind = text.substr(0, colon);
    const std::string_view values = text.substr(colon + 1);
    const std::size_t comma = values.find(',');
    Result<Duration> first = parse_span(values.substr(0, comma));
    if (!first) return bad_pace(text);
    if (comma == std::string_view::npos) {
        if (kind == "constant") return Pace(*first);
        if (kind == "exponential") return exponential(*first);
        return bad_pace(text);
    }
    const std::string_view second = values.substr(comma + 1);
    if (kind == "uniform") {
        Result<Duration> high = parse_span(second);
        if (high && *high >= *first) return uniform(*first, *high);
    }
    double sigma = 0;
    std::string_view rest;
    if (kind == "lognormal" && read_number(second, sigma, rest) && rest.empty() && sigma >= 0) {
        return lognormal(*first, sigma);
    }
    return bad_pace(text);
}

Duration Pace::draw(Random& random) const noexcept {
    const auto low = static_cast<double>(low_.count());
    const auto high = static_cast<double>(high_.count());
    switch (kind_) {
        case Kind::constant:
            return low_;
        case Kind::uniform:
            return bounded(low + (high - low) * draw_fraction(random));
        case Kind::exponential:
            return bounded(-low * std::log(draw_fraction(random)));
        case Kind::lognormal:
            return bounded(low * std::exp(sigma_ * draw_normal(random)));
    }
    return low_;
}

}  // namespace weir::llm::mock
