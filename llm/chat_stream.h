// SPDX-License-Identifier: MIT
//
// A streamed answer, pulled piece by piece: `co_await stream.next()`. A stream that was cut is an
// error, never an answer.
#pragma once

#include <weir/http/client.h>
#include <weir/http/wire/sse_parser.h>
#include <weir/llm/limiter.h>
#include <weir/llm/secret.h>
#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/call_report.h>
#include <weir/llm/wire/protocol.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::llm {

class Call;

/// What the streams of a client have in common.
class StreamRules {
public:
    StreamRules(Duration before_first, Duration between, ApiKey secret)
        : first_limit(before_first), gap_limit(between), key(std::move(secret)) {}

    Duration first_limit;  ///< without content, which signs of life are not
    Duration gap_limit;
    ApiKey key;  ///< not to be shown in an error
};

/// A streamed answer. Dropped before its end, it closes the connection, so that the server stops
/// generating. Must not outlive its client.
class ChatStream {
public:
    /// The next piece; nothing at the end of a whole answer, and from then on.
    /// LlmErrc::stream_truncated where it was cut, LlmErrc::failed_in_stream where the server
    /// reported an error in the midst of it, Errc::timed_out where it fell silent. After an error
    /// the stream is of no more use.
    Task<Result<std::optional<Delta>>> next();

    /// The server's x-request-id; may be empty.
    const std::string& request_id() const noexcept { return report_.request_id; }
    /// Its timeline grows until the stream has ended.
    const CallReport& report() const noexcept { return report_; }

private:
    friend class Client;
    friend class Fallback;
    ChatStream(http::ResponseStream response, Call& call, const StreamRules& rules);

    // Each sets `next` to what next() gives; false where more must be read.
    bool take_from_input(Result<std::optional<Delta>>& next);
    bool take_piece(Result<Bytes> piece, Result<std::optional<Delta>>& next);
    void take_rest(Result<std::optional<Delta>>& next);
    void end(std::optional<Error> broken, Result<std::optional<Delta>>& next);
    void limit_wait();
    void note(const Delta& delta);
    void settle() noexcept;
    Task<Result<void>> look_ahead();
    Error silence(Error error) const;

    http::ResponseStream response_;
    http::SseParser events_;
    StreamDecoder decoder_;
    Bytes input_;                   // of the last read, not parsed yet
    std::unique_ptr<Delta> whole_;  // all of it, from a server that does not stream
    std::unique_ptr<Delta> ahead_;  // what look_ahead() found
    CallReport report_;
    std::optional<CallPermit> permit_;  // of the limiter
    std::unique_ptr<Usage> usage_;      // the last that came; kept where there is a limiter
    const StreamRules* rules_;          // the client's
    Instant deadline_;                  // of the call
    Instant content_due_ = kNever;      // kNever: counted from when the caller waits again
    Instant phase_begun_;               // of the last phase of the timeline
    bool has_content_ = false;
    bool has_ended_ = false;
    bool is_settled_ = false;
};

}  // namespace weir::llm
