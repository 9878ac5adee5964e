// SPDX-License-Identifier: MIT
#include <weir/http/server.h>

#include <gtest/gtest.h>
#include <weir/http/wire/response_writer.h>

#include "tests/http/world.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<ServerOptions> && !std::is_aggregate_v<Exchange>);

Task<void> echo(Exchange& exchange) {
    std::string text = exchange.request().target + exchange.body();
    std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
}

std::string answer(std::string_view body, std::string_view fields = "") {
    return "HTTP/1.1 200 OK\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// All that the server says to these bytes until it closes the connection.
Task<std::string> say(std::string bytes) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    // Refused half-way is no failure of the test: the answer tells.
    std::ignore = co_await stream->write_all(as_bytes(bytes));
    co_return without_dates(co_await read_all(*stream));
}

constexpr const char* kLast = "GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

TEST(HttpServer, ListensWhereItWasTold) {
    alone([]() -> Task<void> {
        Result<Server> first = Server::listen(Endpoint::loopback(kPort));
        EXPECT_EQ(first->local_endpoint(), Endpoint::loopback(kPort));
        Result<Server> second = Server::listen(Endpoint::loopback(kPort));
        EXPECT_EQ(second.error(), std::errc::address_in_use);
        EXPECT_NE(second.error().message().find("127.0.0.1:8080"), std::string::npos);
        co_return;
    });
}

TEST(HttpServer, AnswersRequestsOfOneConnectionInOrder) {
    with_server(echo, [](Server& server) -> Task<void> {
        // All at once: the second and third are read before the first is answered.
        const std::string pipelined =
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n-be"
            "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
        EXPECT_EQ(co_await say(pipelined + kLast),
                  answer("/a-be") + answer("/b") + answer("/z", "Connection: close\r\n"));
        EXPECT_EQ(server.requests(), 3u);
    });
}

TEST(HttpServer, TakesARequestInPieces) {
    with_server(echo, [](Server&) -> Task<void> {
        Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
        for (const char byte : std::string_view(kLast)) {
            std::ignore = co_await stream->write_all(as_bytes(std::string_view(&byte, 1)));
            co_await sleep_for(1ms);
        }
        EXPECT_EQ(without_dates(co_await read_all(*stream)), answer("/z", "Connection: close\r\n"));
    });
}

TEST(HttpServer, SaysWhatIsWrongWithARequest) {
    ParserLimits limits;
    limits.body_bytes = 100;
    limits.head_bytes = 200;
    with_server(echo, ServerOptions().limits(limits), [](Server& server) -> Task<void> {
        const std::string malformed = co_await say("GET / HTTP/1.1\r\nHost : h\r\n\r\n");
        EXPECT_TRUE(malformed.starts_with("HTTP/1.1 400 ")) << malformed;
        EXPECT_NE(malformed.find("Connection: close\r\n"), std::string::npos);
        const std::string large = co_await say(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
        EXPECT_TRUE(large.starts_with("HTTP/1.1 413 ")) << large;
        const std::string long_head =
            co_await say("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(1000, 'a') + "\r\n\r\n");
        EXPECT_TRUE(long_head.starts_with("HTTP/1.1 431 ")) << long_head;
        const std::string long_target = co_await say("GET /" + std::string(1000, 'a'));
        EXPECT_TRUE(long_target.starts_with("HTTP/1.1 414 ")) << long_target;
        const std::string expecting =
            co_await say("GET / HTTP/1.1\r\nHost: h\r\nExpect: a\r\n\r\n");
        EXPECT_TRUE(expecting.starts_with("HTTP/1.1 417 ")) << expecting;
        const std::string http2 = co_await say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        EXPECT_TRUE(http2.starts_with("HTTP/1.1 505 ")) << http2;
        EXPECT_EQ(server.requests(), 0u);
    });
}

// Were it closed with bytes unread, the refusal would be lost to a reset.
TEST(HttpServer, RefusesALargeBodySoThatTheClientHearsIt) {
    ParserLimits limits;
    limits.body_bytes = 100;
    with_server(echo, ServerOptions().limits(limits), [](Server& server) -> Task<void> {
        const auto talk = []() -> Task<std::string> {
            Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
            std::string request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
            request += std::string(1'000'000, 'x');
            EXPECT_TRUE((co_await stream->write_all(as_bytes(request))).has_value());
            co_return co_await read_until(*stream, "\r\n\r\n");
        };
        const std::string refusal = co_await talk();
        EXPECT_TRUE(refusal.starts_with("HTTP/1.1 413 ")) << refusal;
        co_await sleep_for(1s);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServer, MakesAHandlersExceptionA500) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        if (exchange.request().target == "/throw") throw std::runtime_error("bug");
        if (exchange.request().target == "/forget") co_return;
        co_await echo(exchange);
    };
    with_server(handler, [](Server&) -> Task<void> {
        for (const char* path : {"/throw", "/forget"}) {
            const std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
            const std::string told = co_await say(request + kLast);
            EXPECT_TRUE(told.starts_with("HTTP/1.1 500 ")) << told;
            EXPECT_TRUE(told.ends_with(answer("/z", "Connection: close\r\n"))) << told;
        }
    });
}

TEST(HttpServer, CutsAnAnswerWhoseHandlerThrowsInTheMidst) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.begin(200, Headers());
        std::ignore = co_await exchange.write("half");
        throw std::runtime_error("bug");
    };
    with_server(handler, [](Server&) -> Task<void> {
        const std::string told = co_await say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_TRUE(told.ends_with("4\r\nhalf\r\n")) << told;
    });
}

