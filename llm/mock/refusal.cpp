// SPDX-License-Identifier: MIT
#include "llm/mock/refusal.h"

#include <weir/llm/wire/json_writer.h>

namespace weir::llm::mock {
namespace {

std::string_view openai_error_type(int status) noexcept {
    if (status == 401 || status == 403) return "authentication_error";
    if (status == 429) return "rate_limit_error";
    return status < 500 ? "invalid_request_error" : "server_error";
}

// "message", "type", "param" and "code", without braces. `code` is raw JSON.
std::string members(const Refusal& refusal, std::string_view code) {
    std::string out = "\"message\":";
    append_json_string(out, refusal.message);
    out += ",\"type\":";
    append_json_string(out, openai_error_type(refusal.status));
    out.append(",\"param\":null,\"code\":").append(code);
    return out;
}

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

std::string write_refusal(const Dialect& dialect, const Refusal& refusal) {
    const std::string number = std::to_string(refusal.status);
    const std::string message = quoted(refusal.message);
    switch (dialect.error_shape) {
        case ErrorShape::openai:
            return "{\"error\":{" +
                   members(refusal, refusal.code.empty() ? "null" : quoted(refusal.code)) + "}}";
        case ErrorShape::numeric:
            return "{\"error\":{" + members(refusal, number) + "}}";
        case ErrorShape::openrouter:
            return "{\"error\":{\"code\":" + number + ",\"message\":" + message +
                   R"(,"metadata":{"provider_name":"Mock"}}})";
        case ErrorShape::flat:
            return "{\"object\":\"error\"," + members(refusal, number) + "}";
        case ErrorShape::listed:
            return "[{\"error\":{\"code\":" + number + ",\"message\":" + message +
                   ",\"status\":" + quoted(openai_error_type(refusal.status)) + "}}]";
        case ErrorShape::azure:
            return "{\"error\":{\"code\":\"" + number + "\",\"message\":" + message + "}}";
        case ErrorShape::detail:
            return "{\"detail\":" + message + "}";
    }
    return {};
}

std::string write_anthropic_refusal(const Refusal& refusal, std::string_view request_id) {
    std::string out = R"({"type":"error","error":{"type":)";
    append_json_string(out, anthropic_error_type(refusal.status));
    out += ",\"message\":";
    append_json_string(out, refusal.message);
    out += "},\"request_id\":";
    append_json_string(out, request_id);
    out += '}';
    return out;
}

std::string_view anthropic_error_type(int status) noexcept {
    if (status == 401) return "authentication_error";
    if (status == 402) return "billing_error";
    if (status == 403) return "permission_error";
    if (status == 404) return "not_found_error";
    if (status == 413) return "request_too_large";
    if (status == 429) return "rate_limit_error";
    if (status == 504) return "timeout_error";
    if (status == 529) return "overloaded_error";
    return status < 500 ? "invalid_request_error" : "api_error";
}

Refusal scripted_refusal(int status) {
    return Refusal(status,
                   "the mock server was told to answer with status " + std::to_string(status));
}

}  // namespace weir::llm::mock
