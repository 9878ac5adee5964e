// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/http/wire/masked_head.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

class Log final : public ClientObserver {
public:
    void on_request(Request& request) override {
        request.headers().set("traceparent", "trace-" + std::to_string(++requests));
        lines.push_back(masked_head(request));
    }
    void on_answer(const Request& request, const ResponseHead& head,
                   const RequestTimes& times) override {
        lines.push_back(request.url().path_and_query() + " " + std::to_string(head.status));
        last = times;
    }
    void on_failure(const Request& request, const Error& error,
                    const RequestTimes& times) override {
        lines.push_back(request.url().path_and_query() + " " + error.message());
        last = times;
    }

    std::vector<std::string> lines;
    RequestTimes last;
    int requests = 0;
};

Task<void> tell_the_trace(Exchange& exchange) {
    co_await sleep_for(100ms);
    Headers headers;
    int status = 200;
    if (exchange.request().target == "/moved") {
        headers.add("Location", "/here");
        status = 307;
    }
    std::string trace(exchange.request().headers.get("traceparent").value_or("-"));
    Result<void> sent = co_await exchange.respond(status, std::move(headers), std::move(trace));
    static_cast<void>(sent);
}

TEST(ClientObserver, AddsFieldsAndSeesEachHop) {
    with_server(tell_the_trace, [](Server&) -> Task<void> {
        Log log;
        Client client(ClientOptions().follow_redirects().observer(log));
        Request request("GET", url("/moved"));
        request.header("Authorization", "secret");
        Result<Response> answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer.value().body, "trace-2");
        const std::vector<std::string> expected = {
            "GET http://localhost:8080/moved\nAuthorization: ***\ntraceparent: trace-1\n",
            "/moved 307",
            "GET http://localhost:8080/here\nAuthorization: ***\ntraceparent: trace-2\n",
            "/here 200"};
        EXPECT_EQ(log.lines, expected);
    });
}

TEST(ClientObserver, TellsTheTimesOfEachPhase) {
    with_server(tell_the_trace, [](Server&) -> Task<void> {
        Log log;
        Client client(ClientOptions().observer(log));
        const Instant start = Reactor::current().now();
        std::ignore = co_await client.send(Request("GET", url("/")));
        EXPECT_EQ(log.last.begun, start);
        EXPECT_TRUE(log.last.connected);
        EXPECT_GT(log.last.connected.value_or(start), start);
        EXPECT_GE(log.last.answered - log.last.connected.value_or(start), 100ms);

        std::ignore = co_await client.send(Request("GET", url("/")));
        EXPECT_FALSE(log.last.connected);
        EXPECT_GE(log.last.answered - log.last.begun, 100ms);
    });
}

TEST(ClientObserver, HearsOfFailures) {
    with_server(tell_the_trace, [](Server&) -> Task<void> {
        Log log;
        Client client(ClientOptions().observer(log).first_byte_limit(50ms));
        std::ignore = co_await client.send(Request("GET", url("/late")));
        EXPECT_EQ(log.lines.back(),
                  "/late http://localhost:8080: waited 0.05 s for any answer, the limit");
        std::ignore = co_await client.send(Request("GET", url("/gone", "http://localhost:1")));
        EXPECT_TRUE(log.lines.back().starts_with("/gone ")) << log.lines.back();
        EXPECT_FALSE(log.last.connected);
    });
}

}  // namespace
