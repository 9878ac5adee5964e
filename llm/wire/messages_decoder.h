// SPDX-License-Identifier: MIT
//
// Answers of Anthropic's Messages API: whole ones, and the server-sent events of streamed ones to
// deltas with the verdict at their end. Words are kept as the server spelled them: "end_turn" is a
// finish reason, of which Delta::finish() knows the meaning.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm {

/// A whole answer. LlmErrc::failed_in_stream where it is an error object, LlmErrc::malformed_answer
/// where it is no message. The input of a call becomes JSON text; blocks of thinking are kept in
/// `reasoning_blocks`, as the server wants them back.
Result<ChatAnswer> decode_messages_answer(std::string_view body);

/// The counts of this protocol, each of which may come alone and replaces what came before.
class MessagesUsage {
public:
    MessagesUsage() = default;

    /// Takes a raw "usage" object; false if it has no count.
    bool take(std::string_view json);
    /// Normalised: the input is all of the input, which here is told in three parts.
    Usage total() const noexcept;

private:
    std::int64_t input_ = 0;
    std::int64_t output_ = 0;
    std::int64_t cache_read_ = 0;
    std::int64_t cache_write_ = 0;
    std::int64_t thinking_ = 0;
};

/// The same contract as DeltaDecoder's.
class MessagesDecoder {
public:
    MessagesDecoder() = default;

    /// Takes one event. Nothing if the event says nothing: a ping, an event of a kind that is not
    /// known, or anything that comes after the end. An error ends the stream; finish() repeats it.
    Result<std::optional<Delta>> event(std::string_view type, std::string_view data);

    /// Says how the stream ended. Success means that the answer is whole, which only message_stop
    /// or a stop reason can tell; anything else is LlmErrc::stream_truncated.
    Result<void> finish(bool body_complete) const;

    /// True after message_stop, [DONE] or an error: stop reading.
    bool is_done() const noexcept { return saw_done_ || error_ != nullptr; }

    bool saw_done() const noexcept { return saw_done_; }
    bool saw_finish() const noexcept { return saw_finish_; }
    bool saw_usage() const noexcept { return saw_usage_; }
    /// Events that were no JSON but could do no harm: a comment that a gateway sent as data.
    std::uint32_t events_skipped() const noexcept { return events_skipped_; }

private:
    struct Block {
        std::int64_t index = 0;  // as the server counts blocks
        std::int64_t call = -1;  // as we count calls; -1 for a block of another kind
        bool is_thinking = false;
        bool has_input = false;  // pieces of it came
        std::string input;       // whole, where the server gave it at the start
        std::string thinking;
        std::string signature;
        char16_t high = 0;
    };
    struct Event;

    Error fail(Error error);
    bool start_block(const Event& event, Delta& delta);
    void continue_block(const Event& event, Delta& delta);
    void close_block(Block& block, Delta& delta);
    void close_all_blocks(Delta& delta);
    void take_usage(std::string_view json, Delta& delta);
    void end_message(const Event& event, Delta& delta);
    Block* find_block(std::int64_t index);

    std::unique_ptr<Error> error_;
    std::vector<Block> blocks_;     // those that are open: one at a time, from all known servers
    std::string reasoning_blocks_;  // the inside of a JSON array
    MessagesUsage usage_;
    std::int64_t calls_ = 0;
    std::uint32_t events_skipped_ = 0;
    char16_t high_ = 0;  // the first half of a character of the text
    bool saw_done_ = false;
    bool is_stopped_ = false;  // by message_stop, not by another protocol's end mark
    bool saw_finish_ = false;
    bool saw_usage_ = false;
};

}  // namespace weir::llm
