// SPDX-License-Identifier: MIT
#include "llm/wire/error_body.h"

#include <weir/llm/wire/error.h>

#include "llm/wire/json_reader.h"
#include "llm/wire/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weir::llm {
namespace {

constexpr std::size_t kMessageBytesMax = 500;
constexpr std::size_t kWordBytesMax = 80;
constexpr std::size_t kPageBytesMax = 200;

using ondemand::json_type;

/// A string or a number as text.
error_code read_word(ondemand::value value, std::string& word) {
    json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type == json_type::number) word = trim_json(value.raw_json_token());
    return read_text(value, word);
}

/// FastAPI's list of {"loc":[...],"msg":"..."}, of which the first few are enough.
error_code read_detail_list(ondemand::array list, std::string& message) {
    return for_each_element(list, [&](ondemand::value entry) -> error_code {
        ondemand::object object;
        if (entry.get_object().get(object)) return simdjson::INCORRECT_TYPE;
        std::string text;
        std::string place;
        const error_code error = for_each_member(object, [&](auto key, ondemand::value value) {
            if (key == "msg") return read_text(value, text);
            if (key != "loc") return simdjson::SUCCESS;
            ondemand::array path;
            if (value.get_array().get(path)) return simdjson::SUCCESS;
            return for_each_element(path, [&](ondemand::value step) {
                if (!place.empty()) place += '.';
                std::string word;
                const error_code bad_step = read_word(step, word);
                place += word;
                return bad_step;
            });
        });
        if (message.size() > kMessageBytesMax) return error;
        if (!message.empty()) message += "; ";
        message += place.empty() ? text : place + ": " + text;
        return error;
    });
}

/// Reads both the error object itself and what may lie around it.
class Reader {
public:
    error_code read_root(ondemand::object object) {
        return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
            if (key == "error") return read_error(value);
            if (key == "detail") return read_detail(value);
            if (key == "request_id") return read_text(value, outer_.request_id);
            if (key == "choices") return read_choices(value);
            return read_member(key, value, outer_);
        });
    }

    /// The inner object where there is one, else the outer one.
    ErrorBody take() {
        ErrorBody body = std::move(found_inner_ ? inner_ : outer_);
        if (found_inner_) body.request_id = std::move(outer_.request_id);
        return body;
    }

private:
    error_code read_member(ondemand::raw_json_string key, ondemand::value value, ErrorBody& body) {
        if (key == "message") return read_text(value, body.message);
        if (key == "type") return read_text(value, body.type);
        if (key == "param") return read_text(value, body.param);
        if (key == "code" || key == "status") return read_code(value, body);
        return simdjson::SUCCESS;
    }

    static error_code read_code(ondemand::value value, ErrorBody& body) {
        std::string word;
        if (const error_code error = read_word(value, word)) return error;
        if (word.empty()) return simdjson::SUCCESS;
        std::int64_t number = 0;
        const char* const end = word.data() + word.size();
        const bool is_number = std::from_chars(word.data(), end, number).ptr == end;
        if (is_number) body.status = number;
        // A word says more than a number, whichever of "code" and "status" comes first.
        const bool has_number = body.status && body.code == std::to_string(*body.status);
        if (body.code.empty() || (has_number && !is_number)) body.code = std::move(word);
        return simdjson::SUCCESS;
    }

    error_code read_error(ondemand::value value) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type == json_type::string) {
            found_inner_ = true;
            return read_text(value, inner_.message);
        }
        if (type != json_type::object) return simdjson::SUCCESS;
        found_inner_ = true;
        ondemand::object object;
        if (const error_code error = value.get_object().get(object)) return error;
        return for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value member) {
            return read_member(key, member, inner_);
        });
    }

    error_code read_detail(ondemand::value value) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type == json_type::string) return read_text(value, outer_.message);
        if (type == json_type::object) return read_error(value);
        ondemand::array list;
        if (value.get_array().get(list)) return simdjson::SUCCESS;
        return read_detail_list(list, outer_.message);
    }

    /// An error may lie inside the choice that it ended.
    error_code read_choices(ondemand::value value) {
        ondemand::array choices;
        if (value.get_array().get(choices)) return simdjson::SUCCESS;
        return for_each_element(choices, [&](ondemand::value choice) -> error_code {
            ondemand::object object;
            if (choice.get_object().get(object)) return simdjson::INCORRECT_TYPE;
            return for_each_member(object, [&](auto key, ondemand::value member) {
                return key == "error" ? read_error(member) : simdjson::SUCCESS;
            });
        });
    }

    ErrorBody inner_;
    ErrorBody outer_;
    bool found_inner_ = false;
};

