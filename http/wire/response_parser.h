// SPDX-License-Identifier: MIT
//
// Bytes to response events: the client's side of HTTP/1.1. A pure state machine; bodies come as
// views into the input, and only a head that arrives in pieces is buffered, until it is whole.
// Strict where laxity is a security hole (RFC 9112, 6.3 and 11): conflicting lengths, folded
// fields, stray control bytes are errors. Tolerant of a missing reason and of LF without CR.
#pragma once

#include <weir/http/wire/message.h>
#include <weir/http/wire/message_reader.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>

namespace weir::http {

class ResponseParser {
public:
    explicit ResponseParser(ParserLimits limits = ParserLimits()) noexcept : limits_(limits) {}

    /// Begins the next response on this connection. Precondition: none is half read.
    void start(RequestKind kind);

    /// Consumes from the front of `input`; call until need_more or end. Gives head once, body
    /// pieces (never empty), then end, which may come with empty input. Interim responses are
    /// skipped. After an error the connection is of no more use. Precondition: started, end not yet
    /// given.
    Result<ParserEvent> next(Bytes& input);

    /// The peer closed: end where that ends the body, no_response where nothing had come, else
    /// body_cut. Call it after all input was given to next(); the same precondition.
    Result<ParserEvent> on_end();

    /// The head, once after the head event.
    ResponseHead take_head();

    /// The status code. Meaningful after head, until the next
    /// start().
    int status() const noexcept { return head_.status; }
    /// Whether 100 (Continue) has come: the server asks for the body (RFC 9110, 10.1.1).
    bool was_told_to_continue() const noexcept { return was_told_to_continue_; }

    /// Whether a byte of the answer has come: if not, the request may be sent again elsewhere.
    bool has_begun() const noexcept { return has_begun_; }
    bool is_done() const noexcept { return state_ == State::done; }
    /// Whether the connection can carry another request. Meaningful after end.
    bool keep_alive() const noexcept { return is_done() && keep_alive_; }
    /// Body bytes still to come, where the head told their number. Meaningful after head.
    std::optional<std::uint64_t> body_left() const noexcept { return body_.left(); }

private:
    enum class State : std::uint8_t { idle, head, body, done, failed };

    Result<ParserEvent> advance(Bytes& input);
    Result<ParserEvent> read_head(Bytes& input);
    Result<void> parse_head(std::string_view text);
    Result<void> parse_status_line(std::string_view line);
    Result<void> choose_framing();

    ParserLimits limits_;
    detail::HeadBuffer buffer_;
    detail::BodyReader body_;
    ResponseHead head_;
    State state_ = State::idle;
    RequestKind kind_ = RequestKind::normal;
    std::uint8_t interim_count_ = 0;
    bool has_begun_ = false;
    bool keep_alive_ = false;
    bool was_told_to_continue_ = false;
};

}  // namespace weir::http
