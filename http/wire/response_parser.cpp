// SPDX-License-Identifier: MIT
//
// The central state machine: idle, head (again for each interim response), body, done. Each state
// consumes what it can and says what it found; how bodies end is RFC 9112, 6.3.
#include <weir/http/wire/error.h>
#include <weir/http/wire/response_parser.h>
#include <weir/runtime/base/assert.h>
#include <algorithm>
#include <string>

namespace weir::http {
namespace {

// Servers send one or two. A bound, so that a peer cannot keep a call busy for ever.
constexpr std::uint8_t kInterimMax = 32;
constexpr std::string_view kVersionPrefix = "HTTP/1.";

Error malformed(std::string what) {
    return Error(HttpErrc::malformed_response, std::move(what));
}

bool is_digit(char byte) noexcept {
    return byte >= '0' && byte <= '9';
}

/// Whoever speaks something else is found out by the first byte, not when the head ends (never).
Result<void> check_beginning(std::string_view text) {
    if (text.substr(0, kVersionPrefix.size()) == kVersionPrefix.substr(0, text.size())) return {};
    constexpr char kTlsAlert = 0x15;
    constexpr char kTlsHandshake = 0x16;
    if (text.front() == kTlsAlert || text.front() == kTlsHandshake) {
        return malformed("the peer speaks TLS, not plain HTTP: use https in the URL");
    }
    return malformed("the peer does not answer in HTTP/1.x: check the URL's scheme and port");
}

}  // namespace

void ResponseParser::start(RequestKind kind) {
    WEIR_CHECK(state_ == State::idle || state_ == State::done);
    if (head_.status != 0) head_ = ResponseHead();  // Else none was read yet.
    body_ = detail::BodyReader();
    state_ = State::head;
    kind_ = kind;
    interim_count_ = 0;
    has_begun_ = false;
    keep_alive_ = false;
    was_told_to_continue_ = false;
}

Result<ParserEvent> ResponseParser::next(Bytes& input) {
    WEIR_CHECK_HINT(state_ == State::head || state_ == State::body,
                    "call start() before, and stop at end or error");
    if (!input.empty()) has_begun_ = true;
    auto event = advance(input);
    if (!event) {
        state_ = State::failed;
        buffer_.release();
    }
    return event;
}

Result<ParserEvent> ResponseParser::advance(Bytes& input) {
    switch (state_) {
        case State::head:
            return read_head(input);
        case State::body: {
            auto event = body_.next(input);
            if (event && event->kind == ParserEvent::end) state_ = State::done;
            return event;
        }
        case State::idle:
        case State::done:
        case State::failed:
            break;  // Excluded by next().
    }
    return ParserEvent(ParserEvent::need_more);
}

Result<ParserEvent> ResponseParser::on_end() {
    WEIR_CHECK(state_ == State::head || state_ == State::body);
    if (state_ == State::head) {
        state_ = State::failed;
        buffer_.release();
        if (!has_begun_) return Error(HttpErrc::no_response);
        return Error(HttpErrc::body_cut, "the connection closed inside the head of the response");
    }
    auto event = body_.on_end();
    state_ = event ? State::done : State::failed;
    keep_alive_ = false;
    return event;
}

ResponseHead ResponseParser::take_head() {
    return std::move(head_);
}

Result<ParserEvent> ResponseParser::read_head(Bytes& input) {
    while (!input.empty()) {
        const auto status = buffer_.collect(input, limits_);
        auto plausible = check_beginning(buffer_.text());
        if (!plausible) return std::move(plausible).error();
        if (status == detail::HeadBuffer::Status::need_more) break;
        if (status == detail::HeadBuffer::Status::too_large) {
            return Error(HttpErrc::head_too_large, "the response's head is larger than " +
                                                       std::to_string(limits_.head_bytes) +
                                                       " bytes, the limit");
        }
        auto parsed = parse_head(buffer_.text());
        buffer_.release();
        if (!parsed) return std::move(parsed).error();
        if (head_.status < 200) {  // RFC 9110, 15.2: interim, the real answer follows.
            if (++interim_count_ > kInterimMax) return malformed("too many interim responses");
            was_told_to_continue_ |= head_.status == 100;
            head_ = ResponseHead();
            continue;
        }
        auto framed = choose_framing();
        if (!framed) return std::move(framed).error();
        state_ = State::body;
        return ParserEvent(ParserEvent::head);
    }
    return ParserEvent(ParserEvent::need_more);
}

Result<void> ResponseParser::parse_head(std::string_view text) {
    auto status_line = parse_status_line(detail::take_line(text));
    if (!status_line) return status_line;
    // RFC 9110, 7.8: only who asked for an upgrade may be answered so.
    if (head_.status == 101)
        return malformed("the server changed the protocol without being asked");
    return detail::parse_fields(text, limits_, HttpErrc::malformed_response, head_.headers);
}

/// RFC 9112, 4: HTTP-version SP status-code SP [ reason-phrase ]. Servers that leave out the
/// second space with the reason are common and do no harm.
Result<void> ResponseParser::parse_status_line(std::string_view line) {
    constexpr std::size_t kCodeBegin = 9;
    constexpr std::size_t kCodeEnd = 12;
    const bool well_formed = line.size() >= kCodeEnd && line.starts_with(kVersionPrefix) &&
                             is_digit(line[7]) && line[8] == ' ' &&
                             std::ranges::all_of(line.substr(kCodeBegin, 3), is_digit) &&
                             (line.size() == kCodeEnd || line[kCodeEnd] == ' ');
    if (!well_formed) return malformed("the status line is not 'HTTP/1.1 <three digits> <reason>'");
    const std::string_view reason = line.substr(std::min(kCodeEnd + 1, line.size()));
    if (!is_field_value(reason)) return malformed("the status line has a control byte");

    head_.minor_version = line[7] == '0' ? 0 : 1;
    head_.status = 0;
    for (const char digit : line.substr(kCodeBegin, 3)) {
        head_.status = head_.status * 10 + (digit - '0');
    }
    if (head_.status < 100) return malformed("the status code is less than 100");
    head_.reason = reason;
    return {};
}

Result<void> ResponseParser::choose_framing() {
    constexpr auto kMalformed = HttpErrc::malformed_response;
    auto declared = detail::declared_framing(head_.headers, head_.minor_version, kMalformed);
    if (!declared) return std::move(declared).error();
    keep_alive_ = declared->keep_alive;

    const int status = head_.status;
    const bool is_tunnel = kind_ == RequestKind::connect && head_.is_success();
    auto framing = declared->framing;
    if (kind_ == RequestKind::head || status == 204 || status == 304 || is_tunnel) {
        // Bytes behind a 204 that declares a body may be that body or an answer: do not guess.
        const bool declares_body = framing == detail::Framing::chunked || declared->length > 0;
        if (is_tunnel || (status == 204 && declares_body)) keep_alive_ = false;
        framing = detail::Framing::none;
    } else if (framing == detail::Framing::none) {
        framing = detail::Framing::until_close;
        keep_alive_ = false;
    }
    if (framing == detail::Framing::length && declared->length > limits_.body_bytes) {
        return Error(HttpErrc::body_too_large,
                     "the response announces a body of " + std::to_string(declared->length) +
                         " bytes; the limit is " + std::to_string(limits_.body_bytes));
    }
    body_ = detail::BodyReader(framing, declared->length, limits_.body_bytes, kMalformed);
    return {};
}

}  // namespace weir::http
