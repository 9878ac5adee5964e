// SPDX-License-Identifier: MIT
//
// How a connection sends what is more than one small write. The answer is read at the same time:
// a server may refuse a body long before its end, and one that answers while it reads would else
// wait for us, and we for it. RFC 9112, 9.5.
#include <weir/http/wire/error.h>
#include <weir/http/wire/request_writer.h>
#include <weir/http/wire/response_writer.h>
#include <weir/runtime/race.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/timeout.h>

#include "http/connection.h"

#include <algorithm>

namespace weir::http {
namespace {

// Each has the gap's limit for itself, so that a slow line may take as long as it moves.
constexpr std::size_t kSliceBytes = 256 * 1024;
// Chunks are copied together with their frame.
constexpr std::size_t kChunkBytes = 64 * 1024;

Bytes take_front(Bytes& bytes, std::size_t at_most) {
    const Bytes front = bytes.first(std::min(bytes.size(), at_most));
    bytes = bytes.subspan(front.size());
    return front;
}

Error wrong_length(std::uint64_t promised, const char* but) {
    return Error(HttpErrc::bad_request, "the body source promised " + std::to_string(promised) +
                                            " bytes, but " + but +
                                            ": correct BodySource::length()");
}

}  // namespace

// Gives an error where the call has failed. Otherwise all was sent, or part of an answer is there,
// or the peer takes no more and may have said why.
Task<Result<void>> Connection::upload(Outgoing& outgoing) {
    early_ = std::make_unique<EarlyAnswer>();
    is_cut_short_ = true;  // until the last byte is out
    if (outgoing.expects_continue) {
        Result<void> sent = co_await send_head(outgoing);
        if (!sent || send_error_ != nullptr) co_return sent;
        const Instant patience_ends = end_of_phase(limits_.proceed);
        // Without a word the body is sent: servers before HTTP/1.1 say nothing (RFC 9110, 10.1.1).
        std::ignore = co_await timeout_at(std::min(patience_ends, deadline_), watch(true));
        if (early_->is_final()) co_return Result<void>();
    }
    Result<void> ended = co_await race(send_rest(outgoing), watch(false));
    if (!early_->is_final()) early_.reset();
    co_return ended;
}

Task<Result<void>> Connection::send_head(Outgoing& outgoing) {
    ByteQueue out;
    Result<void> written =
        outgoing.source == nullptr
            ? write_request_head(out, outgoing.request, outgoing.form)
            : write_streamed_head(out, outgoing.request, outgoing.source->length(), outgoing.form);
    if (!written) co_return written;
    co_return co_await send_piece(out.readable());
}

Task<Result<void>> Connection::send_rest(Outgoing& outgoing) {
    if (!outgoing.expects_continue) {
        Result<void> sent = co_await send_head(outgoing);
        if (!sent || send_error_ != nullptr) co_return sent;
    }
    if (outgoing.source != nullptr) {
        Result<void> sent = co_await send_source(outgoing);
        if (!sent || send_error_ != nullptr) co_return sent;
    }
    for (Bytes rest = as_bytes(outgoing.request.body()); !rest.empty();) {
        Result<void> sent = co_await send_piece(take_front(rest, kSliceBytes));
        if (!sent || send_error_ != nullptr) co_return sent;
    }
    is_cut_short_ = false;
    co_return Result<void>();
}

Task<Result<void>> Connection::send_source(Outgoing& outgoing) {
    const std::optional<std::uint64_t> length = outgoing.source->length();
    std::uint64_t left = length.value_or(0);
    ByteQueue chunk;
    outgoing.has_begun_source = true;
    for (;;) {
        Result<Bytes> piece = co_await timeout_at(deadline_, outgoing.source->next());
        if (!piece && piece.error() == Error::timed_out) {
            co_return timed_out_waiting("more of the request's body", Duration(), false);
        }
        if (!piece) co_return std::move(piece).error();
        const bool is_last = piece->empty();
        if (length && piece->size() > left) co_return wrong_length(*length, "gave more");
        if (length && is_last && left > 0) co_return wrong_length(*length, "gave fewer");
        if (length && is_last) co_return Result<void>();
        left -= length ? piece->size() : 0;
        Bytes rest = *piece;
        do {
            Bytes slice = take_front(rest, length ? kSliceBytes : kChunkBytes);
            if (!length) {
                chunk.clear();
                is_last ? write_last_chunk(chunk) : write_chunk(chunk, slice);
                slice = chunk.readable();
            }
            Result<void> sent = co_await send_piece(slice);
            if (!sent || send_error_ != nullptr) co_return sent;
        } while (!rest.empty());
        if (is_last) co_return Result<void>();
    }
}

// A connection that was lost is no failure here: why may have been said before. See send_error_.
Task<Result<void>> Connection::send_piece(Bytes piece) {
    const Instant phase_end = end_of_phase(limits_.gap);
    Result<void> sent =
        co_await timeout_at(std::min(phase_end, deadline_), transport_.write_all(piece));
    if (!sent && sent.error() == Error::timed_out) {
        co_return timed_out_waiting("the request to be taken", limits_.gap, phase_end <= deadline_);
    }
    if (!sent && is_lost_connection(sent.error())) {
        send_error_ = std::make_unique<Error>(std::move(sent).error());
        sent = Result<void>();
    }
    co_return sent;
}

// Reads, and keeps what comes, while the request is being sent. Ends where to go on sending is of
// no use, or with `until_continue` where the server asks for the body. All that it has read lies in
// the connection: it may be cancelled at any wait.
Task<Result<void>> Connection::watch(bool until_continue) {
    for (;;) {
        Result<ParserEvent> event = parser_.next(input_);
        if (event && event->kind == ParserEvent::need_more) {
            if (until_continue && parser_.was_told_to_continue()) co_return Result<void>();
            Result<Bytes> received = co_await transport_.read();
            if (received && !received->empty()) {
                input_ = *received;
                continue;
            }
            if (received) {
                event = parser_.on_end();
            } else {
                event = std::move(received).error();
            }
        }
        if (early_->keep(std::move(event), limits_.early_bytes)) co_return Result<void>();
        if (early_->has_head && (parser_.status() >= 300 || until_continue))
            co_return Result<void>();
        if (parser_.is_done()) {
            // The server is content already, and still gets what it was promised.
            Event never;
            co_await never.wait();
        }
    }
}

// True: nothing more will come.
bool EarlyAnswer::keep(Result<ParserEvent> event, std::uint64_t bytes_max) {
    if (!event) {
        error = std::make_unique<Error>(std::move(event).error());
        return true;
    }
    switch (event->kind) {
        case ParserEvent::head:
            has_head = true;
            break;
        case ParserEvent::body:
            body.append(as_text(event->bytes));
            if (body.size() > bytes_max) {
                error = std::make_unique<Error>(
                    HttpErrc::body_too_large,
                    "the server answers while the request is still being sent, with more than " +
                        std::to_string(bytes_max) + " bytes (ClientOptions::body_max)");
            }
            break;
        case ParserEvent::need_more:
        case ParserEvent::end:
            break;
    }
    return error != nullptr;
}

// What was kept, in its order; then what the parser says next.
Result<ParserEvent> Connection::take_early() {
    if (std::exchange(early_->has_head, false)) return ParserEvent(ParserEvent::head);
    if (!early_->body.empty() && !std::exchange(early_->is_body_told, true)) {
        return ParserEvent(ParserEvent::body, as_bytes(early_->body));
    }
    const std::unique_ptr<EarlyAnswer> told = std::move(early_);
    if (told->error != nullptr) return std::move(*told->error);
    if (parser_.is_done()) return ParserEvent(ParserEvent::end);
    return parser_.next(input_);
}

}  // namespace weir::http
