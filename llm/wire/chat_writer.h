// SPDX-License-Identifier: MIT
//
// A Chat as the body of a Chat Completions request.
#pragma once

#include <weir/llm/wire/chat.h>
#include <weir/runtime/base/result.h>
#include <string>

namespace weir::llm {

/// The request body. A streamed one also asks for the usage in the last chunk. Fails with
/// Errc::bad_argument where the chat cannot be a request: no model, no message, a number that is
/// not finite, an extra_body that is no JSON object or that sets "stream".
Result<std::string> write_chat_body(const Chat& chat, bool stream);

}  // namespace weir::llm
