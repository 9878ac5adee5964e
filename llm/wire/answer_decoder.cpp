// SPDX-License-Identifier: MIT
#include <weir/llm/wire/answer_decoder.h>
#include <weir/llm/wire/error.h>

#include "llm/wire/chat_members.h"
#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/text.h"

#include <utility>

namespace weir::llm {
namespace {

using ondemand::json_type;

constexpr std::size_t kExcerptBytesMax = 200;

/// One pass over the answer. What it finds is complete only if read() succeeds.
class AnswerReader {
public:
    error_code read(std::string_view json) {
        JsonDocument document;
        if (const error_code error = document.open(json, BadUtf8::replace)) return error;
        ondemand::object root;
        if (const error_code error = document.root().get_object().get(root)) return error;
        const error_code error =
            for_each_member(root, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "error") return read_is_error(value, is_error);
                if (key == "object") return read_text(value, kind);
                if (key == "id") return read_text(value, answer.id);
                if (key == "model") return read_text(value, answer.model);
                if (key == "usage") return read_usage(value, answer.usage);
                return key == "choices" ? read_choices(value) : simdjson::SUCCESS;
            });
        return error ? error : document.check_end();
    }

    ChatAnswer answer;
    std::string kind;
    bool is_error = false;
    bool has_choice = false;

private:
    error_code read_choices(ondemand::value value) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type != json_type::array) return simdjson::SUCCESS;
        ondemand::array choices;
        if (const error_code error = value.get_array().get(choices)) return error;
        return for_each_element(choices, [&](ondemand::value choice) -> error_code {
            ondemand::object object;
            if (const error_code error = choice.get_object().get(object)) return error;
            return read_choice(object);
        });
    }

    error_code read_choice(ondemand::object object) {
        ChatAnswer found;
        std::optional<std::int64_t> index;
        bool choice_failed = false;
        const error_code error =
            for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "index") return read_integer(value, index);
                if (key == "finish_reason") return read_text(value, found.finish_reason);
                if (key == "error") return read_is_error(value, choice_failed);
                return key == "message" ? read_message(value, found) : simdjson::SUCCESS;
            });
        if (error || index.value_or(0) != 0 || has_choice) return error;
        has_choice = true;
        is_error = is_error || choice_failed || found.finish_reason == "error";
        answer.text = std::move(found.text);
        answer.refusal = std::move(found.refusal);
        answer.finish_reason = std::move(found.finish_reason);
        return simdjson::SUCCESS;
    }

    static error_code read_message(ondemand::value value, ChatAnswer& found) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type != json_type::object) return simdjson::SUCCESS;
        ondemand::object message;
        if (const error_code error = value.get_object().get(message)) return error;
        char16_t high = 0;
        const error_code error =
            for_each_member(message, [&](ondemand::raw_json_string key, ondemand::value member) {
                if (key == "content") return read_content(member, found.text, high);
                return key == "refusal" ? read_text(member, found.refusal) : simdjson::SUCCESS;
            });
        flush_surrogate(found.text, high);
        return error;
    }
};

}  // namespace

Result<ChatAnswer> decode_chat_answer(std::string_view json) {
    AnswerReader reader;
    const error_code error = reader.read(json);
    if (error == simdjson::SUCCESS && !reader.is_error && reader.has_choice) {
        return std::move(reader.answer);
    }
    const std::string_view text = trim_json(json);
    // An array can only be an error that a gateway wrapped; read_error_body() looks inside.
    const bool is_wrapped = text.starts_with("[{\"error\"") || reader.kind == "error";
    if (reader.is_error || is_wrapped) return error_in_answer(json);
    if (text.empty()) return Error(LlmErrc::malformed_answer, "the answer's body is empty");
    const std::string shown = excerpt(text, kExcerptBytesMax);
    if (error != simdjson::SUCCESS) {
        return Error(LlmErrc::malformed_answer,
                     "the answer is not the JSON of a chat completion (check the base URL, or a "
                     "proxy on the way): " +
                         shown);
    }
    return Error(LlmErrc::malformed_answer, "the answer has no choices: " + shown);
}

}  // namespace weir::llm
