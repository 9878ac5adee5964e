// SPDX-License-Identifier: MIT
#include "http/connection.h"

#include <weir/http/wire/request_writer.h>
#include <weir/runtime/timeout.h>

#include <cstdio>

namespace weir::http {
namespace {

// Head and body go out in one write where the copy is cheaper than a second system call.
constexpr std::size_t kCopyBodyUpTo = 16 * 1024;

bool is_lost_connection(const Error& error) {
    return error == std::errc::connection_reset || error == std::errc::broken_pipe;
}

Instant end_of_phase(Duration limit) {
    return saturating_add(Reactor::current().now(), limit);
}

}  // namespace

Error timed_out_waiting(const char* for_what, Duration limit, bool was_phase_limit) {
    char text[160];
    if (was_phase_limit) {
        std::snprintf(text, sizeof text, "waited %g s for %s, the limit", to_seconds(limit),
                      for_what);
    } else {
        std::snprintf(text, sizeof text, "the call's deadline passed while it waited for %s",
                      for_what);
    }
    return Error(Errc::timed_out, text);
}

Task<Result<ResponseHead>> Connection::exchange(const Request& request) {
    parser_.start(request.kind());
    Result<void> sent = co_await write(request);
    if (!sent) {
        // A server that refuses a request before all of it has come answers, and closes.
        has_failed_to_send_ = true;
        if (!is_lost_connection(sent.error())) co_return std::move(sent).error();
    }
    Result<ParserEvent> event = co_await next_event();
    if (!event) co_return std::move(sent ? event.error() : sent.error());
    WEIR_CHECK(event->kind == ParserEvent::head);
    co_return parser_.take_head();
}

// One loop and one wait for both pieces: ten thousand calls may stand here at once, each with all
// frames below this one.
Task<Result<void>> Connection::write(const Request& request) {
    ByteQueue out;
    const bool together = request.body().size() <= kCopyBodyUpTo;
    Result<void> written =
        together ? write_request(out, request) : write_request_head(out, request);
    if (!written) co_return written;
    Bytes piece = out.readable();
    Duration limit = phases_.gap;
    for (bool is_last = together;; is_last = true) {
        const Instant phase_end = end_of_phase(limit);
        Result<void> sent =
            co_await timeout_at(std::min(phase_end, deadline_), transport_.write_all(piece));
        if (!sent && sent.error() == Error::timed_out) {
            co_return timed_out_waiting("the request to be taken", limit, phase_end <= deadline_);
        }
        if (!sent || is_last) co_return sent;
        piece = as_bytes(request.body());
        limit = phases_.first_byte;
    }
}

// The next head, body piece or end, reading as often as that takes.
Task<Result<ParserEvent>> Connection::next_event() {
    for (;;) {
        Result<ParserEvent> event = parser_.next(input_);
        if (event && event->kind == ParserEvent::need_more) {
            const Instant phase_end =
                end_of_phase(parser_.has_begun() ? phases_.gap : phases_.first_byte);
            event = take(co_await timeout_at(std::min(phase_end, deadline_), transport_.read()),
                         phase_end <= deadline_);
        }
        if (!event || event->kind != ParserEvent::need_more) co_return event;
    }
}

// Not a part of next_event(): what only errors need would lie in the frame of each waiting call.
Result<ParserEvent> Connection::take(Result<Bytes> received, bool was_phase_limit) {
    if (received) {
        if (received->empty()) return parser_.on_end();
        input_ = *received;
        return ParserEvent(ParserEvent::need_more);
    }
    if (received.error() != Error::timed_out) return std::move(received).error();
    if (!parser_.has_begun()) {
        return timed_out_waiting("any answer", phases_.first_byte, was_phase_limit);
    }
    return timed_out_waiting("more of the answer", phases_.gap, was_phase_limit);
}

}  // namespace weir::http
