// SPDX-License-Identifier: MIT
#include "llm/cli/progress.h"

#include <weir/llm/wire/json_writer.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>

#include "llm/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::cli {
namespace {

constexpr Duration kRedrawInterval = std::chrono::milliseconds(200);
constexpr std::size_t kSamples = 15;  // rates are those of the last three seconds

/// What was done at some instants of the near past.
class RecentRates {
public:
    void add(Instant now, const llm::BatchSummary& summary) {
        calls_per_second_ = tokens_per_second_ = 0;
        const Sample newest = {now, calls_of(summary), tokens_of(summary)};
        const Sample& oldest = samples_[count_ < kSamples ? 0 : count_ % kSamples];
        const double span = count_ == 0 ? 0 : to_seconds(now - oldest.at);
        if (span > 0) {
            calls_per_second_ = static_cast<double>(newest.calls - oldest.calls) / span;
            tokens_per_second_ = static_cast<double>(newest.tokens - oldest.tokens) / span;
        }
        samples_[count_++ % kSamples] = newest;
    }
    double calls_per_second() const noexcept { return calls_per_second_; }
    double tokens_per_second() const noexcept { return tokens_per_second_; }

private:
    struct Sample {
        Instant at;
        std::uint64_t calls;
        std::int64_t tokens;
    };
    static std::uint64_t calls_of(const llm::BatchSummary& summary) noexcept {
        return summary.succeeded + summary.failed;
    }
    static std::int64_t tokens_of(const llm::BatchSummary& summary) noexcept {
        return summary.input_tokens + summary.output_tokens;
    }

    std::array<Sample, kSamples> samples_ = {};
    std::size_t count_ = 0;
    double calls_per_second_ = 0;
    double tokens_per_second_ = 0;
};

std::string count(std::uint64_t number) {
    return grouped(static_cast<std::int64_t>(number));
}

/// A rate with as many digits as say something.
std::string rate(double per_second) {
    if (per_second < 100) return fixed(per_second, 1);
    return grouped(static_cast<std::int64_t>(per_second + 0.5));
}

/// The line without what the terminal has no room for: a wrapped line cannot be drawn over.
std::string_view fit(std::string_view text) {
    struct winsize size = {};
    const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return text.substr(0, is_known ? size.ws_col - std::size_t{1} : text.size());
}

double per_second(double number, Duration elapsed) {
    return elapsed > Duration::zero() ? number / to_seconds(elapsed) : 0;
}

double calls_per_second(const BatchReport& report) {
    const std::uint64_t calls = report.summary.succeeded + report.summary.failed;
    return per_second(static_cast<double>(calls), report.elapsed);
}

double tokens_per_second(const BatchReport& report) {
    const std::int64_t tokens = report.summary.input_tokens + report.summary.output_tokens;
    return per_second(static_cast<double>(tokens), report.elapsed);
}

/// Why not all was done, and what has no line in either file.
std::string missing_text(const BatchReport& report) {
    const std::string reason =
        report.is_interrupted ? "interrupted" : "stopped: " + report.failure.value_or("");
    std::string text = reason + "\n";
    text += row("calls cut off, not in the files", count(report.summary.cancelled));
    text += row("the rest of the input",
                report.summary.source_has_ended ? "nothing is left" : "not read");
    return text;
}

void append_member(std::string& json, std::string_view name, std::uint64_t value) {
    llm::append_json_string(json, name);
    json += ':';
    llm::append_json_integer(json, static_cast<std::int64_t>(value));
    json += ',';
}

void append_member(std::string& json, std::string_view name, double value) {
    llm::append_json_string(json, name);
    json += ':';
    llm::append_json_real(json, value);
    json += ',';
}

void append_member(std::string& json, std::string_view name,
                   const std::optional<std::string>& value) {
    llm::append_json_string(json, name);
    json += ':';
    if (value) {
        llm::append_json_string(json, *value);
    } else {
        json += "null";
    }
    json += ',';
}

}  // namespace

Task<void> show_progress(const llm::BatchSummary& summary) {
    ProgressLine line;
    if (!line.is_visible()) co_return;
    RecentRates rates;
    for (;;) {
        rates.add(Reactor::current().now(), summary);
        const std::string text =
            progress_text(summary, rates.calls_per_second(), rates.tokens_per_second());
        line.show(fit(text));
        co_await sleep_for(kRedrawInterval);
    }
}

std::string progress_text(const llm::BatchSummary& summary, double calls_per_second,
                          double tokens_per_second) {
    return count(summary.done()) + " done, " + count(summary.failed + summary.refused) +
           " failed, " + count(summary.in_flight) + " in flight, " + rate(calls_per_second) +
           " calls/s, " + rate(tokens_per_second) + " tokens/s";
}

std::string summary_text(const BatchReport& report) {
    const llm::BatchSummary& summary = report.summary;
    std::string text = count(summary.done()) + (summary.done() == 1 ? " line" : " lines") +
                       " done in " + readable(report.elapsed) + "\n";
    text += row("answered", count(summary.succeeded) + " -> " + report.output_path);
    const std::string errors = report.error_path ? " -> " + *report.error_path : "";
    text += row("failed calls", count(summary.failed) + (summary.failed > 0 ? errors : ""));
    text += row("refused, not sent", count(summary.refused) + (summary.refused > 0 ? errors : ""));
    text += row("calls per second", rate(calls_per_second(report)));
    text += row("tokens in, out",
                grouped(summary.input_tokens) + ", " + grouped(summary.output_tokens));
    text += row("tokens per second", rate(tokens_per_second(report)));
    if (report.is_interrupted || report.failure) text += missing_text(report);
    return text;
}

std::string summary_json(const BatchReport& report) {
    const llm::BatchSummary& summary = report.summary;
    std::string json = "{";
    append_member(json, "done", summary.done());
    append_member(json, "succeeded", summary.succeeded);
    append_member(json, "failed", summary.failed);
    append_member(json, "refused", summary.refused);
    append_member(json, "cancelled", summary.cancelled);
    append_member(json, "input_tokens", static_cast<std::uint64_t>(summary.input_tokens));
    append_member(json, "output_tokens", static_cast<std::uint64_t>(summary.output_tokens));
    append_member(json, "seconds", to_seconds(report.elapsed));
    append_member(json, "calls_per_second", calls_per_second(report));
    append_member(json, "tokens_per_second", tokens_per_second(report));
    append_member(json, "output_file", std::optional<std::string>(report.output_path));
    append_member(json, "error_file", report.error_path);
    append_member(json, "failure", report.failure);
    json += "\"input_has_ended\":";
    json += summary.source_has_ended ? "true" : "false";
    json += ",\"interrupted\":";
    json += report.is_interrupted ? "true}" : "false}";
    return json;
}

}  // namespace weir::cli
