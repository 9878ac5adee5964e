// SPDX-License-Identifier: MIT
#include "llm/cli/demo_report.h"

#include <weir/llm/wire/json_writer.h>

#include "llm/cli/terminal.h"

#include <algorithm>

namespace weir::cli {
namespace {

constexpr double kMillisecond = 1e-3;

/// One JSON object, member by member.
class JsonObject {
public:
    JsonObject& text(std::string_view name, std::string_view value) {
        begin(name);
        llm::append_json_string(out_, value);
        return *this;
    }
    JsonObject& integer(std::string_view name, std::int64_t value) {
        begin(name);
        llm::append_json_integer(out_, value);
        return *this;
    }
    JsonObject& real(std::string_view name, double value) {
        begin(name);
        llm::append_json_real(out_, value);
        return *this;
    }
    JsonObject& raw(std::string_view name, std::string_view json) {
        begin(name);
        out_ += json;
        return *this;
    }
    std::string end() const { return out_ + "}"; }

private:
    void begin(std::string_view name) {
        if (out_.size() > 1) out_ += ',';
        llm::append_json_string(out_, name);
        out_ += ':';
    }

    std::string out_ = "{";
};

double per_second(double count, Duration span) {
    return span > Duration::zero() ? count / to_seconds(span) : 0;
}

// How much later than scripted; a real model has no script.
Duration late(const DemoReport& report, double share) {
    const Duration first = quantile(report.streams.first_tokens, share);
    if (!report.plan.checks_text) return first;
    return std::max(first - report.plan.first_token, Duration::zero());
}

double bytes_per_call(const DemoReport& report) {
    const std::int64_t calls = std::max<std::int64_t>(report.streams.in_flight_peak, 1);
    const std::int64_t grown = report.resident_peak - report.resident_before;
    return static_cast<double>(std::max<std::int64_t>(grown, 0)) / static_cast<double>(calls);
}

std::string failures(std::int64_t count, const std::optional<Error>& error) {
    std::string text = grouped(count);
    if (error) text += ", the first: " + error->message();
    return text;
}

std::int64_t batch_failures(const BatchTally& batch) {
    return static_cast<std::int64_t>(batch.pieces - batch.summary.succeeded + batch.wrong_texts);
}

std::string batch_json(const DemoReport& report) {
    const BatchTally& batch = report.batch;
    return JsonObject()
        .integer("calls", static_cast<std::int64_t>(batch.pieces))
        .integer("files", static_cast<std::int64_t>(batch.files))
        .integer("failures", batch_failures(batch))
        .integer("input_tokens", batch.summary.input_tokens)
        .integer("output_tokens", batch.summary.output_tokens)
        .real("wall_s", to_seconds(batch.elapsed))
        .real("sequential_s",
              to_seconds(report.batch_scripted * static_cast<std::int64_t>(batch.pieces)))
        .end();
}

std::string streams_json(const DemoReport& report) {
    const StreamTally& streams = report.streams;
    JsonObject object;
    object.integer("calls", report.plan.calls)
        .integer("failures", streams.failed)
        .integer("wrong_texts", streams.wrong_texts)
        .integer("in_flight_peak", streams.in_flight_peak)
        .real("wall_s", to_seconds(streams.elapsed));
    if (report.plan.checks_text) {
        object.real("sequential_s", to_seconds(report.plan.scripted() * report.plan.calls))
            .real("ttft_scripted_ms", to_seconds(report.plan.first_token) / kMillisecond);
    }
    return object.real("ttft_late_p50_ms", to_seconds(late(report, 0.5)) / kMillisecond)
        .real("ttft_late_p99_ms", to_seconds(late(report, 0.99)) / kMillisecond)
        .integer("tokens", streams.tokens)
        .real("tokens_per_s", per_second(static_cast<double>(streams.tokens), streams.elapsed))
        .real("cpu_s", report.cpu_seconds)
        .integer("resident_before_bytes", report.resident_before)
        .integer("resident_peak_bytes", report.resident_peak)
        .real("bytes_per_call", bytes_per_call(report))
        .end();
}

}  // namespace

bool DemoReport::is_right() const noexcept {
    return (!has_batch || batch.is_right()) && streams.failed == 0 &&
           streams.succeeded == streams.begun;
}

std::string batch_table(const DemoReport& report) {
    const BatchTally& batch = report.batch;
    const auto pieces = static_cast<std::int64_t>(batch.pieces);
    std::string text =
        row("requests", grouped(pieces) + " from " +
                            grouped(static_cast<std::int64_t>(batch.files)) + " files");
    text += row("failures", failures(batch_failures(batch), batch.failure));
    text += row("tokens in, out",
                grouped(batch.summary.input_tokens) + ", " + grouped(batch.summary.output_tokens));
    text += row("wall time", readable(batch.elapsed));
    text += row("one after the other", readable(report.batch_scripted * pieces));
    return text;
}

std::string streams_table(const DemoReport& report) {
    const StreamTally& streams = report.streams;
    const bool is_scripted = report.plan.checks_text;
    const double rate = per_second(static_cast<double>(streams.tokens), streams.elapsed);
    std::string text = row("calls", grouped(report.plan.calls));
    text += row("failures", failures(streams.failed, streams.first_error));
    text += row("in flight at once, at most", grouped(streams.in_flight_peak));
    text += row("wall time", readable(streams.elapsed));
    if (is_scripted) {
        text += row("one after the other", readable(report.plan.scripted() * report.plan.calls));
    }
    text += row(is_scripted ? "first token late by, median" : "first token after, median",
                readable(late(report, 0.5)));
    text += row(is_scripted ? "first token late by, 99 %" : "first token after, 99 %",
                readable(late(report, 0.99)));
    text += row("tokens", grouped(streams.tokens));
    text += row("tokens a second", grouped(static_cast<std::int64_t>(rate)));
    text += row("processor time, this process", fixed(report.cpu_seconds, 2) + " s");
    text += row("memory, at most", readable_bytes(static_cast<double>(report.resident_peak)));
    text += row("memory a call", readable_bytes(bytes_per_call(report)));
    text += row("event loop", report.backend);
    return text;
}

std::string demo_json(const DemoReport& report) {
    JsonObject object;
    object.text("base_url", report.base_url).text("backend", report.backend);
    if (report.has_batch) object.raw("batch", batch_json(report));
    if (report.has_streams) object.raw("streams", streams_json(report));
    return object.end() + "\n";
}

std::string interrupted_text(const DemoReport& report) {
    if (report.streams.begun == 0) {
        return "interrupted: " +
               grouped(static_cast<std::int64_t>(report.batch.summary.succeeded)) + " of " +
               grouped(static_cast<std::int64_t>(report.batch.pieces)) +
               " requests of the batch had their answer, the others were let go";
    }
    return "interrupted: of " + grouped(report.streams.begun) + " streams begun, " +
           grouped(report.streams.succeeded) + " had ended well and " +
           grouped(report.streams.failed) + " had failed; the others were let go";
}

}  // namespace weir::cli
