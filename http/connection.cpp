// SPDX-License-Identifier: MIT
#include "http/connection.h"

#include <weir/http/wire/request_writer.h>
#include <weir/runtime/timeout.h>

#include <algorithm>
#include <cstdio>

namespace weir::http {

bool is_lost_connection(const Error& error) {
    return error == std::errc::connection_reset || error == std::errc::broken_pipe;
}

Instant end_of_phase(Duration limit) {
    return saturating_add(Reactor::current().now(), limit);
}

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
Task<Result<ParserEvent>> Connection::proceed(Outgoing* to_send, std::unique_ptr<Outgoing>* owner) {
    if (to_send != nullptr) {
        Result<void> sent = co_await send(*to_send);
        if (!sent) co_return std::move(sent).error();
        // The answer may take minutes: what is not needed for it is not kept.
        if (!may_send_again(*to_send)) owner->reset();
    }
    for (;;) {
        Result<ParserEvent> event = parse();
        if (event && event->kind == ParserEvent::need_more) {
            const Instant phase_end =
                end_of_phase(parser_.has_begun() ? limits_.gap : limits_.first_byte);
            event = take(co_await timeout_at(std::min(phase_end, deadline_), transport_.read()),
                         phase_end <= deadline_);
        }
        if (!event || event->kind != ParserEvent::need_more) co_return event;
    }
}

Task<Result<void>> Connection::send_small(Outgoing& outgoing) {
    ByteQueue out;
    Result<void> written = write_request(out, outgoing.request, outgoing.form);
    if (!written) co_return written;
    is_cut_short_ = true;
    Result<void> sent = co_await send_piece(out.readable());
    if (sent && send_error_ == nullptr) is_cut_short_ = false;
    co_return sent;
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
        return timed_out_waiting("any answer", limits_.first_byte, was_phase_limit);
    }
    return timed_out_waiting("more of the answer", limits_.gap, was_phase_limit);
}

}  // namespace weir::http
