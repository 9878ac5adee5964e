// SPDX-License-Identifier: MIT
//
// An HTTP/1.1 server: keep-alive, whole and chunked responses, TLS. Each connection is a task
// of the server's own group, and each request is handed to a handler, a coroutine:
//
//     Server server = Server::listen(Endpoint::loopback(0)).value();
//     co_await server.serve([](Exchange& exchange) -> Task<void> {
//         co_await exchange.respond(200, Headers(), "hello\n");
//     });
#pragma once

#include <weir/http/exchange.h>
#include <weir/http/server_options.h>
#include <weir/runtime/address.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace weir::http {

class ServerCore;

class Server {
public:
    using Handler = std::function<Task<void>(Exchange&)>;

    /// Listens; connections wait in the kernel until serve() runs. Errors name the endpoint.
    static Result<Server> listen(const Endpoint& local, ServerOptions options = ServerOptions());

    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    /// Not while it serves.
    ~Server();

    Endpoint local_endpoint() const noexcept;

    /// Serves until it is cancelled, and with it all connections, or until it is drained. `handler`
    /// is kept meanwhile and may run many times at once. An exception that it throws becomes a 500.
    /// A client that goes while its handler waits cancels the handler, by destruction. Once.
    Task<Result<void>> serve(Handler handler);

    /// Begins the end in good order, and returns at once: no more connections are accepted (the
    /// port is free), those between two requests are closed, and the others once they are answered.
    /// serve() returns when they and all background work have ended; what has not by `limit` is
    /// cut. Again: the earlier limit counts, so that Duration::zero() cuts at once.
    void drain(Duration limit);

    /// Work in the background, such as a poll every minute: a task of the server's own group. It
    /// ends with the server; draining waits for it, within its limit. An exception ends it and
    /// nothing else. Only while the server serves.
    void spawn(Task<void> task);

    /// Connections open now, and requests answered so far.
    std::size_t connections() const noexcept;
    std::uint64_t requests() const noexcept;

private:
    explicit Server(std::unique_ptr<ServerCore> core) noexcept;

    std::unique_ptr<ServerCore> core_;  // in a box: connections point to it
};

/// Serves until SIGTERM or SIGINT, and then drains with that limit; a second signal cuts. For the
/// outermost task of a program, before it begins other threads: see SignalCatcher.
Task<Result<void>> serve_until_signal(Server& server, Server::Handler handler,
                                      Duration limit = std::chrono::seconds(30));

}  // namespace weir::http
