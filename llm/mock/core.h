// SPDX-License-Identifier: MIT
//
// What the mock server keeps between its requests, and which of its answers a request gets. One
// call for an answer of the model is llm/mock/call.h.
#pragma once

#include <weir/http/exchange.h>
#include <weir/llm/mock/recorded_request.h>
#include <weir/llm/mock/script.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "llm/mock/dialect.h"
#include "llm/mock/limiter.h"
#include "llm/mock/refusal.h"
#include "llm/mock/request.h"

namespace weir::llm::mock {

/// The paths that are counted apart.
enum class Route : std::uint8_t { chat, messages, responses, embeddings, models, other };

class Core {
public:
    explicit Core(Script script_of_server);

    Task<void> answer(http::Exchange& exchange);

    /// The script for the n-th call: the server's own, or in `own` what the request's headers ask
    /// for. It is valid as long as `own`.
    Result<const Script*> script_for(const http::Exchange& exchange, std::uint64_t call,
                                     std::optional<Script>& own) const;

    /// The fields of an answer that every one has.
    http::Headers fields(Protocol protocol, const Dialect& dialect, std::string_view content_type);
    /// The id of the request that is being answered.
    std::string request_id() const { return "req_mock_" + std::to_string(arrived); }
    /// Counts an answer that has been sent, or one that begins.
    void count(Route route, int status) { ++answers[std::pair(route, status)]; }

    const Script script;
    const Script script_when_healthy;
    Limiter limiter;
    std::deque<RecordedRequest> recorded;
    std::uint64_t arrived = 0;
    std::uint64_t calls = 0;
    std::uint64_t input_tokens = 0;
    std::uint64_t output_tokens = 0;
    std::uint64_t cut = 0;  // answers that were not ended well, as scripted
    std::size_t in_flight = 0;
    std::map<std::pair<Route, int>, std::uint64_t> answers;

private:
    Task<void> respond(http::Exchange& exchange, Route route, int status, http::Headers headers,
                       std::string body);
    Task<void> answer_other(http::Exchange& exchange, std::string_view path);
    Task<void> answer_models(http::Exchange& exchange);
    void remember(const http::Exchange& exchange);
};

/// Prometheus' text format.
std::string write_metrics(const Core& core);
/// `GET /mock/requests`. The values of fields that hold secrets are stars.
std::string write_recorded(const Core& core);

}  // namespace weir::llm::mock