TEST(HttpServer, AsksForABodyThatIsHeldBack) {
    with_server(echo, [](Server&) -> Task<void> {
        Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
        const std::string head =
            "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
            "Connection: close\r\n\r\n";
        std::ignore = co_await stream->write_all(as_bytes(head));
        EXPECT_EQ(co_await read_until(*stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        std::ignore = co_await stream->write_all(as_bytes("ok"));
        EXPECT_EQ(without_dates(co_await read_all(*stream)),
                  answer("/pok", "Connection: close\r\n"));
    });
}

TEST(HttpServer, LetsGoOfAConnectionThatFallsSilent) {
    with_server(echo, ServerOptions().silence_limit(5s), [](Server& server) -> Task<void> {
        Result<TcpStream> idle = co_await TcpStream::connect(Endpoint::loopback(kPort));
        Result<TcpStream> slow = co_await TcpStream::connect(Endpoint::loopback(kPort));
        std::ignore = co_await slow->write_all(as_bytes("GET / HT"));
        co_await sleep_for(4s);
        EXPECT_EQ(server.connections(), 2u);
        const Instant start = Reactor::current().now();
        EXPECT_EQ(co_await read_all(*idle), "");
        EXPECT_TRUE((co_await read_all(*slow)).starts_with("HTTP/1.1 408 "));
        EXPECT_LT(since(start), 2s);
        slow->close();
        co_await sleep_for(100ms);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServer, ServesManyConnectionsAtOnceAndEndsWithAllOfThem) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        co_await sleep_for(10s);
        co_await echo(exchange);
    };
    with_server(handler, [](Server& server) -> Task<void> {
        std::vector<TcpStream> streams;
        for (int i = 0; i < 100; ++i) {
            Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
            std::ignore = co_await stream->write_all(as_bytes(kLast));
            streams.push_back(*std::move(stream));
        }
        const Instant start = Reactor::current().now();
        for (int i = 0; i < 50; ++i) {
            EXPECT_EQ(without_dates(co_await read_all(streams[static_cast<std::size_t>(i)])),
                      answer("/z", "Connection: close\r\n"));
        }
        EXPECT_LT(since(start), 11s);
        // The server is cancelled while the clients of another fifty are still there.
        for (int i = 0; i < 50; ++i) {
            Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
            std::ignore = co_await stream->write_all(as_bytes(kLast));
            streams.push_back(*std::move(stream));
        }
        co_await sleep_for(1s);
        EXPECT_EQ(server.connections(), 50u);
    });
}

}  // namespace
