// SPDX-License-Identifier: MIT
#include <weir/llm/wire/rate_limit.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace weir::llm {
namespace {

constexpr double kSecondsMax = 365.0 * 24 * 3600;
constexpr std::int64_t kCountMax = 1'000'000'000'000'000;

bool is_digit(char byte) noexcept {
    return byte >= '0' && byte <= '9';
}

Duration from_seconds(double seconds) noexcept {
    return Duration(static_cast<Duration::rep>(std::clamp(seconds, 0.0, kSecondsMax) * 1e9));
}

/// Takes "12" or "12.5" from the left. No sign, no exponent.
std::optional<double> take_decimal(std::string_view& text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && is_digit(text[size]))
        ++size;
    if (size == 0) return std::nullopt;
    if (size + 1 < text.size() && text[size] == '.' && is_digit(text[size + 1])) {
        ++size;
        while (size < text.size() && is_digit(text[size]))
            ++size;
    }
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + size, value, std::chars_format::fixed);
    if (error != std::errc() || end != text.data() + size) return std::nullopt;
    text.remove_prefix(size);
    return value;
}

/// Takes a unit of Go's durations, in seconds.
std::optional<double> take_unit(std::string_view& text) noexcept {
    struct Unit {
        std::string_view name;
        double seconds;
    };
    // A name that begins another one comes after it.
    static constexpr std::array<Unit, 8> kUnits = {{{"h", 3600},
                                                    {"ms", 1e-3},
                                                    {"m", 60},
                                                    {"us", 1e-6},
                                                    {"\xc2\xb5s", 1e-6},
                                                    {"\xce\xbcs", 1e-6},
                                                    {"ns", 1e-9},
                                                    {"s", 1}}};
    for (const Unit& unit : kUnits) {
        if (!text.starts_with(unit.name)) continue;
        text.remove_prefix(unit.name.size());
        return unit.seconds;
    }
    return std::nullopt;
}

std::optional<Duration> parse_spans(std::string_view text) noexcept {
    if (text.empty()) return std::nullopt;
    double seconds = 0;
    while (!text.empty()) {
        const std::optional<double> number = take_decimal(text);
        if (!number) return std::nullopt;
        const std::optional<double> unit = take_unit(text);
        if (!unit) return std::nullopt;
        seconds += *number * *unit;
    }
    return from_seconds(seconds);
}

std::optional<Duration> parse_number(std::string_view text,
                                     std::optional<http::UnixSeconds> made) noexcept {
    const std::optional<double> number = take_decimal(text);
    if (!number || !text.empty()) return std::nullopt;
    if (*number == 0) return std::nullopt;  // Azure: unknown
    if (*number < 1e6) return from_seconds(*number);
    if (*number < 1e9 || !made) return std::nullopt;
    const double at = *number < 1e11 ? *number : *number / 1e3;
    return from_seconds(at - static_cast<double>(*made));
}

/// Takes exactly `digits` digits and what follows them.
bool take_field(std::string_view& text, std::size_t digits, std::string_view after,
                int& value) noexcept {
    if (text.size() < digits + after.size()) return false;
    value = 0;
    for (const char byte : text.substr(0, digits)) {
        if (!is_digit(byte)) return false;
        value = value * 10 + (byte - '0');
    }
    text.remove_prefix(digits);
    if (!text.starts_with(after)) return false;
    text.remove_prefix(after.size());
    return true;
}

/// What follows the seconds of a timestamp, in seconds to add: a fraction and the zone.
std::optional<double> parse_fraction_and_zone(std::string_view text) noexcept {
    double fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        double unit = 0.1;
        if (text.empty() || !is_digit(text.front())) return std::nullopt;
        for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), unit /= 10)
            fraction += unit * (text.front() - '0');
    }
    if (text == "Z" || text == "z") return fraction;
    if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
    const double sign = text.front() == '+' ? -1 : 1;
    text.remove_prefix(1);
    int hours = 0;
    int minutes = 0;
    if (!take_field(text, 2, ":", hours) || !take_field(text, 2, "", minutes)) return std::nullopt;
    if (!text.empty() || hours > 23 || minutes > 59) return std::nullopt;
    return fraction + sign * (hours * 3600 + minutes * 60);
}

/// RFC 3339, 5.6.
std::optional<Duration> parse_timestamp(std::string_view text,
                                        std::optional<http::UnixSeconds> made) noexcept {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!take_field(text, 4, "-", year) || !take_field(text, 2, "-", month) ||
        !take_field(text, 2, "", day)) {
        return std::nullopt;
    }
    if (text.empty() || (text.front() != 'T' && text.front() != 't' && text.front() != ' ')) {
        return std::nullopt;
    }
    text.remove_prefix(1);
    if (!take_field(text, 2, ":", hour) || !take_field(text, 2, ":", minute) ||
        !take_field(text, 2, "", second)) {
        return std::nullopt;
    }
    const std::optional<double> rest = parse_fraction_and_zone(text);
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!rest || !made || !date.ok() || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t at = days * 86400 + hour * 3600 + minute * 60 + second;
    return from_seconds(static_cast<double>(at - *made) + *rest);
}

std::optional<Duration> parse_date(std::string_view text, std::optional<http::UnixSeconds> made) {
    if (!made) return std::nullopt;
    const auto at = http::parse_http_date(text, *made);
    if (!at) return std::nullopt;
    return from_seconds(static_cast<double>(*at - *made));
}

std::optional<std::int64_t> parse_count(std::string_view text) noexcept {
    text = http::trim_whitespace(text);
    const std::optional<double> number = take_decimal(text);
    if (!number || !text.empty()) return std::nullopt;
    return static_cast<std::int64_t>(std::min(*number, static_cast<double>(kCountMax)));
}

