// SPDX-License-Identifier: MIT
#include <weir/llm/mock/script.h>

#include <weir/runtime/base/random.h>

#include "llm/mock/dialect.h"

#include <charconv>
#include <chrono>

namespace weir::llm::mock {
namespace {

using namespace std::chrono_literals;

Error unknown_fault(std::string_view name) {
    return Error(Errc::bad_argument,
                 "there is no fault '" + std::string(name) +
                     "': it is one of silent, reset, cut[:TOKENS], close, error[:TOKENS], "
                     "stall[:SPAN], slow[:SPAN], malformed, comments, no-done, open, "
                     "no-finish-reason, error-200, html");
}

// What stands after the colon.
Result<int> read_count(std::string_view value, int fallback) {
    if (value.empty()) return fallback;
    int count = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), count);
    if (read.ec != std::errc() || read.ptr != value.data() + value.size() || count < 0) {
        return Error(Errc::bad_argument, "'" + std::string(value) + "' is no number of tokens");
    }
    return count;
}

Result<Duration> read_span(std::string_view value, Duration fallback) {
    if (value.empty()) return fallback;
    return parse_span(value);
}

}  // namespace

Result<void> Script::fault(std::string_view name) {
    const std::size_t colon = name.find(':');
    const std::string_view kind = name.substr(0, colon);
    const std::string_view value = colon == name.npos ? "" : name.substr(colon + 1);
    if (kind == "cut" || kind == "error") {
        Result<int> count = read_count(value, kHalf);
        if (!count) return std::move(count).error();
        return (kind == "cut" ? faults_.cut_after : faults_.fails_after) = *count, Result<void>();
    }
    if (kind == "stall" || kind == "slow") {
        Result<Duration> span = read_span(value, kind == "stall" ? Duration(30s) : 100ms);
        if (!span) return std::move(span).error();
        return (kind == "stall" ? faults_.stall : faults_.byte_interval) = *span, Result<void>();
    }
    if (!value.empty()) return unknown_fault(name);
    if (kind == "silent") return silent(), Result<void>();
    if (kind == "reset") return reset(), Result<void>();
    if (kind == "close") return close_in_body(), Result<void>();
    if (kind == "malformed") return malformed(), Result<void>();
    if (kind == "comments") return comments_only(), Result<void>();
    if (kind == "no-done") return without_done(), Result<void>();
    if (kind == "open") return open_after_done(), Result<void>();
    if (kind == "no-finish-reason") return without_finish_reason(), Result<void>();
    if (kind == "error-200") return error_with_200(), Result<void>();
    if (kind == "html") return html(), Result<void>();
    return unknown_fault(name);
}

Result<void> Script::dialect(std::string_view name) {
    const Dialect* found = Dialect::find(name);
    if (found == nullptr) {
        return Error(Errc::bad_argument, "there is no dialect '" + std::string(name) +
                                             "': it is one of " + Dialect::names());
    }
    dialect_ = found;
    return Result<void>();
}

Script Script::healthy() const {
    Script script = *this;
    script.faults_ = Faults();
    return script;
}

bool Script::is_faulty(std::uint64_t call) const noexcept {
    if (call > faulty_calls_) return false;
    if (!error_rate_) return true;
    Random random(error_seed_ + call * 0xd1342543de82ef95u);
    return static_cast<double>(random.next() >> 11) * 0x1p-53 < *error_rate_;
}

bool Script::has_faults() const noexcept {
    const Faults& faults = faults_;
    return faults.status || faults.cut_after || faults.fails_after || faults.closes_in_body ||
           faults.has_no_done || faults.has_no_reason || faults.is_silent || faults.is_malformed ||
           faults.resets || faults.has_comments_only || faults.stays_open || faults.is_html ||
           faults.is_error_with_200 || faults.stall > Duration::zero() ||
           faults.byte_interval > Duration::zero();
}

Result<void> Script::check() const {
    if (tokens_ < 1) {
        return Error(Errc::bad_argument, "the mock server's answers have at least one token");
    }
    if (error_rate_ && !(*error_rate_ >= 0 && *error_rate_ <= 1)) {
        return Error(Errc::bad_argument, "the rate of errors is a share of the calls, from 0 to 1");
    }
    if (thoughts_ < 0 || limits_.requests < 0 || limits_.tokens < 0 || limits_.input < 0 ||
        limits_.output < 0) {
        return Error(Errc::bad_argument, "the mock server's limits cannot be negative");
    }
    return Result<void>();
}

}  // namespace weir::llm::mock
