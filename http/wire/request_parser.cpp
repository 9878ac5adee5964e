// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/request_parser.h>
#include <weir/http/wire/target.h>
#include <weir/runtime/base/assert.h>

#include "http/wire/byte_scan.h"

#include <algorithm>
#include <string>

namespace weir::http {
namespace {

Error malformed(std::string what) {
    return Error(HttpErrc::malformed_request, std::move(what));
}

/// RFC 9112, 2.2: empty lines before a request line are skipped; old clients send one after a body.
std::string_view without_leading_lines(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == '\r' || text.front() == '\n'))
        text.remove_prefix(1);
    return text;
}

/// Whoever speaks something else is found out by the first byte, not when the head ends (never).
Result<void> check_beginning(std::string_view text) {
    text = without_leading_lines(text);
    if (text.empty() || is_token(text.substr(0, 1))) return {};
    constexpr char kTlsHandshake = 0x16;
    if (text.front() == kTlsHandshake) {
        return malformed("the client speaks TLS to a plain HTTP port");
    }
    return malformed("the request does not begin with a method");
}

/// A CR or LF that is not part of a CRLF. A whole head ends with LF, so no CR is left over.
bool has_lone_line_end(std::string_view text) noexcept {
    const char* const end = text.data() + text.size();
    return text.front() == '\n' || detail::find_lone_line_end(text.data() + 1, end) != end;
}

/// "HTTP/" DIGIT "." DIGIT.
bool is_version(std::string_view text) noexcept {
    const auto is_digit = [](char byte) {
        return byte >= '0' && byte <= '9';
    };
    return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
           is_digit(text[7]);
}

}  // namespace

void RequestParser::start() {
    WEIR_CHECK(state_ == State::done);
    head_ = RequestHead();
    body_ = detail::BodyReader();
    state_ = State::head;
    has_begun_ = false;
    keep_alive_ = false;
    expects_continue_ = false;
}

Result<ParserEvent> RequestParser::next(Bytes& input) {
    WEIR_CHECK_HINT(state_ == State::head || state_ == State::body,
                    "call start() after end, and stop at an error");
    if (!input.empty()) has_begun_ = true;
    auto event = advance(input);
    if (!event) {
        state_ = State::failed;
        keep_alive_ = false;
        buffer_.release();
    }
    return event;
}

Result<ParserEvent> RequestParser::advance(Bytes& input) {
    switch (state_) {
        case State::head:
            return read_head(input);
        case State::body: {
            auto event = body_.next(input);
            if (event && event->kind == ParserEvent::end) state_ = State::done;
            return event;
        }
        case State::done:
        case State::failed:
            break;  // Excluded by next().
    }
    return ParserEvent(ParserEvent::need_more);
}

Result<ParserEvent> RequestParser::on_end() {
    WEIR_CHECK(state_ == State::head || state_ == State::body);
    keep_alive_ = false;
    if (state_ == State::head) {
        const bool is_between = without_leading_lines(buffer_.text()).empty();
        buffer_.release();
        state_ = is_between ? State::done : State::failed;
        if (is_between) return ParserEvent(ParserEvent::end);
        return Error(HttpErrc::body_cut, "the connection closed inside the head of the request");
    }
    auto event = body_.on_end();
    state_ = event ? State::done : State::failed;
    return event;
}

RequestHead RequestParser::take_head() {
    return std::move(head_);
}

Result<ParserEvent> RequestParser::read_head(Bytes& input) {
    if (input.empty()) return ParserEvent(ParserEvent::need_more);
    const auto status = buffer_.collect(input, limits_);
    auto plausible = check_beginning(buffer_.text());
    if (plausible) {
        plausible = check_target_size(status == detail::HeadBuffer::Status::too_large);
    }
    if (!plausible) return std::move(plausible).error();
    switch (status) {
        case detail::HeadBuffer::Status::need_more:
            return ParserEvent(ParserEvent::need_more);
        case detail::HeadBuffer::Status::too_large:
            return Error(HttpErrc::head_too_large, "the request's head is larger than " +
                                                       std::to_string(limits_.head_bytes) +
                                                       " bytes, the limit");
        case detail::HeadBuffer::Status::complete:
            break;
    }
    auto parsed = parse_head(buffer_.text());
    buffer_.release();
    if (!parsed) return std::move(parsed).error();
    auto framed = choose_framing();
    if (!framed) return std::move(framed).error();
    auto expected = read_expectations();
    if (!expected) return std::move(expected).error();
    state_ = State::body;
    return ParserEvent(ParserEvent::head);
}

