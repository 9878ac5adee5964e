// SPDX-License-Identifier: MIT
//
// A Chat as the body of a request to OpenAI's Responses API, `POST /responses`.
#pragma once

#include <weir/llm/wire/chat.h>
#include <weir/runtime/base/result.h>
#include <string>

namespace weir::llm {

/// The request body: the whole chat as input items, so that the server need remember nothing.
/// Texts of system and developer messages before the first other one become "instructions", joined
/// by blank lines; later ones stay where they are. `is_error` of a call's result has no place here:
/// its text has to say it. Reasoning that is to be given back although the server stores nothing
/// must be asked for: `extra_body(R"({"store":false,"include":["reasoning.encrypted_content"]})")`.
///
/// Fails with Errc::bad_argument where the chat cannot be said in this protocol: what
/// write_chat_body() refuses, and a seed, stop texts or several choices.
Result<std::string> write_responses_body(const Chat& chat, bool stream);

}  // namespace weir::llm
