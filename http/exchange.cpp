// SPDX-License-Identifier: MIT
#include <weir/http/exchange.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_writer.h>
#include <weir/http/wire/sse_writer.h>
#include <weir/http/wire/target.h>
#include <weir/runtime/timeout.h>
#include <algorithm>

#include "http/request_reader.h"
#include "http/server_core.h"
#include "http/transport.h"

namespace weir::http {
namespace {

// Each piece of an answer has a time limit of its own, so that a large one may take its time.
constexpr std::size_t kPieceBytes = 64 * 1024;

RequestTarget target_of(const RequestHead& head) noexcept {
    return RequestTarget::parse(head.method, head.target).value_or(RequestTarget());
}

Task<Result<Bytes>> give(Bytes bytes) {
    co_return bytes;
}

}  // namespace

Exchange::Exchange(ServerCore& core, Transport& transport, RequestReader& reader, bool keep_alive)
    : core_(core),
      transport_(transport),
      reader_(reader),
      head_(reader.take_head()),
      body_(reader.take_body()),
      closes_(!keep_alive) {}

// --- the request ---------------------------------------------------------------------------------

std::string_view Exchange::path() const noexcept {
    return target_of(head_).path;
}

std::optional<std::string> Exchange::query(std::string_view name) const {
    for (auto& [each, value] : parse_query(target_of(head_).query)) {
        if (each == name) return std::move(value);
    }
    return std::nullopt;
}

std::string_view Exchange::parameter(std::string_view name) const noexcept {
    for (const auto& [each, value] : parameters_) {
        if (each == name) return value;
    }
    return {};
}

std::string_view Exchange::host() const noexcept {
    const std::string_view authority = target_of(head_).authority;
    return authority.empty() ? head_.headers.get("Host").value_or("") : authority;
}

Result<Endpoint> Exchange::client() const {
    return transport_.peer_endpoint();
}

bool Exchange::has_whole_body() const noexcept {
    return reader_.has_whole_body();
}

Task<Result<Bytes>> Exchange::read_body() {
    if (body_.empty() || is_body_given_) return reader_.read_body(!has_begun());
    is_body_given_ = true;
    return give(as_bytes(body_));
}

Task<Result<void>> Exchange::gather_body(std::uint64_t bytes_max) {
    std::uint64_t more = reader_.body_left().value_or(0);
    while (more <= bytes_max && body_.size() <= bytes_max - more) {
        Result<Bytes> piece = co_await reader_.read_body(!has_begun());
        if (!piece) co_return std::move(piece).error();
        if (piece->empty()) co_return Result<void>();
        more = piece->size();
        if (body_.size() + more > bytes_max) break;
        body_.append(as_text(*piece));
        more = 0;
    }
    co_return reader_.fail(Error(HttpErrc::body_too_large, "the request's body is larger than " +
                                                               std::to_string(bytes_max) +
                                                               " bytes, the limit here"));
}

void Exchange::spawn(Task<void> task) {
    core_.spawn(std::move(task));
}

// --- the answer ----------------------------------------------------------------------------------

Task<Result<void>> Exchange::respond(int status, Headers headers, std::string body) {
    WEIR_CHECK_HINT(state_ == State::waiting, "a handler answers once");
    if (!reader_.can_skip_body()) closes_ = true;
    const ServerFields added(core_.dates.now(), connection_option(headers));
    Result<void> written = write_response(out_, status, headers, body, head_.kind(), added);
    if (!written) co_return written;
    if (head_.kind() != RequestKind::head) body_bytes_ = body.size();
    status_ = status;
    state_ = State::done;
    co_return co_await flush();
}

Task<Result<void>> Exchange::respond_json(int status, std::string body) {
    Headers headers;
    headers.add("Content-Type", "application/json");
    return respond(status, std::move(headers), std::move(body));
}

Task<Result<void>> Exchange::begin(int status, Headers headers) {
    const bool knows_chunks = head_.minor_version > 0;
    if (!knows_chunks) closes_ = true;
    return begin_as(knows_chunks ? Framing::chunked : Framing::until_close, status,
                    std::move(headers));
}

Task<Result<void>> Exchange::begin(int status, Headers headers, std::uint64_t length) {
    left_ = length;
    return begin_as(Framing::sized, status, std::move(headers));
}

Task<Result<void>> Exchange::begin_as(Framing framing, int status, Headers headers) {
    WEIR_CHECK_HINT(state_ == State::waiting, "a handler answers once");
    // Whether the client will send what it holds back is not known any more.
    if (reader_.is_held_back()) closes_ = true;
    const ServerFields added(core_.dates.now(), connection_option(headers));
    Result<void> written;
    switch (framing) {
        case Framing::chunked:
            written = write_head_chunked(out_, status, headers, added);
            break;
        case Framing::sized:
            written = write_head_sized(out_, status, headers, left_, added);
            break;
        case Framing::until_close:
            written = write_head_until_close(out_, status, headers, added);
            break;
    }
    if (!written) co_return written;
    framing_ = framing;
    status_ = status;
    state_ = State::streaming;
    co_return co_await flush();
}

Task<Result<void>> Exchange::write(std::string_view data) {
    WEIR_CHECK_HINT(state_ == State::streaming, "begin() comes before write()");
    if (framing_ == Framing::sized) {
        if (data.size() > left_) {
            co_return Error(HttpErrc::bad_request,
                            "the response's body would be longer than the length that was told: " +
                                std::to_string(left_) + " bytes are left, not " +
                                std::to_string(data.size()));
        }
        left_ -= data.size();
    }
    if (head_.kind() == RequestKind::head || data.empty()) co_return Result<void>();
    if (framing_ == Framing::chunked) {
        write_chunk(out_, as_bytes(data));
    } else {
        out_.append(data);
    }
    body_bytes_ += data.size();
    co_return co_await flush();
}

Task<Result<void>> Exchange::end() {
    WEIR_CHECK_HINT(state_ == State::streaming, "begin() comes before end()");
    if (framing_ == Framing::sized && left_ > 0) {
        aborts_ = true;
        co_return Error(HttpErrc::bad_request, "the response's body ended " +
                                                   std::to_string(left_) +
                                                   " bytes before the length that was told");
    }
    state_ = State::done;
    if (framing_ != Framing::chunked || head_.kind() == RequestKind::head) co_return Result<void>();
    write_last_chunk(out_);
    co_return co_await flush();
}

Task<Result<void>> Exchange::begin_events(Headers headers) {
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!headers.contains(name)) headers.add(name, value);
    };
    add("Content-Type", "text/event-stream");
    add("Cache-Control", "no-cache");
    add("X-Accel-Buffering", "no");
    return begin(200, std::move(headers));
}

