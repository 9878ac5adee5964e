// SPDX-License-Identifier: MIT
#include "http/request_reader.h"

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_writer.h>
#include <weir/runtime/timeout.h>
#include <algorithm>

namespace weir::http {
namespace {

// What is read of a body that nobody wants, so that its connection can be kept.
constexpr std::uint64_t kSkippedBytesMax = 64 * 1024;

}  // namespace

Task<Result<bool>> RequestReader::next() {
    if (parser_.is_done()) parser_.start();
    has_head_ = false;
    failure_.reset();
    request_began_ = part_began_ = Reactor::current().now();
    for (;;) {
        Result<ParserEvent> event = parser_.next(input_);
        if (!event) co_return std::move(event).error();
        switch (event->kind) {
            case ParserEvent::head: {
                begin_body();
                if (options_.stream_bodies_ && parser_.body_left() != 0u) {
                    body_end_.clear();
                    co_return true;
                }
                if (!std::exchange(is_held_back_, false)) break;
                Result<void> sent = co_await send_continue();
                if (!sent) co_return std::move(sent).error();
                break;
            }
            case ParserEvent::body:
                body_.append(as_text(take_piece(event->bytes)));
                break;
            case ParserEvent::end:
                // A handler may take long, and holds no receive buffer meanwhile.
                if (input_.empty()) transport_.release();
                co_return true;
            case ParserEvent::need_more: {
                const bool was_amidst = is_amidst();
                if (core_.is_draining && !was_amidst) co_return false;
                Result<void> received = co_await more();
                if (!received) co_return std::move(received).error();
                if (!was_amidst) request_began_ = part_began_ = Reactor::current().now();
                if (!has_ended_) break;
                if (!was_amidst) co_return false;
                co_return Error(HttpErrc::body_cut);
            }
        }
    }
}

void RequestReader::begin_body() {
    head_ = parser_.take_head();
    has_head_ = true;
    part_began_ = paused_at_ = Reactor::current().now();
    body_bytes_ = 0;
    // RFC 9110, 10.1.1: not where the body is on its way already, or there is none.
    is_held_back_ = parser_.expects_continue() && parser_.body_left() != 0u && input_.empty();
}

Bytes RequestReader::take_piece(Bytes piece) {
    body_bytes_ += piece.size();
    return piece;
}

// --- a body that is streamed ---------------------------------------------------------------------

Task<Result<Bytes>> RequestReader::read_body(bool may_ask) {
    if (failure_) co_return *failure_;
    if (parser_.is_done()) {
        if (input_.empty()) transport_.release();
        co_return Bytes();
    }
    // The time that the handler took for the last piece is not the client's.
    part_began_ += Reactor::current().now() - paused_at_;
    paused_at_ = Reactor::current().now();
    if (is_held_back_ && may_ask) {
        Result<void> sent = co_await send_continue();
        if (!sent) co_return fail(std::move(sent).error());
        is_held_back_ = false;
    }
    for (;;) {
        Result<ParserEvent> event = parser_.next(input_);
        if (!event) co_return fail(std::move(event).error());
        if (event->kind == ParserEvent::need_more) {
            Result<void> received = co_await more();
            if (!received) co_return fail(std::move(received).error());
            if (has_ended_) co_return fail(parser_.on_end().error());
            continue;
        }
        const Bytes piece = take_piece(event->bytes);
        // The end of a body whose length was told takes no more bytes.
        if (!piece.empty() && parser_.body_left() == 0u) event = parser_.next(input_);
        if (event->kind == ParserEvent::end) body_end_.set();
        paused_at_ = Reactor::current().now();
        co_return piece;
    }
}

Error RequestReader::fail(Error error) {
    failure_ = error;
    return error;
}

bool RequestReader::can_skip_body() const noexcept {
    if (parser_.is_done()) return true;
    return !failure_ && !is_held_back_ && parser_.body_left().value_or(0) <= kSkippedBytesMax;
}

Task<bool> RequestReader::skip_body() {
    std::uint64_t left = kSkippedBytesMax;
    while (can_skip_body()) {
        Result<Bytes> piece = co_await read_body(false);
        if (!piece || piece->size() > left) co_return false;
        if (piece->empty()) co_return true;
        left -= piece->size();
    }
    co_return false;
}

// --- waiting -------------------------------------------------------------------------------------

Instant RequestReader::deadline() const noexcept {
    const Instant silent = saturating_add(Reactor::current().now(), options_.silence_);
    if (!is_amidst()) return silent;
    if (!has_head_) return std::min(silent, saturating_add(part_began_, options_.head_));
    if (options_.body_rate_ == 0) return silent;
    const std::chrono::seconds earned(body_bytes_ / options_.body_rate_);
    return std::min(silent, saturating_add(part_began_, options_.silence_ + earned));
}

Task<Result<void>> RequestReader::more() {
    if (is_amidst()) {
        // Not supervised: it may be the handler, which is, who waits here.
        Result<Bytes> received = co_await timeout_at(deadline(), transport_.read());
        co_return take(std::move(received));
    }
    core_.idle.push_back(*this);
    Result<Bytes> received =
        co_await supervised(supervisor_, deadline(), kNever, transport_.read());
    if (is_linked()) unlink();
    co_return take(std::move(received));
}

Result<void> RequestReader::take(Result<Bytes> received) {
    if (!received) return std::move(received).error();
    input_ = *received;
    has_ended_ = received->empty();
    return Result<void>();
}

Task<Result<void>> RequestReader::send_continue() {
    ByteQueue out;
    write_continue(out);
    co_return co_await timeout(options_.write_, transport_.write_all(out.readable()));
}

}  // namespace weir::http
