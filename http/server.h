// SPDX-License-Identifier: MIT
//
// A small HTTP/1.1 server: keep-alive, whole and chunked responses, TLS. Each connection is a task
// of the server's own group, and each request is handed to a handler, a coroutine:
//
//     Server server = Server::listen(Endpoint::loopback(0)).value();
//     co_await server.serve([](Exchange& exchange) -> Task<void> {
//         co_await exchange.respond(200, Headers(), "hello\n");
//     });
#pragma once

#include <weir/http/tls_context.h>
#include <weir/http/wire/headers.h>
#include <weir/http/wire/message.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/address.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <weir/runtime/tcp.h>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

class Transport;

/// What a server accepts and how long it waits.
class ServerOptions {
public:
    ServerOptions() { limits_.body_bytes = std::uint64_t{64} << 20; }

    /// Serves https with this certificate.
    ServerOptions& tls(TlsContext context) {
        tls_ = std::move(context);
        return *this;
    }
    /// Bounds on a request. The default lets bodies have 64 MiB.
    ServerOptions& limits(ParserLimits limits) noexcept { return limits_ = limits, *this; }
    /// How long a connection may stay silent, before a request or inside one. Default: 75 s.
    ServerOptions& silence_limit(Duration limit) noexcept { return silence_ = limit, *this; }

private:
    friend class Server;
    std::optional<TlsContext> tls_;
    ParserLimits limits_;
    Duration silence_ = std::chrono::seconds(75);
};

/// One request and the answer to it. A handler answers once: whole with respond(), or with begin(),
/// any number of write() and end(). One that does not answer makes it a 500. An error means that
/// the client is gone; a handler then returns.
class Exchange {
public:
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    const RequestHead& request() const noexcept { return head_; }
    const std::string& body() const noexcept { return body_; }

    /// Sends a whole response.
    Task<Result<void>> respond(int status, Headers headers, std::string body);
    /// Begins a response whose body is sent piece by piece.
    Task<Result<void>> begin(int status, Headers headers);
    /// Sends a piece, at once. `data` must stay put meanwhile.
    Task<Result<void>> write(std::string_view data);
    Task<Result<void>> end();
    /// The connection is closed after this response, or, in the middle of one, right away: how a
    /// test server cuts an answer.
    void close_connection() noexcept { aborts_ = true; }

    bool has_begun() const noexcept { return state_ != State::waiting; }

private:
    friend class Server;
    enum class State : std::uint8_t { waiting, streaming, done };

    Exchange(Transport& transport, RequestHead head, std::string body) noexcept
        : transport_(transport), head_(std::move(head)), body_(std::move(body)) {}
    Task<Result<void>> flush();

    Transport& transport_;
    RequestHead head_;
    std::string body_;
    ByteQueue out_;
    State state_ = State::waiting;
    bool closes_ = false;  // the client asked for it, or cannot do otherwise
    bool aborts_ = false;  // the handler asked for it
    // HTTP/1.0 knows no chunks, and HEAD no body: a streamed response is held until its end.
    std::optional<ResponseHead> held_;
    std::string held_body_;
};

class Server {
public:
    using Handler = std::function<Task<void>(Exchange&)>;

    /// Listens; connections wait in the kernel until serve() runs. Errors name the endpoint.
    static Result<Server> listen(const Endpoint& local, ServerOptions options = ServerOptions());

    Endpoint local_endpoint() const noexcept { return listener_.local_endpoint(); }

    /// Serves until it is cancelled, and with it all connections. `handler` is kept meanwhile and
    /// may run many times at once. An exception that it throws becomes a 500.
    Task<Result<void>> serve(Handler handler);

    /// Connections open now, and requests answered so far.
    std::size_t connections() const noexcept { return connections_; }
    std::uint64_t requests() const noexcept { return requests_; }

private:
    Server(TcpListener listener, ServerOptions options) noexcept
        : listener_(std::move(listener)), options_(std::move(options)) {}

    Task<void> serve_connection(TcpStream stream, const Handler& handler);
    Task<void> serve_requests(Transport& transport, const Handler& handler);
    Task<void> answer(Exchange& exchange, const Handler& handler);
    Task<void> refuse(Transport& transport, const Error& error);

    TcpListener listener_;
    ServerOptions options_;
    std::size_t connections_ = 0;
    std::uint64_t requests_ = 0;
};

}  // namespace weir::http
