// SPDX-License-Identifier: MIT
//
// A server of the Chat Completions protocol that needs no model: its answers are words drawn from
// the prompt (llm/mock/text.h), its pace and its faults are scripted. The other end of tests and
// demonstrations; `weir mock` is this server as a program.
#pragma once

#include <weir/http/server.h>
#include <weir/llm/mock/script.h>
#include <weir/runtime/address.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace weir::llm::mock {

class ChatRequest;

/// `POST /v1/chat/completions`, whole and streamed, and `GET /v1/models`. A request may bring its
/// own fault: the header `x-mock-status: 429`, or `x-mock-fault` with a name that Script::fault()
/// knows.
class Server {
public:
    /// Listens; errors name the endpoint.
    static Result<Server> listen(const Endpoint& local, Script script = Script());

    /// "http://127.0.0.1:8080/v1".
    std::string base_url() const;
    Endpoint local_endpoint() const noexcept { return http_.local_endpoint(); }

    /// Serves until it is cancelled. Meanwhile the server must stay where it is.
    Task<Result<void>> serve();

    /// Chat calls that have arrived so far, and tokens sent.
    std::uint64_t calls() const noexcept { return calls_; }
    std::uint64_t tokens_sent() const noexcept { return tokens_sent_; }

private:
    Server(http::Server server, Script script)
        : http_(std::move(server)), script_(std::move(script)) {}

    Task<void> answer(http::Exchange& exchange);
    Task<void> answer_chat(http::Exchange& exchange);
    Task<void> answer_whole(http::Exchange& exchange, const ChatRequest& request,
                            const Script& script);
    Task<void> answer_streamed(http::Exchange& exchange, const ChatRequest& request,
                               const Script& script);
    Task<void> refuse(http::Exchange& exchange, const Script& script);
    Result<Script> script_for(const http::Exchange& exchange) const;

    http::Server http_;
    Script script_;
    std::uint64_t calls_ = 0;
    std::uint64_t tokens_sent_ = 0;
};

}  // namespace weir::llm::mock
