// SPDX-License-Identifier: MIT
//
// The body of a Chat Completions answer that was not streamed. Tolerant: all but `choices` is
// optional, unknown members are ignored.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/runtime/base/result.h>
#include <string_view>

namespace weir::llm {

/// All choices by their index, with their calls: one to which the server gave no id gets one, and
/// empty arguments become "{}". LlmErrc::failed_in_stream if the body is an error object in
/// spite of its status; LlmErrc::malformed_answer, with an excerpt, if it is no answer at all.
Result<ChatAnswer> decode_chat_answer(std::string_view json);

}  // namespace weir::llm
