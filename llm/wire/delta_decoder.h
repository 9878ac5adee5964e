// SPDX-License-Identifier: MIT
//
// Server-sent events of a Chat Completions stream to deltas, and the verdict at its end: whole,
// failed or cut. A decoder is small (ten thousand may be live); what parsing needs is shared by
// the decoders of a thread. AnswerBuilder puts the deltas together.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace weir::llm {

class DeltaDecoder {
public:
    /// `choices`: how many answers were asked for. The stream is whole when all of them are.
    explicit DeltaDecoder(int choices = 1);
    DeltaDecoder(DeltaDecoder&&) noexcept;
    DeltaDecoder& operator=(DeltaDecoder&&) noexcept;
    ~DeltaDecoder();

    /// Takes one event. Nothing if the event says nothing: a comment, a heartbeat, an empty delta,
    /// or anything that comes after the end. An error ends the stream; finish() repeats it. Where
    /// the event has pieces of several choices this is the first of them, and more() the others.
    Result<std::optional<Delta>> event(std::string_view type, std::string_view data);

    /// The next piece of the last event; nothing where it has no other.
    std::optional<Delta> more();

    /// Says how the stream ended, once no more events come. `body_complete`: the HTTP body ended
    /// as its framing promised. Success means that the answer is whole; a stream with neither
    /// [DONE] nor a finish reason is LlmErrc::stream_truncated, however the body ended.
    Result<void> finish(bool body_complete) const;

    /// True after [DONE] or an error: stop reading, since some servers never close after it.
    bool is_done() const noexcept { return saw_done_ || error_ != nullptr; }

    bool saw_done() const noexcept { return saw_done_; }
    /// Whether each choice that was asked for, and each that came, has its finish reason.
    bool saw_finish() const noexcept;
    bool saw_usage() const noexcept { return saw_usage_; }
    /// Events that were no JSON but could do no harm: a comment that a gateway sent as data.
    std::uint32_t events_skipped() const noexcept { return events_skipped_; }

private:
    class ChunkReader;
    struct Rest;  // what a stream with one choice and no blocks of reasoning does without

    /// First halves of characters whose second halves come with the next chunk; zero for none.
    struct Halves {
        char16_t text = 0;
        char16_t reasoning = 0;
        char16_t arguments = 0;
    };

    Rest& rest();
    Error fail(Error error);
    Result<std::optional<Delta>> end_of_stream();
    void take_finish(Delta& delta);

    std::unique_ptr<Error> error_;
    std::unique_ptr<Rest> rest_;
    std::uint32_t events_skipped_ = 0;
    Halves halves_;
    bool saw_done_ = false;
    bool saw_first_finish_ = false;  // of the choice of index 0
    bool saw_usage_ = false;
};
static_assert(sizeof(DeltaDecoder) <= 32);

}  // namespace weir::llm
