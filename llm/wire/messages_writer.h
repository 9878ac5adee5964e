// SPDX-License-Identifier: MIT
//
// A Chat as the body of a request to Anthropic's Messages API, `POST /v1/messages`.
#pragma once

#include <weir/llm/wire/chat.h>
#include <weir/runtime/base/result.h>
#include <string>

namespace weir::llm {

/// What is written as max_tokens, which this protocol demands, where the chat names none.
inline constexpr int kMessagesMaxTokens = 4096;

/// The request body. Texts of system and developer messages go to "system", joined by blank lines;
/// messages of one role that follow each other become one. Empty texts, which the server would
/// refuse, are left out. Arguments of a call that are no JSON object go back as
/// {"invalid_json": the text}, so that the model sees its mistake.
///
/// Fails with Errc::bad_argument where the chat cannot be said in this protocol: what
/// write_chat_body() refuses, and a seed, several choices, sound, any JSON object as the response
/// format, or an empty message of the user. `reasoning_effort` becomes output_config.effort, "none"
/// turns thinking off; more about thinking is for extra_body to say.
Result<std::string> write_messages_body(const Chat& chat, bool stream);

}  // namespace weir::llm
