// SPDX-License-Identifier: MIT
#include "http/request_reader.h"

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_writer.h>
#include <weir/runtime/timeout.h>
#include <algorithm>

namespace weir::http {

Task<Result<bool>> RequestReader::next() {
    if (parser_.is_done()) parser_.start();
    has_head_ = false;
    request_began_ = part_began_ = Reactor::current().now();
    for (;;) {
        Result<ParserEvent> event = parser_.next(input_);
        if (!event) co_return std::move(event).error();
        switch (event->kind) {
            case ParserEvent::head: {
                head_ = parser_.take_head();
                has_head_ = true;
                part_began_ = Reactor::current().now();
                // RFC 9110, 10.1.1: not where the body is on its way already, or there is none.
                const bool waits = parser_.expects_continue() && parser_.body_left() != 0u;
                if (!waits || !input_.empty()) break;
                Result<void> sent = co_await send_continue();
                if (!sent) co_return std::move(sent).error();
                break;
            }
            case ParserEvent::body:
                body_.append(as_text(event->bytes));
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

Instant RequestReader::deadline() const noexcept {
    const Instant silent = saturating_add(Reactor::current().now(), options_.silence_);
    if (!is_amidst()) return silent;
    if (!has_head_) return std::min(silent, saturating_add(part_began_, options_.head_));
    if (options_.body_rate_ == 0) return silent;
    const std::chrono::seconds earned(body_.size() / options_.body_rate_);
    return std::min(silent, saturating_add(part_began_, options_.silence_ + earned));
}

Task<Result<void>> RequestReader::more() {
    if (!is_amidst()) core_.idle.push_back(*this);
    Result<Bytes> received =
        co_await supervised(supervisor_, deadline(), kNever, transport_.read());
    if (is_linked()) unlink();
    if (!received) co_return std::move(received).error();
    input_ = *received;
    has_ended_ = received->empty();
    co_return Result<void>();
}

Task<Result<void>> RequestReader::send_continue() {
    ByteQueue out;
    write_continue(out);
    co_return co_await timeout(options_.write_, transport_.write_all(out.readable()));
}

}  // namespace weir::http
