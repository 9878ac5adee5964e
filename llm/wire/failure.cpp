// SPDX-License-Identifier: MIT
#include <weir/llm/wire/failure.h>

#include <weir/http/wire/date.h>
#include <weir/llm/wire/error.h>

#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace weir::llm {
namespace {

struct Verdict {
    LlmErrc code;
    bool is_worth_retry;
    std::string_view advice;
};

constexpr double kSecondsMax = 365.0 * 24 * 3600;

/// The value of a retry header, in units of `unit`; zero where it is not a positive number.
Duration parse_wait(std::optional<std::string_view> header, Duration unit) {
    if (!header) return Duration::zero();
    const std::string_view text = trim_json(*header);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return Duration::zero();
    if (!std::isfinite(number) || number <= 0) return Duration::zero();
    const double seconds = std::min(number * to_seconds(unit), kSecondsMax);
    return Duration(static_cast<Duration::rep>(seconds * 1e9));
}

/// The same for a date (RFC 9110, 10.2.3), counted from when the response was made.
Duration parse_date(const RetryFields& retry) {
    if (!retry.after || !retry.date) return Duration::zero();
    const auto made = http::parse_http_date(*retry.date, 0);
    if (!made) return Duration::zero();
    const auto until = http::parse_http_date(*retry.after, *made);
    if (!until || *until <= *made) return Duration::zero();
    const double seconds = std::min(static_cast<double>(*until - *made), kSecondsMax);
    return Duration(static_cast<Duration::rep>(seconds * 1e9));
}

Duration wait_of(const RetryFields& retry) {
    Duration wait = parse_wait(retry.after_ms, std::chrono::milliseconds(1));
    if (wait == Duration::zero()) wait = parse_wait(retry.after, std::chrono::seconds(1));
    return wait == Duration::zero() ? parse_date(retry) : wait;
}

Verdict judge_client_error(int status) {
    switch (status) {
        case 401:
            return {LlmErrc::unauthorized, false, "check OPENAI_API_KEY"};
        case 403:
            return {LlmErrc::unauthorized, false,
                    "check that this key may use this model from here"};
        case 404:
            return {LlmErrc::bad_request, false, "check the base URL and the model's name"};
        case 413:
            return {LlmErrc::bad_request, false, "send less text or fewer images"};
        case 408:
        case 409:
        case 425:
            return {LlmErrc::try_again, true, "try again"};
        default:
            return {LlmErrc::bad_request, false, "correct the request"};
    }
}

Verdict judge(int status, const ErrorBody& body, Duration wait) {
    static constexpr std::string_view kPay = "add credit or raise the limit of this account";
    static constexpr std::string_view kSlowDown = "wait, then send fewer requests at a time";
    // A gateway's 402 that names a time to wait is a budget that fills up again.
    if (status == 402 && wait == Duration::zero()) return {LlmErrc::quota_exhausted, false, kPay};
    if (status == 402) return {LlmErrc::rate_limited, true, kSlowDown};
    if (status == 429 && is_out_of_money(body)) return {LlmErrc::quota_exhausted, false, kPay};
    if (status == 429) return {LlmErrc::rate_limited, true, kSlowDown};
    if (status == 503 || status == 529) {
        return {LlmErrc::overloaded, true, "try again later, or send fewer requests at a time"};
    }
    if (status >= 500) {
        const bool is_refusal = status == 501 || status == 505;
        return {LlmErrc::server_error, !is_refusal, "try again; if it stays so, ask the operator"};
    }
    if (status >= 400) return judge_client_error(status);
    return {LlmErrc::malformed_answer, false, "check the base URL: this is not an answer"};
}

/// Whether the server itself says that a retry is worth it; nothing where it does not.
std::optional<bool> should_retry(const RetryFields& retry) {
    if (!retry.should_retry) return std::nullopt;
    const std::string_view word = trim_json(*retry.should_retry);
    if (word == "true") return true;
    return word == "false" ? std::optional<bool>(false) : std::nullopt;
}

}  // namespace

Error failure_from_response(int status, std::string_view body, const RetryFields& retry,
                            std::string_view request_id) {
    ErrorBody told = read_error_body(body);
    if (!request_id.empty()) told.request_id = excerpt(request_id, 200);
    const Duration wait = wait_of(retry);

    Verdict verdict = judge(status, told, wait);
    if (const auto told_to = should_retry(retry);
        told_to && verdict.code != LlmErrc::quota_exhausted) {
        verdict.is_worth_retry = *told_to;
    }
    std::string message = "the server answered " + std::to_string(status) + ": " + describe(told);
    message += ": ";
    message += verdict.advice;
    if (to_seconds(wait) >= kSecondsMax) {
        message += " (it asked for a wait of a year or more, which is taken for one of a year)";
    }
    return Error(verdict.code, std::move(message)).with_retry(verdict.is_worth_retry, wait);
}

}  // namespace weir::llm
