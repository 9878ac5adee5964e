// SPDX-License-Identifier: MIT
//
// Bytes to request events: the server's side of HTTP/1.1, the same machine as ResponseParser with
// the other start line and framing rules. Stricter: a lone LF is refused, since a proxy in front
// may have read the same bytes in another way (RFC 9112, 11.2).
#pragma once

#include <weir/http/wire/message.h>
#include <weir/http/wire/message_reader.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>

namespace weir::http {

class RequestParser {
public:
    /// Ready for the first request.
    explicit RequestParser(ParserLimits limits = ParserLimits()) noexcept : limits_(limits) {}

    /// Begins the next request on this connection. Precondition: is_done().
    void start();

    /// As ResponseParser::next. Precondition: neither end nor an error was given since start.
    Result<ParserEvent> next(Bytes& input);

    /// The client closed: end where it did so between requests, else body_cut.
    Result<ParserEvent> on_end();

    /// The head, once after the head event. After an error in the head: what was read of it, for a
    /// log.
    RequestHead take_head();

    /// Whether a byte of a request has come since start.
    bool has_begun() const noexcept { return has_begun_; }
    bool is_done() const noexcept { return state_ == State::done; }
    /// Whether the client wants to send another request here. Meaningful after head.
    bool keep_alive() const noexcept { return keep_alive_; }
    /// Whether the client waits for "100 Continue" before it sends the body. Meaningful after head.
    bool expects_continue() const noexcept { return expects_continue_; }
    /// Body bytes still to come, where the head told their number. Meaningful after head.
    std::optional<std::uint64_t> body_left() const noexcept { return body_.left(); }

private:
    enum class State : std::uint8_t { head, body, done, failed };

    Result<ParserEvent> advance(Bytes& input);
    Result<ParserEvent> read_head(Bytes& input);
    Result<void> check_target_size(bool is_head_full);
    Result<void> parse_head(std::string_view text);
    Result<void> parse_request_line(std::string_view line);
    Result<void> check_host() const;
    Result<void> read_expectations();
    Result<void> choose_framing();

    ParserLimits limits_;
    detail::HeadBuffer buffer_;
    detail::BodyReader body_;
    RequestHead head_;
    State state_ = State::head;
    bool has_begun_ = false;
    bool keep_alive_ = false;
    bool expects_continue_ = false;
};

}  // namespace weir::http
