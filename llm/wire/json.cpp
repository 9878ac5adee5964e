// SPDX-License-Identifier: MIT
#include <weir/llm/wire/json.h>

#include <weir/llm/wire/error.h>

#include "llm/wire/json_reader.h"

#include <algorithm>

namespace weir::llm {
namespace {

constexpr int kDepthMax = 500;

error_code check_string(std::string_view token, std::string& scratch) {
    scratch.clear();
    return append_json_text(token, scratch) ? simdjson::SUCCESS : simdjson::STRING_ERROR;
}

/// Visits every token of a value: On Demand parsing looks only at what is asked for.
class Checker {
public:
    explicit Checker(const JsonDocument& document) : document_(document) {}

    error_code check(ondemand::value value, int depth) {
        if (depth > kDepthMax) return simdjson::DEPTH_ERROR;
        ondemand::json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type == ondemand::json_type::object) {
            ondemand::object object;
            if (const error_code error = value.get_object().get(object)) return error;
            return check_members(object, depth);
        }
        if (type == ondemand::json_type::array) {
            ondemand::array array;
            if (const error_code error = value.get_array().get(array)) return error;
            return for_each_element(
                array, [&](ondemand::value element) { return check(element, depth + 1); });
        }
        if (type == ondemand::json_type::string) {
            // Taken, not only looked at: what the parser has to skip it may take for a key.
            ondemand::raw_json_string text;
            if (const error_code error = value.get_raw_json_string().get(text)) return error;
            return check_string(document_.string_token(text.raw()), scratch_);
        }
        return is_json_scalar(trim_json(value.raw_json_token())) ? simdjson::SUCCESS
                                                                 : simdjson::TAPE_ERROR;
    }

    error_code check_members(ondemand::object object, int depth) {
        return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
            if (const error_code error = check_key(key)) return error;
            return check(value, depth + 1);
        });
    }

    /// The name is in `scratch()` afterwards.
    error_code check_key(ondemand::raw_json_string key) {
        return check_string(document_.string_token(key.raw()), scratch_);
    }

    const std::string& scratch() const noexcept { return scratch_; }

private:
    const JsonDocument& document_;
    std::string scratch_;
};

error_code read_members(std::string_view text, std::vector<JsonMember>& members) {
    JsonDocument document;
    if (const error_code error = document.open(text, BadUtf8::refuse)) return error;
    ondemand::object object;
    if (const error_code error = document.root().get_object().get(object)) return error;
    Checker checker(document);
    const error_code error = for_each_member(
        object, [&](ondemand::raw_json_string key, ondemand::value value) -> error_code {
            if (const error_code bad_key = checker.check_key(key)) return bad_key;
            members.emplace_back(checker.scratch(), std::string_view());
            std::string_view token = value.raw_json_token();
            if (const error_code bad_value = checker.check(value, 1)) return bad_value;
            if (token.starts_with('{') || token.starts_with('[')) {
                // The walk has left us at the token after the container.
                const char* end = nullptr;
                if (const error_code lost = value.current_location().get(end)) return lost;
                token =
                    std::string_view(token.data(), static_cast<std::size_t>(end - token.data()));
            }
            token = trim_json(token);
            members.back().raw = text.substr(document.offset_of(token.data()), token.size());
            return simdjson::SUCCESS;
        });
    return error ? error : document.check_end();
}

error_code check_text(std::string_view text) {
    JsonDocument document;
    if (const error_code error = document.open(text, BadUtf8::refuse)) return error;
    Checker checker(document);
    const std::string_view trimmed = trim_json(text);
    if (trimmed.starts_with('{') || trimmed.starts_with('[')) {
        ondemand::value value;
        if (const error_code error = document.root().get_value().get(value)) return error;
        const error_code error = checker.check(value, 0);
        return error ? error : document.check_end();
    }
    std::string scratch;
    if (trimmed.starts_with('"')) return check_string(trimmed, scratch);
    return is_json_scalar(trimmed) ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
}

std::string_view describe(error_code error) noexcept {
    switch (error) {
        case simdjson::EMPTY:
            return "it is empty";
        case simdjson::UTF8_ERROR:
            return "it is not valid UTF-8";
        case simdjson::STRING_ERROR:
            return "a string in it is malformed";
        case simdjson::UNESCAPED_CHARS:
            return "a string in it holds a control character that is not escaped";
        case simdjson::UNCLOSED_STRING:
            return "a string in it is not closed";
        case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
            return "it does not end with the bracket that closes it";
        case simdjson::TRAILING_CONTENT:
            return "there is more text after its end";
        case simdjson::DEPTH_ERROR:
            return "it is nested too deeply";
        default:
            return "its syntax is wrong";
    }
}

}  // namespace

JsonKind JsonMember::kind() const noexcept {
    switch (raw.empty() ? 'n' : raw.front()) {
        case '{':
            return JsonKind::object;
        case '[':
            return JsonKind::array;
        case '"':
            return JsonKind::string;
        case 't':
        case 'f':
            return JsonKind::boolean;
        case 'n':
            return JsonKind::null;
        default:
            return JsonKind::number;
    }
}

bool is_json(std::string_view text) {
    return check_text(text) == simdjson::SUCCESS;
}

Result<std::vector<JsonMember>> read_json_object(std::string_view text) {
    const std::string_view trimmed = trim_json(text);
    if (!trimmed.empty() && !trimmed.starts_with('{')) {
        return Error(LlmErrc::malformed_answer,
                     is_json(text) ? "it is JSON, but not an object in braces" : "it is not JSON");
    }
    std::vector<JsonMember> members;
    if (const error_code error = read_members(text, members)) {
        return Error(LlmErrc::malformed_answer, "it is not JSON: " + std::string(describe(error)));
    }
    return members;
}

const JsonMember* find_member(const std::vector<JsonMember>& members, std::string_view name) {
    const auto found = std::ranges::find(members, name, &JsonMember::name);
    return found == members.end() ? nullptr : &*found;
}

std::string json_string_text(std::string_view raw) {
    std::string text;
    if (!append_json_text(raw, text)) text.clear();
    return text;
}

bool is_empty_container(std::string_view raw) noexcept {
    raw = trim_json(raw);
    if (raw.size() < 2 || (raw.front() != '[' && raw.front() != '{')) return false;
    return trim_json(raw.substr(1, raw.size() - 2)).empty();
}

std::string minify_json(std::string_view text) {
    std::string out(text.size() + simdjson::SIMDJSON_PADDING, '\0');
    std::size_t size = 0;
    if (simdjson::minify(text.data(), text.size(), out.data(), size)) return std::string(text);
    out.resize(size);
    return out;
}

}  // namespace weir::llm
