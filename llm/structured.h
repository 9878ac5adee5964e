// SPDX-License-Identifier: MIT
//
// Answers in JSON that keep to a schema: checked when they come, and asked for again, with the
// fault named, where they do not.
#pragma once

#include <weir/llm/client.h>
#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/chat.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm {

/// An answer that keeps to its schema.
class StructuredAnswer {
public:
    StructuredAnswer(std::string text, ChatAnswer whole, int asked)
        : json(std::move(text)), answer(std::move(whole)), rounds(asked) {}

    std::string json;
    ChatAnswer answer;
    int rounds;  ///< how often the model was asked
};

/// The JSON in what a model said: without blanks, and without the code fence that many put round
/// it.
std::string_view json_in(std::string_view text) noexcept;

/// Asks for JSON that keeps to the chat's ResponseFormat::json_schema() and checks it. Where it
/// does not, the model is told what is wrong and asked again, `rounds_max` times in all; then
/// LlmErrc::malformed_answer. The same at once where the model declines, or where its answer is cut
/// by max_tokens. Errc::bad_argument where the chat has no schema, or none that can be used.
/// `client` must live until the task ends.
Task<Result<StructuredAnswer>> ask_structured(Client& client, Chat chat, int rounds_max = 3);

}  // namespace weir::llm
