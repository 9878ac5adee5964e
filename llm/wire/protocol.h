// SPDX-License-Identifier: MIT
//
// One face for all protocols: a chat to a body, a body to an answer, events to pieces. What each
// protocol makes of it is in files of its own.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/delta_decoder.h>
#include <weir/llm/wire/dialect.h>
#include <weir/llm/wire/messages_decoder.h>
#include <weir/llm/wire/responses_decoder.h>
#include <weir/runtime/base/result.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace weir::llm {

/// The body of a request. Errc::bad_argument where the chat cannot be said in this dialect.
Result<std::string> write_body(const Chat& chat, bool stream, const Dialect& dialect);

/// A whole answer: as decode_chat_answer() and its like.
Result<ChatAnswer> decode_answer(std::string_view body, Protocol protocol);

/// A streamed answer, event by event: see DeltaDecoder, whose contract all of them keep.
class StreamDecoder {
public:
    /// `choices`: how many answers were asked for.
    explicit StreamDecoder(Protocol protocol = Protocol::chat_completions, int choices = 1);

    Result<std::optional<Delta>> event(std::string_view type, std::string_view data);
    std::optional<Delta> more();
    Result<void> finish(bool body_complete) const;
    bool is_done() const noexcept;

private:
    // The usual one in place: ten thousand may be live.
    std::variant<DeltaDecoder, std::unique_ptr<MessagesDecoder>, std::unique_ptr<ResponsesDecoder>>
        decoder_;
};

}  // namespace weir::llm
