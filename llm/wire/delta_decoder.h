// SPDX-License-Identifier: MIT
//
// Server-sent events of a Chat Completions stream to deltas, and the verdict at its end: whole,
// failed or cut. A decoder is small (ten thousand may be live); what parsing needs is shared by
// the decoders of a thread. Only the choice of index 0 is reported; tool calls are not assembled.
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
    DeltaDecoder() = default;

    /// Takes one event. Nothing if the event says nothing: a comment, a heartbeat, an empty delta,
    /// or anything that comes after the end. An error ends the stream; finish() repeats it.
    Result<std::optional<Delta>> event(std::string_view type, std::string_view data);

    /// Says how the stream ended, once no more events come. `body_complete`: the HTTP body ended
    /// as its framing promised. Success means that the answer is whole; a stream with neither
    /// [DONE] nor a finish reason is LlmErrc::stream_truncated, however the body ended.
    Result<void> finish(bool body_complete) const;

    /// True after [DONE] or an error: stop reading, since some servers never close after it.
    bool is_done() const noexcept { return saw_done_ || error_ != nullptr; }

    bool saw_done() const noexcept { return saw_done_; }
    bool saw_finish() const noexcept { return saw_finish_; }
    bool saw_usage() const noexcept { return saw_usage_; }
    /// Events that were no JSON but could do no harm: a comment that a gateway sent as data.
    std::uint32_t events_skipped() const noexcept { return events_skipped_; }

private:
    Error fail(Error error);

    std::unique_ptr<Error> error_;
    std::uint32_t events_skipped_ = 0;
    // The first half of a character whose second half comes with the next chunk; zero for none.
    char16_t high_surrogate_ = 0;
    bool saw_done_ = false;
    bool saw_finish_ = false;
    bool saw_usage_ = false;
};
static_assert(sizeof(DeltaDecoder) <= 24);

}  // namespace weir::llm
