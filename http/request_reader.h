// SPDX-License-Identifier: MIT
//
// The requests of one connection, one after the other, as a server's connection reads them: each
// wait for bytes has a limit, and so have a whole head and the pace of a body. A body is read
// before its handler begins, or by the handler, piece by piece.
#pragma once

#include <weir/http/wire/request_parser.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/sync/event.h>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "http/server_core.h"
#include "http/supervised.h"
#include "http/transport.h"

namespace weir::http {

/// Between two requests it is in the core's list of those that are idle.
class RequestReader : public IntrusiveNode {
public:
    /// All of them must outlive it.
    RequestReader(ServerCore& core, Supervisor& supervisor, Transport& transport) noexcept
        : core_(core),
          supervisor_(supervisor),
          transport_(transport),
          options_(core.options),
          parser_(options_.limits_) {
        body_end_.set();
    }
    ~RequestReader() {
        if (is_linked()) unlink();
    }

    /// Reads a head and, unless bodies are streamed, the whole body. False where the client closed
    /// instead, or no more requests are taken. Errc::cancelled where it was interrupted.
    Task<Result<bool>> next();
    void interrupt() noexcept { supervisor_.interrupt(); }
    RequestHead take_head() { return std::move(head_); }
    /// After an error: what is known of the request's head.
    RequestHead take_known_head() { return has_head_ ? std::move(head_) : parser_.take_head(); }
    std::string take_body() { return std::exchange(body_, std::string()); }
    bool keep_alive() const noexcept { return parser_.keep_alive(); }

    // --- a body that is streamed -----------------------------------------------------------------
    /// The next piece, valid until the next call; empty at the end. An error is given again.
    /// `may_ask`: a client that holds the body back may be told to send it.
    Task<Result<Bytes>> read_body(bool may_ask);
    /// Reads what is left, if that is little. False where the connection is of no more use.
    Task<bool> skip_body();
    bool can_skip_body() const noexcept;
    /// Nothing more of this body is wanted. Gives the error back.
    Error fail(Error error);
    /// Null: the body could be read so far.
    const Error* failure() const noexcept { return failure_ ? &*failure_ : nullptr; }
    /// Whether the client waits for "100 Continue", and has not had it.
    bool is_held_back() const noexcept { return is_held_back_; }
    bool has_whole_body() const noexcept { return parser_.is_done(); }
    /// What is to come, where that is known.
    std::optional<std::uint64_t> body_left() const noexcept { return parser_.body_left(); }
    /// Waits for the end of the body. Until then nobody else may read the transport.
    EventRequest body_end() noexcept { return body_end_.wait(); }

    /// Whether part of a request has come and the rest has not.
    bool is_amidst() const noexcept { return !parser_.is_done() && parser_.has_begun(); }
    /// When the first byte of the present request came, or was found waiting.
    Instant begun() const noexcept { return request_began_; }
    /// Whether bytes behind the last request have come.
    bool has_more() const noexcept { return !input_.empty(); }

private:
    Instant deadline() const noexcept;
    void begin_body();
    Bytes take_piece(Bytes piece);
    Task<Result<void>> more();
    Result<void> take(Result<Bytes> received);
    Task<Result<void>> send_continue();

    ServerCore& core_;
    Supervisor& supervisor_;
    Transport& transport_;
    const ServerOptions& options_;
    RequestParser parser_;
    Bytes input_;
    RequestHead head_;
    std::string body_;
    Instant request_began_{};
    Instant part_began_{};  // the head, and then the body
    Instant paused_at_{};   // when the handler was given a piece
    std::uint64_t body_bytes_ = 0;
    Event body_end_;
    std::optional<Error> failure_;
    bool has_head_ = false;
    bool has_ended_ = false;
    bool is_held_back_ = false;
};

}  // namespace weir::http
