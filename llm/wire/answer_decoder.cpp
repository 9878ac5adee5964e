// SPDX-License-Identifier: MIT
#include <weir/llm/wire/answer_decoder.h>
#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json.h>

#include "llm/wire/chat_members.h"
#include "llm/wire/error_body.h"
#include "llm/wire/json_reader.h"
#include "llm/wire/text.h"
#include "llm/wire/tool_call_members.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

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

    /// Puts the choices into the answer; to be called when the document has been closed. False
    /// where what was kept raw is no JSON.
    bool settle_choices() {
        // Equal ones in the order of their coming. clang warns of what stable_sort() is made of.
        std::ranges::sort(choices_, {}, [](const Found& each) {
            return std::pair(each.choice.index, each.number);
        });
        for (Found& each : choices_) {
            if (!settle(each.calls)) return false;
            for (ToolCallDelta& call : each.calls)
                each.choice.tool_calls.push_back(whole(std::move(call), each.choice));
            std::string& blocks = each.choice.reasoning_blocks;
            if (!blocks.empty()) {
                blocks = "[" + blocks + "]";
                if (!is_json(blocks)) return false;
                blocks = minify_json(blocks);
            }
            if (&each == choices_.data()) {
                static_cast<ChatChoice&>(answer) = std::move(each.choice);
            } else {
                answer.more_choices.push_back(std::move(each.choice));
            }
        }
        return true;
    }

    bool has_choice() const noexcept { return !choices_.empty(); }

    ChatAnswer answer;
    std::string kind;
    bool is_error = false;

private:
    struct Found {
        ChatChoice choice;
        std::vector<ToolCallDelta> calls;
        std::size_t number = 0;  // in the order of their coming
    };

    static ToolCall whole(ToolCallDelta&& delta, const ChatChoice& choice) {
        ToolCall call(std::move(delta.id), std::move(delta.name), std::move(delta.arguments));
        call.extra = std::move(delta.extra);
        if (call.id.empty()) {
            call.id = made_up_id(std::to_string(choice.tool_calls.size()) + call.name + "\n" +
                                 call.arguments);
        }
        if (trim_json(call.arguments).empty()) call.arguments = "{}";
        return call;
    }

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
        Found found;
        std::optional<std::int64_t> index;
        const error_code error =
            for_each_member(object, [&](ondemand::raw_json_string key, ondemand::value value) {
                if (key == "index") return read_integer(value, index);
                if (key == "finish_reason") return read_text(value, found.choice.finish_reason);
                if (key == "error") return read_is_error(value, is_error);
                return key == "message" ? read_message(value, found) : simdjson::SUCCESS;
            });
        if (error) return error;
        is_error = is_error || found.choice.finish_reason == "error";
        // An index that no server means is as good as none.
        const bool is_sane = index && *index >= 0 && *index < 1'000'000;
        found.choice.index = static_cast<int>(is_sane ? *index : std::ssize(choices_));
        found.number = choices_.size();
        choices_.push_back(std::move(found));
        return simdjson::SUCCESS;
    }

    static error_code read_message(ondemand::value value, Found& found) {
        json_type type;
        if (const error_code error = value.type().get(type)) return error;
        if (type != json_type::object) return simdjson::SUCCESS;
        ondemand::object message;
        if (const error_code error = value.get_object().get(message)) return error;
        ChatChoice& choice = found.choice;
        char16_t high = 0;
        char16_t other_high = 0;
        const error_code error =
            for_each_member(message, [&](ondemand::raw_json_string key, ondemand::value member) {
                if (key == "content") {
                    return read_content(member, choice.text, high, &choice.reasoning);
                }
                if (key == "refusal") return read_text(member, choice.refusal);
                if (key == "tool_calls") return read_tool_calls(member, found.calls, other_high);
                if (key == "function_call") {
                    return read_function_call(member, found.calls, other_high);
                }
                if (key == "reasoning_details") {
                    return append_elements(member, choice.reasoning_blocks);
                }
                // Some servers give both, with the same words.
                const bool is_reasoning = key == "reasoning_content" || key == "reasoning";
                if (!is_reasoning || !choice.reasoning.empty()) return simdjson::SUCCESS;
                return read_text(member, choice.reasoning);
            });
        flush_surrogate(choice.text, high);
        return error;
    }

    std::vector<Found> choices_;
};

}  // namespace

Result<ChatAnswer> decode_chat_answer(std::string_view json) {
    AnswerReader reader;
    error_code error = reader.read(json);
    if (error == simdjson::SUCCESS && !reader.is_error && reader.has_choice()) {
        if (reader.settle_choices()) return std::move(reader.answer);
        error = simdjson::TAPE_ERROR;
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
