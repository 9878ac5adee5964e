// SPDX-License-Identifier: MIT
//
// A server of the model protocols that needs no model: its answers are words drawn from the prompt
// (llm/mock/text.h), its pace, limits and faults are scripted. The other end of tests and
// demonstrations; `weir mock` is this server as a program, docs/mock.md its manual.
#pragma once

#include <weir/http/server.h>
#include <weir/llm/mock/recorded_request.h>
#include <weir/llm/mock/script.h>
#include <weir/runtime/address.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace weir::llm::mock {

class Core;

/// OpenAI's `POST /v1/chat/completions`, `/v1/responses` and `/v1/embeddings`, Anthropic's
/// `POST /v1/messages`, and `GET /v1/models`; beside them `/health`, `/metrics` and
/// `/mock/requests`. A request may bring its own fault or dialect: the headers `x-mock-status`,
/// `x-mock-retry-after`, `x-mock-fault` and `x-mock-dialect`.
class Server {
public:
    /// Listens; errors name the endpoint, or what is wrong with the script.
    static Result<Server> listen(const Endpoint& local, Script script = Script());

    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    /// Not while it serves.
    ~Server();

    /// "http://127.0.0.1:8080/v1". Clients of Anthropic's protocol want it without the "/v1".
    std::string base_url() const;
    Endpoint local_endpoint() const noexcept { return http_.local_endpoint(); }

    /// Serves until it is cancelled. Meanwhile the server must stay where it is.
    Task<Result<void>> serve();

    /// Calls of the model that have arrived so far, and tokens sent.
    std::uint64_t calls() const noexcept;
    std::uint64_t tokens_sent() const noexcept;
    /// The last requests, of any kind, oldest first: as many as Script::record() says. Valid until
    /// the next one arrives.
    const std::deque<RecordedRequest>& requests() const noexcept;

private:
    Server(http::Server server, std::unique_ptr<Core> core) noexcept;

    http::Server http_;
    std::unique_ptr<Core> core_;
};

}  // namespace weir::llm::mock
