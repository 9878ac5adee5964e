// SPDX-License-Identifier: MIT
#include "llm/mock/dialect.h"

#include <array>

namespace weir::llm::mock {
namespace {

constexpr Dialect make_openai() {
    Dialect dialect("openai");
    dialect.members = R"(,"service_tier":"default","system_fingerprint":"fp_mock")";
    dialect.choice_members = R"(,"logprobs":null)";
    dialect.has_role_chunk = true;
    dialect.has_null_usage = true;
    dialect.has_padding = true;
    return dialect;
}

constexpr Dialect make_azure() {
    Dialect dialect("azure");
    dialect.choice_members = R"(,"content_filter_results":{"hate":{"filtered":false}})";
    dialect.error_shape = ErrorShape::azure;
    dialect.has_filter_chunk = true;
    dialect.has_role_chunk = true;
    dialect.has_numeric_resets = true;
    return dialect;
}

constexpr Dialect make_vllm() {
    Dialect dialect("vllm");
    dialect.members = R"(,"prompt_logprobs":null)";
    dialect.choice_members = R"(,"logprobs":null,"stop_reason":null)";
    dialect.reasoning = "reasoning_content";
    dialect.error_shape = ErrorShape::numeric;
    dialect.has_role_chunk = true;
    return dialect;
}

constexpr Dialect make_sglang() {
    Dialect dialect("sglang");
    dialect.choice_members = R"(,"logprobs":null,"matched_stop":null)";
    dialect.reasoning = "reasoning_content";
    dialect.error_shape = ErrorShape::flat;
    dialect.has_role_chunk = true;
    return dialect;
}

constexpr Dialect make_llama_cpp() {
    Dialect dialect("llama.cpp");
    dialect.members = R"(,"timings":{"prompt_n":1,"predicted_n":1,"predicted_ms":1.5})";
    dialect.reasoning = "reasoning_content";
    dialect.comment = ":";
    dialect.error_shape = ErrorShape::numeric;
    dialect.has_error_field = true;
    return dialect;
}

constexpr Dialect make_ollama() {
    Dialect dialect("ollama");
    dialect.members = R"(,"system_fingerprint":"fp_ollama")";
    dialect.reasoning = "reasoning";
    dialect.call_shape = CallShape::at_zero;
    return dialect;
}

constexpr Dialect make_deepseek() {
    Dialect dialect("deepseek");
    dialect.reasoning = "reasoning_content";
    dialect.comment = ": keep-alive";
    dialect.tells_usage_unasked = true;
    dialect.has_usage_at_finish = true;
    dialect.sends_blank_lines = true;
    return dialect;
}

constexpr Dialect make_openrouter() {
    Dialect dialect("openrouter");
    dialect.members = R"(,"provider":"Mock")";
    dialect.choice_members = R"(,"native_finish_reason":null)";
    dialect.reasoning = "reasoning";
    dialect.comment = ": OPENROUTER PROCESSING";
    dialect.error_shape = ErrorShape::openrouter;
    dialect.tells_usage_unasked = true;
    dialect.has_usage_with_choice = true;
    dialect.has_error_choice = true;
    return dialect;
}

constexpr Dialect make_groq() {
    Dialect dialect("groq");
    dialect.members = R"(,"x_groq":{"id":"req_mock"})";
    dialect.reasoning = "reasoning";
    dialect.call_shape = CallShape::whole;
    return dialect;
}

constexpr Dialect make_mistral() {
    Dialect dialect("mistral");
    dialect.length_reason = "model_length";
    dialect.call_shape = CallShape::whole;
    dialect.tells_usage_unasked = true;
    dialect.has_usage_at_finish = true;
    dialect.has_content_parts = true;
    dialect.has_short_ids = true;
    return dialect;
}

constexpr Dialect make_gemini() {
    Dialect dialect("gemini");
    dialect.call_shape = CallShape::unnumbered;
    dialect.error_shape = ErrorShape::listed;
    dialect.tells_usage_often = true;
    dialect.stops_for_calls = true;
    return dialect;
}

constexpr Dialect make_tgi() {
    Dialect dialect("tgi");
    dialect.data_prefix = "data:";
    dialect.error_shape = ErrorShape::flat;
    return dialect;
}

constexpr Dialect make_fastapi() {
    Dialect dialect("fastapi");
    dialect.line_end = "\r\n";
    dialect.comment = ": ping - 2025-01-01 00:00:00";
    dialect.error_shape = ErrorShape::detail;
    return dialect;
}

constexpr Dialect make_gateway() {
    Dialect dialect("gateway");
    dialect.comment = "data: : PROCESSING";
    dialect.comment_at_end = ": cost 0.0001, time 12 ms";
    dialect.tells_usage_often = true;
    return dialect;
}

constexpr Dialect kPlain("plain");
constexpr std::array kDialects = {
    kPlain,           make_openai(), make_azure(),    make_vllm(),       make_sglang(),
    make_llama_cpp(), make_ollama(), make_deepseek(), make_openrouter(), make_groq(),
    make_mistral(),   make_gemini(), make_tgi(),      make_fastapi(),    make_gateway(),
};

}  // namespace

const Dialect* Dialect::find(std::string_view name) {
    for (const Dialect& dialect : kDialects) {
        if (dialect.name == name) return &dialect;
    }
    return nullptr;
}

const Dialect& Dialect::plain() {
    return kDialects.front();
}

std::string Dialect::names() {
    std::string names;
    for (const Dialect& dialect : kDialects) {
        if (!names.empty()) names += ", ";
        names += dialect.name;
    }
    return names;
}

}  // namespace weir::llm::mock