/// What a person would see of a page: its title, else its text as it is.
std::string page_excerpt(std::string_view body) {
    std::string_view shown = body;
    const std::size_t begin = body.find("<title>");
    const std::size_t end = body.find("</title>");
    if (begin != std::string_view::npos && end != std::string_view::npos && begin + 7 < end) {
        shown = body.substr(begin + 7, end - begin - 7);
    }
    const std::string text = excerpt(shown, kPageBytesMax);
    return trim_json(body).starts_with('<') ? "a web page instead of JSON: \"" + text + "\""
                                            : "\"" + text + "\"";
}

template <std::size_t size>
bool is_any_of(const ErrorBody& body, const std::array<std::string_view, size>& words) {
    return std::ranges::find(words, body.code) != words.end() ||
           std::ranges::find(words, body.type) != words.end();
}

/// Whether a failure that the body describes may pass by itself; nothing if it does not tell.
std::optional<bool> may_pass(const ErrorBody& body) {
    static constexpr std::array<std::string_view, 11> kPassing = {
        "overloaded_error",      "rate_limit_error", "rate_limit_exceeded", "server_error",
        "internal_server_error", "api_error",        "timeout_error",       "service_unavailable",
        "RESOURCE_EXHAUSTED",    "slow_down",        "server_is_overloaded"};
    static constexpr std::array<std::string_view, 10> kLasting = {
        "invalid_request_error",   "authentication_error", "permission_error", "not_found_error",
        "context_length_exceeded", "content_filter",       "billing_error",    "BadRequestError",
        "invalid_prompt",          "request_too_large"};
    if (is_out_of_money(body)) return false;
    if (is_any_of(body, kLasting)) return false;
    if (is_any_of(body, kPassing)) return true;
    if (!body.status || *body.status < 400 || *body.status > 599) return std::nullopt;
    return *body.status >= 500 || *body.status == 408 || *body.status == 409 || *body.status == 429;
}

}  // namespace

ErrorBody read_error_body(std::string_view body) {
    ErrorBody result;
    const std::string_view text = trim_json(body);
    if (text.starts_with('{') || text.starts_with('[')) {
        JsonDocument document;
        Reader reader;
        if (document.open(text, BadUtf8::replace) == simdjson::SUCCESS) {
            ondemand::object object;
            // Gemini wraps the object in an array. An error half-way leaves what was read so far.
            if (text.front() == '[') {
                std::ignore =
                    document.root().at(0).get_object().get(object) || reader.read_root(object);
            } else {
                std::ignore = document.root().get_object().get(object) || reader.read_root(object);
            }
        }
        result = reader.take();
    }
    result.message = excerpt(result.message, kMessageBytesMax);
    for (auto* word : {&result.type, &result.code, &result.param, &result.request_id}) {
        *word = excerpt(*word, kWordBytesMax);
    }
    if (!result.message.empty()) return result;
    result.message = text.empty() ? "an empty body" : page_excerpt(body);
    return result;
}

bool is_out_of_money(const ErrorBody& body) {
    static constexpr std::array<std::string_view, 6> kWords = {"insufficient_quota",
                                                               "credit_balance_exhausted",
                                                               "organization_spend_limit_exceeded",
                                                               "project_spend_limit_exceeded",
                                                               "organization_usage_limit_exceeded",
                                                               "enforced_spend_limit_reached"};
    return is_any_of(body, kWords) ||
           body.message.find("enforced_spend_limit_reached") != std::string::npos;
}

std::string describe(const ErrorBody& body) {
    std::string details;
    const auto add = [&details](std::string_view name, const std::string& value,
                                std::string_view separator) {
        if (value.empty()) return;
        if (!details.empty()) details += separator;
        details += name;
        details += value;
    };
    add("type ", body.type, ", ");
    add("code ", body.code, ", ");
    add("param ", body.param, ", ");
    add("request id ", body.request_id, "; ");
    return details.empty() ? body.message : body.message + " (" + details + ")";
}

Error error_in_answer(std::string_view text) {
    const ErrorBody body = read_error_body(text);
    Error error(LlmErrc::failed_in_stream,
                "the server reported an error inside its answer: " + describe(body));
    if (const auto passes = may_pass(body)) return std::move(error).with_retry(*passes);
    return error;
}

}  // namespace weir::llm