/// Also before the head is whole, so that it is the target that is refused, and not the head.
Result<void> RequestParser::check_target_size(bool is_head_full) {
    if (buffer_.text().size() <= limits_.target_bytes && !is_head_full) return {};
    const std::string_view text = without_leading_lines(buffer_.text());
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t begin = std::min(line.find(' '), line.size());
    const std::size_t size = std::min(line.find(' ', begin + 1), line.size()) - begin;
    const bool is_endless = is_head_full && begin + size == text.size() && size > 1;
    if (!is_endless && size <= std::size_t{limits_.target_bytes} + 1) return {};  // with its blank
    if (is_token(line.substr(0, begin))) head_.method = line.substr(0, begin);
    return Error(HttpErrc::target_too_large,
                 "the request's target is longer than " +
                     std::to_string(std::min(limits_.target_bytes, limits_.head_bytes)) +
                     " bytes, the limit");
}

Result<void> RequestParser::parse_head(std::string_view text) {
    if (has_lone_line_end(text)) return malformed("a line of the request's head does not end CRLF");
    text = without_leading_lines(text);
    auto request_line = parse_request_line(detail::take_line(text));
    if (!request_line) return request_line;
    auto fields = detail::parse_fields(text, limits_, HttpErrc::malformed_request, head_.headers);
    if (!fields) return fields;
    return check_host();
}

/// RFC 9112, 3: method SP request-target SP HTTP-version, with exactly these spaces.
Result<void> RequestParser::parse_request_line(std::string_view line) {
    const std::size_t method_end = line.find(' ');
    const std::size_t target_end = line.rfind(' ');
    if (method_end == std::string_view::npos || target_end == method_end) {
        return malformed("the request line is not 'METHOD target HTTP/1.1'");
    }
    const std::string_view method = line.substr(0, method_end);
    const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
    const std::string_view version = line.substr(target_end + 1);
    if (!is_token(method)) return malformed("the method has a byte that methods may not have");
    head_.method = method;
    if (!is_version(version)) return malformed("the request's version is not HTTP/1.1 or HTTP/1.0");
    const bool is_target = RequestTarget::parse(method, target).has_value();
    if (is_target) head_.target = target;
    if (version[5] != '1') {
        return Error(HttpErrc::unknown_version, "the request's version is " + std::string(version) +
                                                    "; what is spoken here is HTTP/1.1");
    }
    if (!is_target) return malformed("the request's target is malformed");
    head_.minor_version = version[7] == '0' ? 0 : 1;
    return {};
}

/// RFC 9112, 3.2: exactly one Host in HTTP/1.1, and never two. It may be empty.
Result<void> RequestParser::check_host() const {
    std::size_t hosts = 0;
    for (const Field field : head_.headers) {
        if (!equals_ignoring_case(field.name, "Host")) continue;
        ++hosts;
        if (!is_authority(field.value)) {
            return malformed("the request's Host field is not a host and port");
        }
    }
    if (hosts > 1) return malformed("the request has more than one Host field");
    if (hosts == 0 && head_.minor_version > 0) return malformed("the request has no Host field");
    return {};
}

/// RFC 9110, 10.1.1: ignored in HTTP/1.0.
Result<void> RequestParser::read_expectations() {
    if (head_.minor_version == 0) return {};
    for (const Field field : head_.headers) {
        if (!equals_ignoring_case(field.name, "Expect")) continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::string_view each = trim_whitespace(rest.substr(0, rest.find(',')));
            rest.remove_prefix(std::min(rest.find(','), rest.size() - 1) + 1);
            if (each.empty()) continue;
            if (!equals_ignoring_case(each, "100-continue")) {
                return Error(HttpErrc::unknown_expectation,
                             "the request's Expect asks for more than 100-continue");
            }
            expects_continue_ = true;
        }
    }
    return {};
}

Result<void> RequestParser::choose_framing() {
    constexpr auto kMalformed = HttpErrc::malformed_request;
    // RFC 9112, 6.3, rule 5 would allow lengths that agree. No client sends them, and who tries to
    // smuggle does.
    std::size_t lengths = 0;
    for (const Field field : head_.headers) {
        if (!equals_ignoring_case(field.name, "Content-Length")) continue;
        if (++lengths > 1 || field.value.find(',') != std::string_view::npos) {
            return malformed("the request has more than one Content-Length");
        }
    }
    auto declared = detail::declared_framing(head_.headers, head_.minor_version, kMalformed);
    if (!declared) return std::move(declared).error();
    if (declared->framing == detail::Framing::length && declared->length > limits_.body_bytes) {
        return Error(HttpErrc::body_too_large,
                     "the request announces a body of " + std::to_string(declared->length) +
                         " bytes; the limit is " + std::to_string(limits_.body_bytes));
    }
    keep_alive_ = declared->keep_alive;
    body_ = detail::BodyReader(declared->framing, declared->length, limits_.body_bytes, kMalformed);
    return {};
}

}  // namespace weir::http
