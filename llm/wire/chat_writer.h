// SPDX-License-Identifier: MIT
//
// A Chat as the body of a Chat Completions request.
#pragma once

#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/dialect.h>
#include <weir/runtime/base/result.h>
#include <string>

namespace weir::llm {

/// The request body, in the ways of a server. A streamed one also asks for the usage in the last
/// chunk. Schemas and what a model gave to be sent back must be JSON; whether a schema is a good
/// one the server finds out. `Message::is_error` is not written: the protocol leaves that to the
/// text. Errc::bad_argument, which says what to change, where the chat cannot be a request: no
/// model, no message, a number that is not finite, a function without a name, a message that the
/// protocol cannot say, an extra_body that is no JSON object or that sets "stream", a dialect of
/// another protocol.
Result<std::string> write_chat_body(const Chat& chat, bool stream, const Dialect& dialect);

/// The same for a server of which nothing is known: Dialect::compatible().
Result<std::string> write_chat_body(const Chat& chat, bool stream);

}  // namespace weir::llm
