// SPDX-License-Identifier: MIT
#include <weir/llm/mock/server.h>

#include "llm/mock/core.h"

#include <utility>

namespace weir::llm::mock {

Result<Server> Server::listen(const Endpoint& local, Script script) {
    Result<void> checked = script.check();
    if (!checked) return std::move(checked).error();
    http::ServerOptions options;
    if (script.tls_) options.tls(*script.tls_);
    Result<http::Server> server = http::Server::listen(local, std::move(options));
    if (!server) return std::move(server).error();
    return Server(*std::move(server), std::make_unique<Core>(std::move(script)));
}

Server::Server(http::Server server, std::unique_ptr<Core> core) noexcept
    : http_(std::move(server)), core_(std::move(core)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

std::string Server::base_url() const {
    return (core_->script.tls_ ? "https://" : "http://") + local_endpoint().to_string() + "/v1";
}

Task<Result<void>> Server::serve() {
    http::Server::Handler handler = [core = core_.get()](http::Exchange& exchange) {
        return core->answer(exchange);
    };
    co_return co_await http_.serve(std::move(handler));
}

std::uint64_t Server::calls() const noexcept {
    return core_->calls;
}

std::uint64_t Server::tokens_sent() const noexcept {
    return core_->output_tokens;
}

const std::deque<RecordedRequest>& Server::requests() const noexcept {
    return core_->recorded;
}

}  // namespace weir::llm::mock
