// SPDX-License-Identifier: MIT
#include "llm/wire/chat_members.h"

namespace weir::llm {
namespace {

using ondemand::json_type;

error_code read_string(ondemand::value value, std::string& text, char16_t& high) {
    return append_json_text(value.raw_json_token(), text, high) ? simdjson::SUCCESS
                                                                : simdjson::STRING_ERROR;
}

/// Parts of other kinds (thinking, refusal) keep their words under other names than "text".
error_code read_part_member(ondemand::raw_json_string key, ondemand::value value, std::string& text,
                            char16_t& high, std::string* reasoning) {
    if (key == "text") return append_text(value, text, high);
    if (key != "thinking" || reasoning == nullptr) return simdjson::SUCCESS;
    char16_t own_high = 0;
    const error_code error = read_content(value, *reasoning, own_high);
    flush_surrogate(*reasoning, own_high);
    return error;
}

error_code read_part(ondemand::value part, std::string& text, char16_t& high,
                     std::string* reasoning) {
    json_type type;
    if (const error_code error = part.type().get(type)) return error;
    if (type == json_type::string) return read_string(part, text, high);
    if (type != json_type::object) return simdjson::SUCCESS;
    ondemand::object object;
    if (const error_code error = part.get_object().get(object)) return error;
    return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
        return read_part_member(key, value, text, high, reasoning);
    });
}

/// The counts of a usage object, under all the names that servers have for them.
class Counts {
public:
    error_code read(ondemand::object object) {
        return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
            if (key == "prompt_tokens" || key == "input_tokens") return read_integer(value, input);
            if (key == "completion_tokens" || key == "output_tokens") {
                return read_integer(value, output);
            }
            if (key == "total_tokens") return read_integer(value, total);
            if (key == "prompt_cache_hit_tokens") return read_integer(value, cache_hit);
            if (key == "prompt_cache_miss_tokens") return read_integer(value, cache_miss);
            const bool are_details =
                key == "prompt_tokens_details" || key == "input_tokens_details" ||
                key == "completion_tokens_details" || key == "output_tokens_details";
            return are_details ? read_details(value) : simdjson::SUCCESS;
        });
    }

    std::optional<std::int64_t> input, output, total;
    std::optional<std::int64_t> cache_hit, cache_miss, cache_read, cache_write, reasoning;

private:
    error_code read_details(ondemand::value details) {
        json_type type;
        if (const error_code error = details.type().get(type)) return error;
        if (type != json_type::object) return simdjson::SUCCESS;
        ondemand::object object;
        if (const error_code error = details.get_object().get(object)) return error;
        return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
            if (key == "cached_tokens") return read_integer(value, cache_read);
            if (key == "cache_write_tokens") return read_integer(value, cache_write);
            return key == "reasoning_tokens" ? read_integer(value, reasoning) : simdjson::SUCCESS;
        });
    }
};

/// Counts come from outside: a sum of absurd ones must not overflow.
std::int64_t sum_of(std::int64_t one, std::int64_t other) noexcept {
    std::int64_t sum = 0;
    return __builtin_add_overflow(one, other, &sum) ? 0 : sum;
}

}  // namespace

error_code append_text(ondemand::value value, std::string& text, char16_t& high) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    return type == json_type::string ? read_string(value, text, high) : simdjson::SUCCESS;
}

error_code append_elements(ondemand::value value, std::string& elements) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type != json_type::array) return simdjson::SUCCESS;
    std::string array;
    if (const error_code error = append_raw(value, array)) return error;
    std::string_view raw = array;
    if (raw.size() < 2) return simdjson::TAPE_ERROR;
    raw = trim_json(raw.substr(1, raw.size() - 2));
    if (raw.empty()) return simdjson::SUCCESS;
    if (!elements.empty()) elements += ',';
    elements += raw;
    return simdjson::SUCCESS;
}

error_code read_content(ondemand::value value, std::string& text, char16_t& high,
                        std::string* reasoning) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type == json_type::string) return read_string(value, text, high);
    if (type != json_type::array) return simdjson::SUCCESS;
    ondemand::array parts;
    if (const error_code error = value.get_array().get(parts)) return error;
    return for_each_element(
        parts, [&](ondemand::value part) { return read_part(part, text, high, reasoning); });
}

error_code read_usage(ondemand::value value, std::optional<Usage>& usage) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type != json_type::object) return simdjson::SUCCESS;
    ondemand::object object;
    if (const error_code error = value.get_object().get(object)) return error;
    Counts counts;
    const error_code error = counts.read(object);
    if (!counts.input && counts.cache_hit && counts.cache_miss) {
        counts.input = sum_of(*counts.cache_hit, *counts.cache_miss);
    }
    if (error || (!counts.input && !counts.output && !counts.total)) return error;
    usage.emplace();
    usage->input_tokens = counts.input.value_or(0);
    usage->output_tokens = counts.output.value_or(0);
    usage->total_tokens = counts.total.value_or(sum_of(usage->input_tokens, usage->output_tokens));
    usage->cache_read_tokens = counts.cache_read.value_or(counts.cache_hit.value_or(0));
    usage->cache_write_tokens = counts.cache_write.value_or(0);
    usage->reasoning_tokens = counts.reasoning.value_or(0);
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
