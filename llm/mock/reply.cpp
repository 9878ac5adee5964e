// SPDX-License-Identifier: MIT
#include "llm/mock/reply.h"

#include <weir/llm/wire/json_writer.h>

namespace weir::llm::mock {
namespace {

// The same in every answer, so that a run can be compared with another byte by byte.
constexpr std::string_view kCreated = "1735689600";

void append_usage(std::string& out, const Usage& usage) {
    out += "{\"prompt_tokens\":";
    append_json_integer(out, usage.input_tokens);
    out += ",\"completion_tokens\":";
    append_json_integer(out, usage.output_tokens);
    out += ",\"total_tokens\":";
    append_json_integer(out, usage.total_tokens);
    out += '}';
}

void append_finish_reason(std::string& out, std::string_view finish_reason) {
    out += "\"finish_reason\":";
    if (finish_reason.empty()) {
        out += "null";
    } else {
        append_json_string(out, finish_reason);
    }
}

void append_head(std::string& out, const ReplyId& id, std::string_view object) {
    out += "{\"id\":";
    append_json_string(out, id.id);
    out += ",\"object\":";
    append_json_string(out, object);
    out += ",\"created\":";
    out += kCreated;
    out += ",\"model\":";
    append_json_string(out, id.model);
    out += ",\"choices\":";
}

}  // namespace

std::string write_whole_answer(const ReplyId& id, std::string_view text,
                               std::string_view finish_reason, const Usage& usage) {
    std::string out;
    append_head(out, id, "chat.completion");
    out += R"([{"index":0,"message":{"role":"assistant","content":)";
    append_json_string(out, text);
    out += "},";
    append_finish_reason(out, finish_reason);
    out += "}],\"usage\":";
    append_usage(out, usage);
    out += '}';
    return out;
}

std::string write_error(std::string_view message, std::string_view type) {
    std::string out = "{\"error\":{\"message\":";
    append_json_string(out, message);
    out += ",\"type\":";
    append_json_string(out, type);
    out += ",\"param\":null,\"code\":null}}";
    return out;
}

std::string write_error(int status) {
    const std::string message =
        "the mock server was told to answer with status " + std::to_string(status);
    if (status == 401 || status == 403) return write_error(message, "authentication_error");
    if (status == 429) return write_error(message, "rate_limit_error");
    return write_error(message, status < 500 ? "invalid_request_error" : "server_error");
}

std::string write_models() {
    std::string out = R"({"object":"list","data":[{"id":"mock","object":"model","created":)";
    out += kCreated;
    out += R"(,"owned_by":"weir"}]})";
    return out;
}

EventWriter::EventWriter(const ReplyId& id) : begin_("data: ") {
    append_head(begin_, id, "chat.completion.chunk");
    out_.reserve(begin_.size() + 128);
}

void EventWriter::add_token(std::string_view token) {
    out_ += begin_;
    out_ += R"([{"index":0,"delta":{)";
    if (is_first_) out_ += R"("role":"assistant",)";
    is_first_ = false;
    out_ += "\"content\":\"";
    out_ += token;
    out_ += "\"},\"finish_reason\":null}]}\n\n";
}

void EventWriter::add_finish(std::string_view finish_reason) {
    out_ += begin_;
    out_ += R"([{"index":0,"delta":{},)";
    append_finish_reason(out_, finish_reason);
    out_ += "}]}\n\n";
}

void EventWriter::add_usage(const Usage& usage) {
    out_ += begin_;
    out_ += "[],\"usage\":";
    append_usage(out_, usage);
    out_ += "}\n\n";
}

void EventWriter::add_error() {
    out_ += "data: ";
    out_ += write_error("the mock server was told to fail here", "server_error");
    out_ += "\n\n";
}

void EventWriter::add_done() {
    out_ += "data: [DONE]\n\n";
}

}  // namespace weir::llm::mock