Task<Result<void>> Exchange::write_event(std::string_view data, std::string_view type,
                                         std::string_view id) {
    std::string text;
    Result<void> made = write_sse_event(text, data, type, id);
    if (!made) co_return made;
    co_return co_await write(text);
}

Task<Result<void>> Exchange::write_event_comment() {
    std::string text;
    write_sse_comment(text);
    co_return co_await write(text);
}

// What the response says about the connection. A handler may ask for "close" by a field, too.
std::string_view Exchange::connection_option(Headers& headers) {
    if (core_.is_draining || headers.has_token("Connection", "close")) closes_ = true;
    headers.remove("Connection");
    if (closes_ || aborts_) return closes_ = true, "close";
    return head_.minor_version == 0 ? "keep-alive" : "";
}

Task<Result<void>> Exchange::flush() {
    Bytes bytes = out_.readable();
    Result<void> sent;
    while (!bytes.empty() && sent) {
        const Bytes piece = bytes.first(std::min(bytes.size(), kPieceBytes));
        sent = co_await timeout(core_.options.write_, transport_.write_all(piece));
        bytes = bytes.subspan(piece.size());
    }
    out_.clear();
    out_.release_if_empty();
    if (!sent) aborts_ = has_failed_ = true;
    co_return sent;
}

}  // namespace weir::http
