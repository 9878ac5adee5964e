// SPDX-License-Identifier: MIT
#include <weir/llm/mock/server.h>

#include <weir/llm/mock/text.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>

#include "llm/mock/reply.h"
#include "llm/mock/request.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>

namespace weir::llm::mock {
namespace {

constexpr std::string_view kChatPath = "/v1/chat/completions";
constexpr std::string_view kModelsPath = "/v1/models";

http::Headers json_headers() {
    http::Headers headers;
    headers.add("Content-Type", "application/json");
    return headers;
}

Task<void> respond_json(http::Exchange& exchange, int status, http::Headers headers,
                        std::string body) {
    Result<void> ignored = co_await exchange.respond(status, std::move(headers), std::move(body));
    static_cast<void>(ignored);  // an error means that the client is gone, which is its right
}

// Begins a body and leaves it unfinished.
Task<void> respond_cut(http::Exchange& exchange, std::string body) {
    Result<void> begun = co_await exchange.begin(200, json_headers());
    if (!begun) co_return;
    Result<void> ignored =
        co_await exchange.write(std::string_view(body).substr(0, body.size() / 2));
    static_cast<void>(ignored);
    exchange.close_connection();
}

Task<void> wait_for_ever() {
    for (;;)
        co_await sleep_for(std::chrono::hours(1));
}

int answer_tokens(const ChatRequest& request, int scripted) {
    const std::int64_t most = request.tokens_max.value_or(scripted);
    return static_cast<int>(std::min<std::int64_t>(most, scripted));
}

}  // namespace

Result<Server> Server::listen(const Endpoint& local, Script script) {
    if (script.tokens_ < 1) {
        return Error(Errc::bad_argument, "the mock server's answers have at least one token");
    }
    http::ServerOptions options;
    if (script.tls_) options.tls(*script.tls_);
    Result<http::Server> server = http::Server::listen(local, std::move(options));
    if (!server) return std::move(server).error();
    return Server(*std::move(server), std::move(script));
}

std::string Server::base_url() const {
    return (script_.tls_ ? "https://" : "http://") + local_endpoint().to_string() + "/v1";
}

Task<Result<void>> Server::serve() {
    http::Server::Handler handler = [this](http::Exchange& exchange) {
        return answer(exchange);
    };
    co_return co_await http_.serve(std::move(handler));
}

Task<void> Server::answer(http::Exchange& exchange) {
    const http::RequestHead& head = exchange.request();
    const std::string_view path = exchange.path();
    if (path == kChatPath && head.method == "POST") {
        co_await answer_chat(exchange);
    } else if (path == kModelsPath && head.method == "GET") {
        co_await respond_json(exchange, 200, json_headers(), write_models());
    } else {
        const std::string message = "there is no " + head.method + " " + std::string(path) +
                                    " here: try POST " + std::string(kChatPath);
        co_await respond_json(exchange, 404, json_headers(),
                              write_error(message, "invalid_request_error"));
    }
}

Task<void> Server::answer_chat(http::Exchange& exchange) {
    ++calls_;
    Result<ChatRequest> request = read_chat_request(exchange.body());
    Result<Script> script = script_for(exchange);
    if (!request || !script) {
        const Error& error = request ? script.error() : request.error();
        co_await respond_json(exchange, 400, json_headers(),
                              write_error(error.message(), "invalid_request_error"));
        co_return;
    }
    if (script->is_silent_) co_await wait_for_ever();
    if (script->status_) {
        co_await refuse(exchange, *script);
    } else if (request->is_streamed) {
        co_await answer_streamed(exchange, *request, *script);
    } else {
        co_await answer_whole(exchange, *request, *script);
    }
}

// The server's own script, or what the request's headers ask for.
Result<Script> Server::script_for(const http::Exchange& exchange) const {
    Script script = calls_ <= script_.faulty_calls_ ? script_ : script_.healthy();
    const http::Headers& headers = exchange.request().headers;
    if (const auto name = headers.get("x-mock-fault")) {
        Result<void> known = script.fault(*name);
        if (!known) return std::move(known).error();
    }
    if (const auto text = headers.get("x-mock-status")) {
        int status = 0;
        std::from_chars(text->data(), text->data() + text->size(), status);
        if (status < 400 || status > 599) {
            return Error(Errc::bad_argument, "x-mock-status must be from 400 to 599");
        }
        script.status(status);
    }
    return script;
}

Task<void> Server::refuse(http::Exchange& exchange, const Script& script) {
    http::Headers headers = json_headers();
    if (!script.retry_after_.empty()) headers.add("Retry-After", script.retry_after_);
    std::string body = script.status_body_;
    if (body.empty()) body = write_error(*script.status_);
    co_await respond_json(exchange, *script.status_, std::move(headers), std::move(body));
}

Task<void> Server::answer_whole(http::Exchange& exchange, const ChatRequest& request,
                                const Script& script) {
    const int tokens = answer_tokens(request, script.tokens_);
    const ReplyId id(calls_, request.model);
    const Instant due = Reactor::current().now() + script.first_ + script.interval_ * (tokens - 1);
    if (due > Reactor::current().now()) co_await sleep_until(due);

    if (script.fails_after_) {
        co_await respond_json(exchange, 200, json_headers(), write_error(500));
        co_return;
    }
    std::string_view finish = tokens < script.tokens_ ? "length" : "stop";
    if (!script.has_finish_reason_) finish = {};
    std::string body = write_whole_answer(id, expected_text(request.prompt, tokens), finish,
                                          Usage(request.prompt_tokens, tokens));
    tokens_sent_ += static_cast<std::uint64_t>(tokens);
    if (script.closes_in_body_ || script.cut_after_) {
        co_await respond_cut(exchange, std::move(body));
    } else {
        co_await respond_json(exchange, 200, json_headers(), std::move(body));
    }
}

Task<void> Server::answer_streamed(http::Exchange& exchange, const ChatRequest& request,
                                   const Script& script) {
    const Instant first = Reactor::current().now() + script.first_;
    const int tokens = answer_tokens(request, script.tokens_);
    TokenSource source(request.prompt);
    EventWriter events(ReplyId(calls_, request.model));
    http::Headers headers;
    headers.add("Content-Type", "text/event-stream");
    headers.add("Cache-Control", "no-cache");
    Result<void> sent = co_await exchange.begin(200, std::move(headers));

    for (int token = 0; token < tokens && sent; ++token) {
        // Counted from the beginning, so that lateness does not add up.
        const Instant due = first + script.interval_ * token;
        if (due > Reactor::current().now()) co_await sleep_until(due);
        events.clear();
        if (script.cut_after_ == token) co_return exchange.close_connection();
        if (script.fails_after_ == token) {
            events.add_error();
            break;
        }
        events.add_token(source.next());
        ++tokens_sent_;
        if (script.closes_in_body_) {
            sent = co_await exchange.write(events.text().substr(0, events.text().size() / 2));
            co_return exchange.close_connection();
        }
        if (token + 1 == tokens) break;  // it goes out together with the end
        sent = co_await exchange.write(events.text());
    }
    if (!sent) co_return;
    const bool has_failed = script.fails_after_ && *script.fails_after_ < tokens;
    if (!has_failed && script.has_finish_reason_) {
        events.add_finish(tokens < script.tokens_ ? "length" : "stop");
    }
    if (!has_failed && request.wants_usage) {
        events.add_usage(Usage(request.prompt_tokens, tokens));
    }
    if (script.has_done_) events.add_done();
    sent = co_await exchange.write(events.text());
    if (sent) sent = co_await exchange.end();
}

}  // namespace weir::llm::mock
