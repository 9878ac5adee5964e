// SPDX-License-Identifier: MIT
//
// The messages of a chat, as a Chat Completions body has them.
#pragma once

#include <weir/llm/wire/dialect.h>
#include <weir/llm/wire/message.h>
#include <weir/runtime/base/result.h>
#include <string>
#include <vector>

namespace weir::llm {

/// Appends the array of messages. Errc::bad_argument, which names the message, where the protocol
/// has no way to say one.
Result<void> append_chat_messages(std::string& out, const std::vector<Message>& messages,
                                  const Dialect& dialect);

}  // namespace weir::llm
