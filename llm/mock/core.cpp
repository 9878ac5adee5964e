// SPDX-License-Identifier: MIT
#include "llm/mock/core.h"

#include <weir/runtime/reactor.h>

#include "llm/mock/call.h"
#include "llm/mock/reply.h"

#include <charconv>
#include <chrono>
#include <ctime>

namespace weir::llm::mock {
namespace {

// In a simulated world its own time, from 1970 on.
std::int64_t unix_now() {
    const Reactor& reactor = Reactor::current();
    if (reactor.backend_kind() != BackendKind::simulated) return std::time(nullptr);
    return std::chrono::floor<std::chrono::seconds>(reactor.now().time_since_epoch()).count();
}

// "/chat/completions" of OpenAI's paths and of Azure's; empty for others.
std::string_view tail_of(std::string_view path) noexcept {
    constexpr std::string_view kDeployments = "/openai/deployments/";
    if (path.starts_with(kDeployments)) {
        path.remove_prefix(kDeployments.size());
        const std::size_t slash = path.find('/');
        return slash == path.npos ? std::string_view() : path.substr(slash);
    }
    if (path.starts_with("/openai/v1/")) path.remove_prefix(7);
    return path.starts_with("/v1/") ? path.substr(3) : std::string_view();
}

Result<void> read_header(Script& script, const http::Field& field) {
    if (http::equals_ignoring_case(field.name, "x-mock-fault")) return script.fault(field.value);
    if (http::equals_ignoring_case(field.name, "x-mock-dialect")) {
        return script.dialect(field.value);
    }
    if (http::equals_ignoring_case(field.name, "x-mock-retry-after")) {
        return script.retry_after(std::string(field.value)), Result<void>();
    }
    if (http::equals_ignoring_case(field.name, "x-mock-status")) {
        int status = 0;
        std::from_chars(field.value.data(), field.value.data() + field.value.size(), status);
        if (status < 400 || status > 599) {
            return Error(Errc::bad_argument, "x-mock-status must be from 400 to 599");
        }
        return script.status(status), Result<void>();
    }
    return Error(Errc::bad_argument,
                 "there is no header '" + std::string(field.name) +
                     "': they are x-mock-fault, x-mock-status, x-mock-retry-after, x-mock-dialect");
}

bool is_for_mock(std::string_view name) noexcept {
    constexpr std::string_view kPrefix = "x-mock-";
    return name.size() > kPrefix.size() &&
           http::equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix);
}

}  // namespace

Core::Core(Script script_of_server)
    : script(std::move(script_of_server)),
      script_when_healthy(script.healthy()),
      limiter(script.limits_) {}

Result<const Script*> Core::script_for(const http::Exchange& exchange, std::uint64_t call,
                                       std::optional<Script>& own) const {
    const Script& due = script.is_faulty(call) ? script : script_when_healthy;
    for (const http::Field field : exchange.request().headers) {
        if (!is_for_mock(field.name)) continue;
        if (!own) own.emplace(due);
        Result<void> read = read_header(*own, field);
        if (!read) return std::move(read).error();
    }
    return own ? &*own : &due;
}

http::Headers Core::fields(Protocol protocol, const Dialect& dialect,
                           std::string_view content_type) {
    http::Headers headers;
    headers.reserve(4, 160);
    headers.add("Content-Type", content_type);
    const std::string id = request_id();
    headers.add("x-request-id", id);
    if (protocol == Protocol::messages) headers.add("request-id", id);
    limiter.add_fields(headers, protocol, dialect, Reactor::current().now(), unix_now());
    return headers;
}

void Core::remember(const http::Exchange& exchange) {
    if (script.recorded_ == 0) return;
    if (recorded.size() >= script.recorded_) recorded.pop_front();
    const http::RequestHead& head = exchange.request();
    recorded.emplace_back(head.method, head.target, head.headers, exchange.body(),
                          Reactor::current().now());
}

// --- which answer a request gets -----------------------------------------------------------------

Task<void> Core::answer(http::Exchange& exchange) {
    ++arrived;
    remember(exchange);
    const std::string_view path = exchange.path();
    const std::string_view tail = tail_of(path);
    if (exchange.request().method == "POST") {
        std::optional<Route> route;
        if (tail == "/chat/completions") route = Route::chat;
        if (tail == "/messages") route = Route::messages;
        if (tail == "/responses") route = Route::responses;
        if (tail == "/embeddings") route = Route::embeddings;
        if (route) {
            Call call(*this, exchange, *route);
            co_await call.run();
            co_return;
        }
    } else if (exchange.request().method == "GET") {
        if (tail == "/models") co_return co_await answer_models(exchange);
        if (tail.empty()) co_return co_await answer_other(exchange, path);
    }
    const std::string message = "there is no " + exchange.request().method + " " +
                                std::string(path) + " here: try POST /v1/chat/completions";
    co_await respond(exchange, Route::other, 404,
                     fields(Protocol::chat, Dialect::plain(), "application/json"),
                     write_refusal(Dialect::plain(), Refusal(404, message)));
}

Task<void> Core::answer_models(http::Exchange& exchange) {
    co_await respond(exchange, Route::models, 200,
                     fields(Protocol::chat, Dialect::plain(), "application/json"), write_models());
}

Task<void> Core::answer_other(http::Exchange& exchange, std::string_view path) {
    int status = 200;
    std::string_view type = "application/json";
    std::string body;
    if (path == "/health") {
        body = R"({"status":"ok"})";
    } else if (path == "/metrics") {
        type = "text/plain; version=0.0.4";
        body = write_metrics(*this);
    } else if (path == "/mock/requests") {
        body = write_recorded(*this);
    } else {
        status = 404;
        body = write_refusal(Dialect::plain(),
                             Refusal(404, "there is no GET " + std::string(path) +
                                              " here: try /v1/models, /health, /metrics or "
                                              "/mock/requests"));
    }
    co_await respond(exchange, Route::other, status, fields(Protocol::chat, Dialect::plain(), type),
                     std::move(body));
}

Task<void> Core::respond(http::Exchange& exchange, Route route, int status, http::Headers headers,
                         std::string body) {
    count(route, status);
    Result<void> ignored = co_await exchange.respond(status, std::move(headers), std::move(body));
    static_cast<void>(ignored);  // an error means that the client is gone, which is its right
}

}  // namespace weir::llm::mock
