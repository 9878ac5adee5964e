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
#include <weir/runtime/task.h>
#include <weir/runtime/tcp.h>
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
    ~Server();

    Endpoint local_endpoint() const noexcept { return listener_.local_endpoint(); }

    /// Serves until it is cancelled, and with it all connections. `handler` is kept meanwhile and
    /// may run many times at once. An exception that it throws becomes a 500. A client that goes
    /// while its handler waits cancels the handler, by destruction.
    Task<Result<void>> serve(Handler handler);

    /// Connections open now, and requests answered so far.
    std::size_t connections() const noexcept;
    std::uint64_t requests() const noexcept;

private:
    Server(TcpListener listener, ServerOptions options);

    TcpListener listener_;
    std::unique_ptr<ServerCore> core_;  // in a box: connections point to it
};

}  // namespace weir::http
