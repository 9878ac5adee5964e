// SPDX-License-Identifier: MIT
#include <weir/http/client.h>

#include <weir/runtime/resolver.h>
#include <weir/runtime/timeout.h>

#include "http/connection.h"

#include <algorithm>

namespace weir::http {
namespace {

// The server closed an idle connection while our request was on its way: it has not been served.
bool is_stale_connection(const Error& error) {
    return error == HttpErrc::no_response || error == std::errc::connection_reset ||
           error == std::errc::broken_pipe || error == HttpErrc::tls_truncated;
}

Error too_large(std::uint64_t limit) {
    return Error(HttpErrc::body_too_large,
                 "the answer is larger than " + std::to_string(limit) +
                     " bytes (ClientOptions::body_max); read it as a stream");
}

}  // namespace

ResponseStream::ResponseStream(Client& client, ResponseHead head,
                               std::unique_ptr<Connection> connection)
    : client_(&client),
      head_(std::make_unique<ResponseHead>(std::move(head))),
      connection_(std::move(connection)),
      status_(head_->status) {}
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;
ResponseStream::~ResponseStream() = default;

bool ResponseStream::is_complete() const noexcept {
    return connection_ == nullptr || connection_->is_body_complete();
}

ResponseHead ResponseStream::take_head() {
    WEIR_CHECK(head_ != nullptr);
    return std::move(*std::exchange(head_, nullptr));
}

Task<Result<Bytes>> ResponseStream::read() {
    if (connection_ == nullptr) co_return Bytes();
    Result<ParserEvent> event = co_await connection_->next_event();
    if (!event) co_return std::move(event).error().with_context(connection_->origin());
    if (event->kind == ParserEvent::body) co_return event->bytes;
    client_->give_back(std::move(connection_));
    co_return Bytes();
}

Task<void> ResponseStream::drain(Duration limit) {
    if (connection_ == nullptr) co_return;
    const Instant end = saturating_add(Reactor::current().now(), limit);
    connection_->set_deadline(std::min(connection_->deadline(), end));
    for (;;) {
        Result<Bytes> piece = co_await read();
        if (piece && !piece->empty()) continue;
        connection_.reset();
        co_return;
    }
}

Client::Client(ClientOptions options)
    : options_(std::move(options)),
      connecting_(std::max<std::size_t>(1, options_.connecting_max_)) {}
Client::~Client() = default;

Task<Result<Response>> Client::send(Request request) {
    return gather_body(open(std::move(request)));
}

Task<Result<Response>> Client::gather_body(Task<Result<ResponseStream>> opening) {
    Result<ResponseStream> stream = co_await std::move(opening);
    if (!stream) co_return std::move(stream).error();
    std::string body;
    for (;;) {
        Result<Bytes> piece = co_await stream->read();
        if (!piece) co_return std::move(piece).error();
        if (piece->empty()) break;
        if (body.size() + piece->size() > options_.body_max_) {
            co_return too_large(options_.body_max_);
        }
        body.append(as_text(*piece));
    }
    co_return Response(stream->take_head(), std::move(body));
}

Task<Result<ResponseStream>> Client::open(Request request) {
    return exchange(std::make_unique<const Request>(std::move(request)));
}

Task<Result<ResponseStream>> Client::exchange(std::unique_ptr<const Request> request) {
    const Instant deadline = saturating_add(Reactor::current().now(), options_.call_);
    std::unique_ptr<Connection> connection = take_idle(request->url().origin());
    bool is_reused = connection != nullptr;
    for (;;) {
        if (!connection) {
            Result<std::unique_ptr<Connection>> fresh = co_await connect(request->url(), deadline);
            if (!fresh) co_return std::move(fresh).error();
            connection = *std::move(fresh);
        }
        connection->set_deadline(deadline);
        Result<ResponseHead> head = co_await connection->exchange(*request);
        if (head) co_return ResponseStream(*this, *std::move(head), std::move(connection));
        const bool is_unserved =
            is_reused && !connection->has_answer_begun() && is_stale_connection(head.error());
        if (!is_unserved) co_return std::move(head).error().with_context(connection->origin());
        connection.reset();
        is_reused = false;
    }
}

Task<Result<std::unique_ptr<Connection>>> Client::connect(const Url& url, Instant deadline) {
    // The limit counts from here: those before us must not use up our time.
    Result<Permit> turn = co_await timeout_at(deadline, turn_to_connect());
    if (!turn) {
        co_return timed_out_waiting("a turn to connect", Duration(), false)
            .with_context(url.origin());
    }
    const Instant phase_end = saturating_add(Reactor::current().now(), options_.connect_);
    Result<std::unique_ptr<Connection>> connection =
        co_await timeout_at(std::min(phase_end, deadline), connect_now(url));
    if (connection) co_return connection;
    if (connection.error() == Error::timed_out) {
        connection = timed_out_waiting("a connection", options_.connect_, phase_end <= deadline);
    }
    co_return std::move(connection).error().with_context(url.origin());
}

Task<Permit> Client::turn_to_connect() {
    co_return co_await connecting_.acquire();
}

Task<Result<std::unique_ptr<Connection>>> Client::connect_now(const Url& url) {
    Result<TcpStream> stream = co_await connect_tcp(url.host(), url.port());
    if (!stream) co_return std::move(stream).error();
    Transport transport(*std::move(stream));
    if (url.is_secure()) {
        Result<TlsContext> context = tls_context();
        if (!context) co_return std::move(context).error();
        Result<TlsEngine> engine = TlsEngine::client(*context, url.host(), url.port());
        if (!engine) co_return std::move(engine).error();
        Result<void> secured = co_await transport.begin_tls(*std::move(engine));
        if (!secured) co_return std::move(secured).error();
    }
    ++opened_;
    co_return std::make_unique<Connection>(std::move(transport), url.origin(), ParserLimits(),
                                           PhaseLimits(options_.first_byte_, options_.gap_));
}

// The one used last: it is the least likely to have been closed. Those found dead are dropped.
std::unique_ptr<Connection> Client::take_idle(const std::string& origin) {
    const auto found = pool_.find(origin);
    if (found == pool_.end()) return nullptr;
    std::vector<std::unique_ptr<Connection>>& idle = found->second;
    while (!idle.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle.back());
        idle.pop_back();
        --idle_;
        if (connection->is_quiet()) return connection;
    }
    return nullptr;
}

void Client::give_back(std::unique_ptr<Connection> connection) {
    if (!connection->is_reusable()) return;
    connection->release_buffers();
    std::vector<std::unique_ptr<Connection>>& idle = pool_[connection->origin()];
    if (idle.size() >= options_.idle_max_) return;
    idle.push_back(std::move(connection));
    ++idle_;
}

Result<TlsContext> Client::tls_context() {
    if (!options_.tls_) {
        // Reading the system's authorities takes milliseconds: once, and only where needed.
        Result<TlsContext> context = TlsContext::client();
        if (!context) return context;
        options_.tls_ = *std::move(context);
    }
    return *options_.tls_;
}

}  // namespace weir::http
