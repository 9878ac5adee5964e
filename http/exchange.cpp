// SPDX-License-Identifier: MIT
#include <weir/http/exchange.h>

#include <weir/http/wire/response_writer.h>

#include "http/transport.h"

namespace weir::http {

Task<Result<void>> Exchange::respond(int status, Headers headers, std::string body) {
    WEIR_CHECK_HINT(state_ == State::waiting, "a handler answers once");
    if (closes_ || aborts_) headers.set("Connection", "close");
    Result<void> written = write_response(out_, status, headers, body, head_.kind());
    if (!written) co_return written;
    state_ = State::done;
    co_return co_await flush();
}

Task<Result<void>> Exchange::begin(int status, Headers headers) {
    WEIR_CHECK_HINT(state_ == State::waiting, "a handler answers once");
    if (head_.minor_version == 0 || head_.kind() == RequestKind::head) {
        state_ = State::streaming;
        held_.emplace(status, "", std::move(headers));
        co_return Result<void>();
    }
    if (closes_ || aborts_) headers.set("Connection", "close");
    Result<void> written = write_head_chunked(out_, status, headers);
    if (!written) co_return written;
    state_ = State::streaming;
    co_return co_await flush();
}

Task<Result<void>> Exchange::write(std::string_view data) {
    WEIR_CHECK_HINT(state_ == State::streaming, "begin() comes before write()");
    if (held_) {
        held_body_.append(data);
        co_return Result<void>();
    }
    write_chunk(out_, as_bytes(data));
    co_return co_await flush();
}

Task<Result<void>> Exchange::end() {
    WEIR_CHECK_HINT(state_ == State::streaming, "begin() comes before end()");
    if (held_) {
        state_ = State::waiting;
        co_return co_await respond(held_->status, std::move(held_->headers), std::move(held_body_));
    }
    state_ = State::done;
    write_last_chunk(out_);
    co_return co_await flush();
}

Task<Result<void>> Exchange::flush() {
    Result<void> sent = co_await transport_.write_all(out_.readable());
    out_.clear();
    out_.release_if_empty();
    co_return sent;
}

}  // namespace weir::http
