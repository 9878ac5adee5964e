// SPDX-License-Identifier: MIT
#include "http/connection.h"

#include <weir/http/wire/request_writer.h>
#include <weir/runtime/timeout.h>

#include <algorithm>
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

// One coroutine to send and to read: ten thousand calls may wait here at once, and two would be two
// frames for each of them. Reads as often as the next head, body piece or end takes.
Task<Result<ParserEvent>> Connection::proceed(const Request* to_send) {
    if (to_send != nullptr) {
        Result<void> sent = co_await write(*to_send);
        if (!sent) {
            // A server that refuses a request before all of it has come answers, and closes.
            if (!is_lost_connection(sent.error())) co_return std::move(sent).error();
            send_error_ = std::make_unique<Error>(std::move(sent).error());
        }
    }
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

// Not a part of proceed(): what only errors need would lie in the frame of each waiting call.
Result<ParserEvent> Connection::take(Result<Bytes> received, bool was_phase_limit) {
    if (received) {
        if (received->empty()) {
            if (send_error_ != nullptr && !parser_.has_begun()) return std::move(*send_error_);
            return parser_.on_end();
        }
        input_ = *received;
        return ParserEvent(ParserEvent::need_more);
    }
    if (received.error() != Error::timed_out) {
        if (send_error_ != nullptr && !parser_.has_begun()) return std::move(*send_error_);
        return std::move(received).error();
    }
    if (!parser_.has_begun()) {
        return timed_out_waiting("any answer", phases_.first_byte, was_phase_limit);
    }
    return timed_out_waiting("more of the answer", phases_.gap, was_phase_limit);
}

}  // namespace weir::http
