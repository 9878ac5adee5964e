// SPDX-License-Identifier: MIT
#include "llm/wire/chat_members.h"

namespace weir::llm {
namespace {

using ondemand::json_type;

error_code read_string(ondemand::value value, std::string& text, char16_t& high) {
    return append_json_text(value.raw_json_token(), text, high) ? simdjson::SUCCESS
                                                                : simdjson::STRING_ERROR;
}

error_code read_part(ondemand::value part, std::string& text, char16_t& high) {
    json_type type;
    if (const error_code error = part.type().get(type)) return error;
    if (type == json_type::string) return read_string(part, text, high);
    if (type != json_type::object) return simdjson::SUCCESS;
    ondemand::object object;
    if (const error_code error = part.get_object().get(object)) return error;
    // Parts of other kinds (thinking, refusal) keep their words under other names than "text".
    return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
        if (key != "text") return simdjson::SUCCESS;
        json_type member_type;
        if (const error_code error = value.type().get(member_type)) return error;
        if (member_type != json_type::string) return simdjson::SUCCESS;
        return read_string(value, text, high);
    });
}

}  // namespace

error_code read_content(ondemand::value value, std::string& text, char16_t& high) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type == json_type::string) return read_string(value, text, high);
    if (type != json_type::array) return simdjson::SUCCESS;
    ondemand::array parts;
    if (const error_code error = value.get_array().get(parts)) return error;
    return for_each_element(parts,
                            [&](ondemand::value part) { return read_part(part, text, high); });
}

error_code read_usage(ondemand::value value, std::optional<Usage>& usage) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type != json_type::object) return simdjson::SUCCESS;
    ondemand::object object;
    if (const error_code error = value.get_object().get(object)) return error;
    std::optional<std::int64_t> input;
    std::optional<std::int64_t> output;
    std::optional<std::int64_t> total;
    const error_code error =
        for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value member) {
            if (key == "prompt_tokens" || key == "input_tokens") return read_integer(member, input);
            if (key == "completion_tokens" || key == "output_tokens") {
                return read_integer(member, output);
            }
            return key == "total_tokens" ? read_integer(member, total) : simdjson::SUCCESS;
        });
    if (error || (!input && !output && !total)) return error;
    usage.emplace();
    usage->input_tokens = input.value_or(0);
    usage->output_tokens = output.value_or(0);
    // Counts come from outside: a sum of absurd ones must not overflow.
    std::int64_t sum = 0;
    if (__builtin_add_overflow(usage->input_tokens, usage->output_tokens, &sum)) sum = 0;
    usage->total_tokens = total.value_or(sum);
    return simdjson::SUCCESS;
}

error_code read_is_error(ondemand::value value, bool& is_error) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type == json_type::object) is_error = true;
    if (type == json_type::string && trim_json(value.raw_json_token()) != "\"\"") is_error = true;
    return simdjson::SUCCESS;
}

}  // namespace weir::llm
