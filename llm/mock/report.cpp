// SPDX-License-Identifier: MIT
//
// What the mock server tells about itself: its counters, and what it was asked.
#include <weir/http/wire/masked_head.h>
#include <weir/llm/wire/json_writer.h>

#include "llm/mock/core.h"

namespace weir::llm::mock {
namespace {

std::string_view path_of(Route route) noexcept {
    switch (route) {
        case Route::chat:
            return "/v1/chat/completions";
        case Route::messages:
            return "/v1/messages";
        case Route::responses:
            return "/v1/responses";
        case Route::embeddings:
            return "/v1/embeddings";
        case Route::models:
            return "/v1/models";
        case Route::other:
            break;
    }
    return "other";
}

void append_metric(std::string& out, std::string_view name, std::string_view kind,
                   std::string_view help) {
    out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    out.append(name).append(" ").append(kind).append("\n");
}

void append_counter(std::string& out, std::string_view name, std::string_view help,
                    std::uint64_t value) {
    append_metric(out, name, "counter", help);
    out.append(name).append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace

std::string write_metrics(const Core& core) {
    std::string out;
    constexpr std::string_view kAnswers = "weir_mock_answers_total";
    append_metric(out, kAnswers, "counter", "Answers that were begun, by path and status.");
    for (const auto& [what, count] : core.answers) {
        out.append(kAnswers).append("{path=\"").append(path_of(what.first));
        out.append("\",status=\"").append(std::to_string(what.second)).append("\"} ");
        out.append(std::to_string(count)).append("\n");
    }
    append_counter(out, "weir_mock_requests_total", "Requests that arrived.", core.arrived);
    append_counter(out, "weir_mock_input_tokens_total", "Words of the prompts.", core.input_tokens);
    append_counter(out, "weir_mock_output_tokens_total", "Tokens that were sent.",
                   core.output_tokens);
    append_counter(out, "weir_mock_cut_total", "Connections that were closed as scripted.",
                   core.cut);
    append_metric(out, "weir_mock_calls_in_flight", "gauge", "Calls that are being answered.");
    out += "weir_mock_calls_in_flight " + std::to_string(core.in_flight) + "\n";
    return out;
}

std::string write_recorded(const Core& core) {
    std::string out = "{\"requests\":[";
    for (const RecordedRequest& request : core.recorded) {
        if (&request != &core.recorded.front()) out += ',';
        out += "{\"method\":";
        append_json_string(out, request.method);
        out += ",\"target\":";
        append_json_string(out, request.target);
        out += ",\"headers\":{";
        bool is_first = true;
        for (const http::Field field : request.headers) {
            if (!is_first) out += ',';
            is_first = false;
            append_json_string(out, field.name);
            out += ':';
            append_json_string(out, http::is_secret_field(field.name) ? "***" : field.value);
        }
        out += "},\"body\":";
        append_json_string(out, request.body);
        out += '}';
    }
    return out += "]}";
}

}  // namespace weir::llm::mock
