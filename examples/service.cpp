// SPDX-License-Identifier: MIT
//
// A service as one runs it: routes with parameters, JSON, a stream of events, a line of log for
// each request, and an end in good order when SIGTERM comes.
#include <weir/http/router.h>
#include <weir/http/server.h>
#include <weir/http/wire/sse_writer.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace http = weir::http;
using namespace std::chrono_literals;
using weir::Result;
using weir::Task;

Task<void> greet(http::Exchange& exchange) {
    for (const char letter : exchange.parameter("name")) {
        if (letter >= 'a' && letter <= 'z') continue;
        Result<void> sent = co_await exchange.respond_json(400, R"({"error":"a to z, please"})");
        static_cast<void>(sent);  // an error means that the client is gone
        co_return;
    }
    std::string json = R"({"hello":")" + std::string(exchange.parameter("name")) + "\"}";
    Result<void> sent = co_await exchange.respond_json(200, std::move(json));
    static_cast<void>(sent);
}

// A client that goes cancels this where it waits.
Task<void> count(http::Exchange& exchange) {
    http::Headers headers;
    headers.add("Content-Type", "text/event-stream");
    Result<void> sent = co_await exchange.begin(200, std::move(headers));
    for (int number = 1; number <= 3 && sent; ++number) {
        std::string event;
        static_cast<void>(http::write_sse_event(event, std::to_string(number)));
        sent = co_await exchange.write(event);
        co_await weir::sleep_for(10ms);
    }
    if (sent) sent = co_await exchange.end();
}

void log(const http::AccessRecord& record) {
    std::string line(record.method);
    line.append(" ").append(record.target).append(" ").append(std::to_string(record.status));
    std::fprintf(stderr, "%s\n", line.c_str());
}

Task<Result<void>> serve() {
    http::ServerOptions options;
    options.on_access(log).handler_limit(10s);
    Result<http::Server> server = http::Server::listen(weir::Endpoint::loopback(0), options);
    if (!server) co_return server.error();
    http::Router router;
    router.add("GET", "/greetings/{name}", greet).add("GET", "/numbers", count);

    std::printf("http://%s/\n", server->local_endpoint().to_string().c_str());
    std::fflush(stdout);
    co_return co_await http::serve_until_signal(*server, router.handler());
}

int main() {
    const Result<void> done = weir::run(serve());
    if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
