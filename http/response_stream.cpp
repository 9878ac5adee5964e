// SPDX-License-Identifier: MIT
//
// The body of an answer, piece by piece, as it was received or decoded.
#include <weir/http/client.h>
#include <weir/runtime/reactor.h>

#include "http/connection.h"

#include <algorithm>

namespace weir::http {

class ResponseStream::Decoding {
public:
    explicit Decoding(ContentDecoder content_decoder) : decoder(std::move(content_decoder)) {}

    ContentDecoder decoder;
    Bytes received;  // what of the last piece is not decoded yet
};

ResponseStream::ResponseStream(Client& client, std::unique_ptr<Connection> connection)
    : client_(&client),
      head_(std::make_unique<ResponseHead>(connection->take_head())),
      connection_(std::move(connection)),
      status_(head_->status) {}
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;
ResponseStream::~ResponseStream() = default;

bool ResponseStream::is_complete() const noexcept {
    return decoding_ == nullptr && (connection_ == nullptr || connection_->is_body_complete());
}

Instant ResponseStream::deadline() const noexcept {
    return connection_ == nullptr ? kNever : connection_->deadline();
}

void ResponseStream::set_deadline(Instant deadline) noexcept {
    if (connection_ != nullptr) connection_->set_deadline(deadline);
}

ResponseHead ResponseStream::take_head() {
    WEIR_CHECK(head_ != nullptr);
    return std::move(*std::exchange(head_, nullptr));
}

Result<void> ResponseStream::decode(ExpansionLimits limits) {
    Result<ContentDecoder> decoder = ContentDecoder::for_headers(head_->headers, limits);
    if (!decoder) return std::move(decoder).error().with_context(connection_->origin().name);
    if (decoder->is_identity()) return Result<void>();
    decoding_ = std::make_unique<Decoding>(*std::move(decoder));
    // They were those of the body as it was sent.
    head_->headers.remove("Content-Encoding");
    head_->headers.remove("Content-Length");
    return Result<void>();
}

Task<Result<Bytes>> ResponseStream::read() {
    return decoding_ ? read_decoded() : read_received();
}

Task<Result<Bytes>> ResponseStream::read_decoded() {
    for (;;) {
        Result<ParserEvent> event = decoding_->decoder.next(decoding_->received);
        if (!event) co_return std::move(event).error();
        if (event->kind == ParserEvent::body) co_return event->bytes;
        Result<Bytes> received = co_await read_received();
        if (!received) co_return received;
        decoding_->received = *received;
        if (!received->empty()) continue;
        Result<void> ended = decoding_->decoder.on_end();
        if (!ended) co_return std::move(ended).error();
        decoding_.reset();
        co_return Bytes();
    }
}

Task<Result<Bytes>> ResponseStream::read_received() {
    if (connection_ == nullptr) co_return Bytes();
    co_return take(co_await connection_->next_event());
}

Result<std::optional<Bytes>> ResponseStream::try_read() {
    if (connection_ == nullptr || decoding_ != nullptr) return std::optional<Bytes>();
    Result<ParserEvent> event = connection_->try_next_event();
    if (event && event->kind == ParserEvent::need_more) return std::optional<Bytes>();
    Result<Bytes> piece = take(std::move(event));
    if (!piece) return std::move(piece).error();
    return std::optional<Bytes>(*piece);
}

Result<Bytes> ResponseStream::take(Result<ParserEvent> event) {
    if (!event) return std::move(event).error().with_context(connection_->origin().name);
    if (event->kind == ParserEvent::body) return event->bytes;
    client_->give_back(std::move(connection_));
    return Bytes();
}

Task<void> ResponseStream::drain(Duration limit) {
    if (connection_ == nullptr) co_return;
    const Instant end = saturating_add(Reactor::current().now(), limit);
    connection_->set_deadline(std::min(connection_->deadline(), end));
    for (;;) {
        Result<Bytes> piece = co_await read_received();
        if (piece && !piece->empty()) continue;
        connection_.reset();
        decoding_.reset();
        co_return;
    }
}

}  // namespace weir::http
