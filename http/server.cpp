// SPDX-License-Identifier: MIT
#include <weir/http/server.h>

#include <weir/runtime/signal.h>
#include <weir/runtime/task_group.h>
#include <csignal>

#include "http/server_core.h"

namespace weir::http {

Server::Server(std::unique_ptr<ServerCore> core) noexcept : core_(std::move(core)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::listen(const Endpoint& local, ServerOptions options) {
    Result<TcpListener> listener =
        options.share_port_ ? TcpListener::bind_shared(local) : TcpListener::bind(local);
    if (!listener) return std::move(listener).error();
    return Server(std::make_unique<ServerCore>(*std::move(listener), std::move(options)));
}

Endpoint Server::local_endpoint() const noexcept {
    return core_->local;
}

std::size_t Server::connections() const noexcept {
    return core_->connections;
}

std::uint64_t Server::requests() const noexcept {
    return core_->requests;
}

Task<Result<void>> Server::serve(Handler handler) {
    ServerCore& core = *core_;
    core.handler = std::move(handler);
    co_return co_await with_group([&](TaskGroup& group) { return core.serve(group); });
}

void Server::drain(Duration limit) {
    core_->drain(limit);
}

void Server::spawn(Task<void> task) {
    core_->spawn(std::move(task));
}

// --- until a signal ------------------------------------------------------------------------------

namespace {

Task<void> drain_at_signal(SignalCatcher& signals, Server& server, Duration limit) {
    for (;;) {
        Result<int> signal = co_await signals.next();
        if (!signal) co_return;
        server.drain(limit);
        limit = Duration::zero();
    }
}

}  // namespace

Task<Result<void>> serve_until_signal(Server& server, Server::Handler handler, Duration limit) {
    Result<SignalCatcher> signals = SignalCatcher::make({SIGINT, SIGTERM});
    if (!signals) co_return std::move(signals).error();
    co_return co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
        group.spawn(drain_at_signal(*signals, server, limit));
        Result<void> served = co_await server.serve(std::move(handler));
        group.cancel();
        co_return served;
    });
}

}  // namespace weir::http
