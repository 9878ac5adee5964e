// SPDX-License-Identifier: MIT
#include "llm/mock/limiter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace weir::llm::mock {
namespace {

constexpr double kMinute = 60e9;

std::int64_t whole_seconds(Duration span) noexcept {
    return std::chrono::ceil<std::chrono::seconds>(span).count();
}

std::int64_t whole_milliseconds(Duration span) noexcept {
    return std::chrono::ceil<std::chrono::milliseconds>(span).count();
}

}  // namespace

// --- buckets -------------------------------------------------------------------------------------

void Limiter::Bucket::refill(Instant now) noexcept {
    const auto full = static_cast<double>(limit);
    if (now > at) level += full * static_cast<double>((now - at).count()) / kMinute;
    level = std::min(level, full);
    at = now;
}

Duration Limiter::Bucket::time_to(double wanted) const noexcept {
    const double lack = std::max(0.0, wanted - level);
    return Duration(
        static_cast<std::int64_t>(std::ceil(lack * kMinute / static_cast<double>(limit))));
}

void Limiter::refill(Instant now) noexcept {
    for (Bucket* bucket : {&requests_, &tokens_, &input_, &output_}) {
        if (bucket->is_on()) bucket->refill(now);
    }
}

std::optional<LimitRefusal> Limiter::admit(Instant now, std::int64_t input, std::int64_t output) {
    struct Charge {
        Bucket* bucket;
        std::int64_t amount;
        const char* name;
    };
    const std::array<Charge, 4> charges = {
        Charge{&requests_, 1, "requests"}, Charge{&tokens_, input + output, "tokens"},
        Charge{&input_, input, "input tokens"}, Charge{&output_, output, "output tokens"}};
    refill(now);
    const Charge* lacking = nullptr;
    Duration wait = Duration::zero();
    for (const Charge& charge : charges) {
        if (!charge.bucket->is_on()) continue;
        const Duration needed = charge.bucket->time_to(static_cast<double>(charge.amount));
        if (charge.amount > charge.bucket->limit) {
            return LimitRefusal("Request too large for " + std::string(charge.name) +
                                    " per minute: limit " + std::to_string(charge.bucket->limit) +
                                    ", requested " + std::to_string(charge.amount) + ".",
                                std::nullopt);
        }
        if (needed <= wait) continue;
        wait = needed;
        lacking = &charge;
    }
    if (lacking != nullptr) {
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "%.3f", to_seconds(wait));
        return LimitRefusal("Rate limit reached for " + std::string(lacking->name) +
                                " per minute: limit " + std::to_string(lacking->bucket->limit) +
                                ". Please try again in " + seconds + "s.",
                            wait);
    }
    for (const Charge& charge : charges) {
        if (charge.bucket->is_on()) charge.bucket->level -= static_cast<double>(charge.amount);
    }
    return std::nullopt;
}

// --- fields --------------------------------------------------------------------------------------

void Limiter::add_fields(http::Headers& headers, Protocol protocol, const Dialect& dialect,
                         Instant now, std::int64_t unix_now) {
    refill(now);
    if (protocol == Protocol::messages) {
        add_anthropic(headers, requests_, "requests", unix_now);
        add_anthropic(headers, tokens_, "tokens", unix_now);
        add_anthropic(headers, input_, "input-tokens", unix_now);
        add_anthropic(headers, output_, "output-tokens", unix_now);
        return;
    }
    add_openai(headers, requests_, "requests", dialect);
    add_openai(headers, tokens_, "tokens", dialect);
}

void Limiter::add_openai(http::Headers& headers, const Bucket& bucket, std::string_view name,
                         const Dialect& dialect) const {
    if (!bucket.is_on()) return;
    const auto add = [&](std::string_view what, const std::string& value) {
        headers.add("x-ratelimit-" + std::string(what) + "-" + std::string(name), value);
    };
    const Duration until_full = bucket.time_to(static_cast<double>(bucket.limit));
    add("limit", std::to_string(bucket.limit));
    add("remaining", std::to_string(static_cast<std::int64_t>(bucket.level)));
    add("reset", dialect.has_numeric_resets ? std::to_string(whole_seconds(until_full))
                                            : go_duration(until_full));
}

void Limiter::add_anthropic(http::Headers& headers, const Bucket& bucket, std::string_view name,
                            std::int64_t unix_now) const {
    if (!bucket.is_on()) return;
    const std::string prefix = "anthropic-ratelimit-" + std::string(name) + "-";
    const Duration until_full = bucket.time_to(static_cast<double>(bucket.limit));
    headers.add(prefix + "limit", std::to_string(bucket.limit));
    headers.add(prefix + "remaining", std::to_string(static_cast<std::int64_t>(bucket.level)));
    headers.add(prefix + "reset", rfc3339(unix_now + whole_seconds(until_full)));
}

void Limiter::add_retry(http::Headers& headers, const Dialect& dialect, Duration wait) {
    headers.add("Retry-After", std::to_string(whole_seconds(wait)));
    if (dialect.has_numeric_resets) {
        headers.add("retry-after-ms", std::to_string(whole_milliseconds(wait)));
    }
}

std::string go_duration(Duration span) {
    const std::int64_t total = whole_milliseconds(span);
    if (total < 1000) return std::to_string(total) + "ms";
    std::string out;
    const std::int64_t hours = total / 3'600'000;
    const std::int64_t minutes = total / 60'000 % 60;
    if (hours > 0) out += std::to_string(hours) + "h";
    if (total >= 60'000) out += std::to_string(minutes) + "m";
    out += std::to_string(total / 1000 % 60);
    if (total % 1000 != 0) {
        std::string fraction = std::to_string(total % 1000 + 1000).substr(1);
        fraction.erase(fraction.find_last_not_of('0') + 1);
        out += "." + fraction;
    }
    return out += "s";
}

std::string rfc3339(std::int64_t unix_seconds) {
    using namespace std::chrono;
    const sys_seconds time{seconds(unix_seconds)};
    const sys_days day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text;
}

}  // namespace weir::llm::mock
