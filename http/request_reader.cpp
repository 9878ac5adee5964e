// SPDX-License-Identifier: MIT
#include "http/request_reader.h"

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_writer.h>
#include <weir/runtime/timeout.h>

namespace weir::http {

Task<Result<bool>> RequestReader::next() {
    if (parser_.is_done()) parser_.start();
    for (;;) {
        Result<ParserEvent> event = parser_.next(input_);
        if (!event) co_return std::move(event).error();
        switch (event->kind) {
            case ParserEvent::head: {
                head_ = parser_.take_head();
                if (!parser_.expects_continue()) break;
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
                Result<void> received = co_await more();
                if (!received) co_return std::move(received).error();
                if (!has_ended_) break;
                if (!parser_.has_begun()) co_return false;
                co_return Error(HttpErrc::body_cut);
            }
        }
    }
}

Task<Result<void>> RequestReader::more() {
    Result<Bytes> received = co_await timeout(silence_, transport_.read());
    if (!received) co_return std::move(received).error();
    input_ = *received;
    has_ended_ = received->empty();
    co_return Result<void>();
}

Task<Result<void>> RequestReader::send_continue() {
    ByteQueue out;
    write_continue(out);
    co_return co_await transport_.write_all(out.readable());
}

}  // namespace weir::http
