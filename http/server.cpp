// SPDX-License-Identifier: MIT
#include <weir/http/server.h>

#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include "http/server_connection.h"

namespace weir::http {
namespace {

// When descriptors have run out, accepting again at once would only spin.
constexpr Duration kPauseAfterFailedAccept = std::chrono::milliseconds(20);

class CountWhileAlive {
public:
    explicit CountWhileAlive(std::size_t& count) noexcept : count_(count) { ++count_; }
    CountWhileAlive(const CountWhileAlive&) = delete;
    CountWhileAlive& operator=(const CountWhileAlive&) = delete;
    ~CountWhileAlive() { --count_; }

private:
    std::size_t& count_;
};

Task<void> serve_connection(ServerCore& core, TcpStream stream, const Server::Handler& handler) {
    const CountWhileAlive counted(core.connections);
    ServerConnection connection(core, std::move(stream), handler);
    co_await connection.serve();
}

}  // namespace

Server::Server(TcpListener listener, ServerOptions options)
    : listener_(std::move(listener)), core_(std::make_unique<ServerCore>(std::move(options))) {}

Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

std::size_t Server::connections() const noexcept {
    return core_->connections;
}

std::uint64_t Server::requests() const noexcept {
    return core_->requests;
}

Result<Server> Server::listen(const Endpoint& local, ServerOptions options) {
    Result<TcpListener> listener = TcpListener::bind(local);
    if (!listener) return std::move(listener).error();
    return Server(*std::move(listener), std::move(options));
}

Task<Result<void>> Server::serve(Handler handler) {
    co_return co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
        for (;;) {
            Result<TcpStream> stream = co_await listener_.accept();
            if (stream) {
                group.spawn(serve_connection(*core_, *std::move(stream), handler));
                continue;
            }
            if (stream.error() == std::errc::bad_file_descriptor)
                co_return std::move(stream).error();
            co_await sleep_for(kPauseAfterFailedAccept);
        }
    });
}

}  // namespace weir::http
