// SPDX-License-Identifier: MIT
//
// Answers of OpenAI's Responses API: whole ones, and the server-sent events of streamed ones to
// deltas with the verdict at their end. This protocol has no word for a finish reason: a completed
// answer gets "stop", or "tool_calls" where it asks for any; of an incomplete one it is the reason
// that the server gives, such as "max_output_tokens".
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

/// A whole answer. LlmErrc::failed_in_stream where it is an error or a response that failed,
/// LlmErrc::malformed_answer where it is no response. Items of reasoning are kept in
/// `reasoning_blocks`, as the server wants them back.
Result<ChatAnswer> decode_responses_answer(std::string_view body);

/// The same contract as DeltaDecoder's.
class ResponsesDecoder {
public:
    ResponsesDecoder() = default;

    /// Takes one event. Nothing if the event says nothing that an answer is made of, is of a kind
    /// that is not known, or comes after the end. An error ends the stream; finish() repeats it.
    Result<std::optional<Delta>> event(std::string_view type, std::string_view data);

    /// Says how the stream ended. Success means that the answer is whole, or as whole as it was to
    /// be: response.completed or response.incomplete came. Anything else is
    /// LlmErrc::stream_truncated.
    Result<void> finish(bool body_complete) const;

    /// True after the last event of the response, [DONE] or an error: stop reading.
    bool is_done() const noexcept { return saw_done_ || error_ != nullptr; }

    bool saw_done() const noexcept { return saw_done_; }
    bool saw_finish() const noexcept { return saw_finish_; }
    bool saw_usage() const noexcept { return saw_usage_; }
    /// Events that were no JSON but could do no harm: a comment that a gateway sent as data.
    std::uint32_t events_skipped() const noexcept { return events_skipped_; }

private:
    struct Call {
        std::int64_t output_index = 0;
        bool has_arguments = false;
    };
    struct Event;

    Error fail(Error error);
    void take_item(const Event& event, bool is_whole, Delta& delta);
    void take_arguments(const Event& event, bool are_whole, Delta& delta);
    void take_end(const Event& event, Delta& delta);
    std::size_t call_at(std::int64_t output_index) const;

    std::unique_ptr<Error> error_;
    std::vector<Call> calls_;       // in the order in which they came
    std::string reasoning_blocks_;  // the inside of a JSON array
    std::uint32_t events_skipped_ = 0;
    char16_t high_text_ = 0;  // first halves of characters, by what they are a part of
    char16_t high_reasoning_ = 0;
    char16_t high_arguments_ = 0;
    bool saw_content_ = false;
    bool saw_done_ = false;
    bool saw_finish_ = false;
    bool saw_usage_ = false;
};

}  // namespace weir::llm