// The order of the members of RateLimitState; then, for each, where the numbers may come from.
enum Kind : std::size_t { requests, tokens, input_tokens, output_tokens, kKinds };
enum Source : std::size_t { plain, paid_use, project, unnamed, kSources };
enum class What { limit, remaining, reset };

struct Place {
    Kind kind;
    Source source;
    What what;
};

/// Lower case, cut to a length that no name here has.
class LowerName {
public:
    explicit LowerName(std::string_view name) noexcept : size_(std::min(name.size(), kBytes)) {
        for (std::size_t i = 0; i < size_; ++i) {
            const char byte = name[i];
            text_[i] = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
        }
    }
    std::string_view view() const noexcept { return std::string_view(text_.data(), size_); }

private:
    static constexpr std::size_t kBytes = 64;
    std::array<char, kBytes> text_{};
    std::size_t size_;
};

bool take_prefix(std::string_view& text, std::string_view prefix) noexcept {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) noexcept {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    return true;
}

std::optional<Kind> kind_of(std::string_view name) noexcept {
    if (name == "requests") return requests;
    if (name == "tokens") return tokens;
    if (name == "input-tokens") return input_tokens;
    if (name == "output-tokens") return output_tokens;
    return std::nullopt;
}

std::optional<Place> place_of_common(std::string_view name) noexcept {
    What what = What::limit;
    if (take_prefix(name, "remaining")) {
        what = What::remaining;
    } else if (take_prefix(name, "reset")) {
        what = What::reset;
    } else if (!take_prefix(name, "limit")) {
        return std::nullopt;
    }
    if (name.empty()) return Place{requests, unnamed, what};
    if (!take_prefix(name, "-")) return std::nullopt;
    Source source = plain;
    if (take_suffix(name, "_usage_based")) {
        source = paid_use;
    } else if (take_prefix(name, "project-")) {
        source = project;
    }
    const std::optional<Kind> kind = kind_of(name);
    if (!kind) return std::nullopt;
    return Place{*kind, source, what};
}

std::optional<Place> place_of_anthropic(std::string_view name) noexcept {
    What what = What::limit;
    if (take_suffix(name, "-remaining")) {
        what = What::remaining;
    } else if (take_suffix(name, "-reset")) {
        what = What::reset;
    } else if (!take_suffix(name, "-limit")) {
        return std::nullopt;
    }
    const std::optional<Kind> kind = kind_of(name);
    if (!kind) return std::nullopt;
    return Place{*kind, plain, what};
}

std::optional<Place> place_of(std::string_view field_name) noexcept {
    const LowerName lower(field_name);
    std::string_view name = lower.view();
    if (take_prefix(name, "x-ratelimit-")) return place_of_common(name);
    if (take_prefix(name, "anthropic-ratelimit-")) return place_of_anthropic(name);
    return std::nullopt;
}

/// Of a bucket that is refilled all the time, reset is (limit - remaining) / limit of its window. A
/// number without a unit is rounded, or the end of a fixed window: it says nothing of that.
bool counts_by_the_day(const RateLimit& found, std::string_view reset) noexcept {
    const bool has_unit = reset.ends_with('s') || reset.ends_with('m') || reset.ends_with('h');
    if (!has_unit || !found.limit || !found.remaining || !found.reset) return false;
    if (*found.remaining >= *found.limit) return false;
    const double part = static_cast<double>(*found.limit - *found.remaining);
    const double window = to_seconds(*found.reset) * static_cast<double>(*found.limit) / part;
    constexpr double kBetweenMinuteAndDay = 2 * 3600;
    return window > kBetweenMinuteAndDay;
}

class Found {
public:
    RateLimit values;
    std::string_view reset_text;

    void add(What what, std::string_view text, std::optional<http::UnixSeconds> made) {
        switch (what) {
            case What::limit:
                values.limit = parse_count(text);
                if (values.limit == 0) values.limit.reset();
                return;
            case What::remaining:
                values.remaining = parse_count(text);
                return;
            case What::reset:
                reset_text = http::trim_whitespace(text);
                values.reset = parse_rate_limit_reset(reset_text, made);
                return;
        }
    }
    void finish() {
        // Nothing left of an unknown limit is what Azure says when it does not know.
        if (!values.limit && values.remaining == 0) values.remaining.reset();
        if (counts_by_the_day(values, reset_text)) values.window = std::chrono::hours(24);
    }
};

bool is_tighter(const RateLimit& one, const RateLimit& other) noexcept {
    if (other.is_empty()) return !one.is_empty();
    return one.remaining && (!other.remaining || *one.remaining < *other.remaining);
}

}  // namespace

std::optional<Duration> parse_rate_limit_reset(std::string_view text,
                                               std::optional<http::UnixSeconds> made) {
    text = http::trim_whitespace(text);
    if (auto spans = parse_spans(text)) return spans;
    if (auto number = parse_number(text, made)) return number;
    if (auto timestamp = parse_timestamp(text, made)) return timestamp;
    return parse_date(text, made);
}

RateLimitState rate_limit_state(const http::Headers& headers) {
    std::optional<http::UnixSeconds> made;
    if (const auto date = headers.get("date")) made = http::parse_http_date(*date, 0);
    std::array<std::array<Found, kSources>, kKinds> found;
    for (const http::Field field : headers) {
        const std::optional<Place> place = place_of(field.name);
        if (place) found[place->kind][place->source].add(place->what, field.value, made);
    }
    RateLimitState state;
    const std::array<RateLimit*, kKinds> out = {&state.requests, &state.tokens, &state.input_tokens,
                                                &state.output_tokens};
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        for (Found& from : found[kind]) {
            from.finish();
            if (is_tighter(from.values, *out[kind])) *out[kind] = from.values;
        }
    }
    return state;
}

}  // namespace weir::llm
