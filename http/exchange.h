// SPDX-License-Identifier: MIT
//
// One request and the answer to it, as a handler sees them.
#pragma once

#include <weir/http/wire/headers.h>
#include <weir/http/wire/message.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

class Transport;

/// A handler answers once: whole with respond(), or with begin(), any number of write() and end().
/// One that does not answer makes it a 500. An error means that the client is gone, or takes too
/// long; a handler then returns. While a handler waits for something else and the client goes, the
/// handler is cancelled where it waits.
class Exchange {
public:
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    const RequestHead& request() const noexcept { return head_; }
    const std::string& body() const noexcept { return body_; }

    /// Sends a whole response.
    Task<Result<void>> respond(int status, Headers headers, std::string body);
    /// Begins a response whose body is sent piece by piece.
    Task<Result<void>> begin(int status, Headers headers);
    /// Sends a piece, at once. `data` must stay put meanwhile.
    Task<Result<void>> write(std::string_view data);
    Task<Result<void>> end();
    /// The connection is closed after this response, or, in the middle of one, right away: how a
    /// test server cuts an answer.
    void close_connection() noexcept { aborts_ = true; }

    bool has_begun() const noexcept { return state_ != State::waiting; }

private:
    friend class ServerConnection;
    enum class State : std::uint8_t { waiting, streaming, done };

    Exchange(Transport& transport, RequestHead head, std::string body) noexcept
        : transport_(transport), head_(std::move(head)), body_(std::move(body)) {}
    Task<Result<void>> flush();

    Transport& transport_;
    RequestHead head_;
    std::string body_;
    ByteQueue out_;
    State state_ = State::waiting;
    bool closes_ = false;  // the client asked for it, or cannot do otherwise
    bool aborts_ = false;  // the handler asked for it
    // HTTP/1.0 knows no chunks, and HEAD no body: a streamed response is held until its end.
    std::optional<ResponseHead> held_;
    std::string held_body_;
};

}  // namespace weir::http
