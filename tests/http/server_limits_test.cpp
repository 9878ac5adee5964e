// SPDX-License-Identifier: MIT
//
// What clients that are slow, greedy or rude are allowed, and what they are told.
#include <gtest/gtest.h>
#include <weir/http/server.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <tuple>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

Task<void> echo(Exchange& exchange) {
    std::string text = exchange.request().target + exchange.body();
    std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
}

Task<TcpStream> connect_and_send(std::string_view bytes) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    std::ignore = co_await stream->write_all(as_bytes(bytes));
    co_return std::move(stream).value();
}

// Sends `bytes` one by one with this pause between; the server may refuse half-way.
Task<void> drip(TcpStream& stream, std::string_view bytes, Duration pause) {
    for (const char byte : bytes) {
        Result<void> sent = co_await stream.write_all(as_bytes(std::string_view(&byte, 1)));
        if (!sent) co_return;
        co_await sleep_for(pause);
    }
}

TEST(HttpServerLimits, AHeadThatDripsIsRefused) {
    with_server(echo, ServerOptions().head_limit(5s), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send("");
        const Instant start = Reactor::current().now();
        std::string told;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const std::string head = "GET / HTTP/1.1\r\nX: " + std::string(1000, 'x');
            group.spawn(drip(stream, head, 500ms));
            told = co_await read_all(stream);
            EXPECT_LT(since(start), 6s);
            group.cancel();
        });
        EXPECT_TRUE(told.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << told;
        EXPECT_NE(told.find("Connection: close\r\n"), std::string::npos);
        EXPECT_EQ(server.requests(), 0u);
    });
}

TEST(HttpServerLimits, TheTimeOfAHeadBeginsWithItsFirstByte) {
    with_server(echo, ServerOptions().head_limit(5s), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE((co_await read_until(stream, "/a")).starts_with("HTTP/1.1 200 "));
            co_await sleep_for(20s);
            co_await drip(stream, kGet, 100ms);
        }
        EXPECT_EQ(server.requests(), 4u);
    });
}

TEST(HttpServerLimits, ABodyThatDripsIsRefused) {
    const auto options = ServerOptions().silence_limit(10s).body_rate_min(100);
    with_server(echo, options, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(
            "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
        const Instant start = Reactor::current().now();
        std::string told;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const std::string body(100'000, 'x');
            group.spawn(drip(stream, body, 20ms));  // 50 a second
            told = co_await read_all(stream);
            group.cancel();
        });
        EXPECT_TRUE(told.starts_with("HTTP/1.1 408 ")) << told;
        // It had 10 s, and one for each 100 bytes.
        EXPECT_GT(since(start), 18s);
        EXPECT_LT(since(start), 25s);
    });
}

TEST(HttpServerLimits, ABodyThatKeepsUpMayTakeLong) {
    const auto options = ServerOptions().silence_limit(10s).body_rate_min(100);
    with_server(echo, options, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(
            "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\nConnection: close\r\n\r\n");
        const Instant start = Reactor::current().now();
        co_await drip(stream, std::string(10'000, 'x'), 8ms);  // 125 a second
        EXPECT_GT(since(start), 70s);
        EXPECT_TRUE((co_await read_all(stream)).starts_with("HTTP/1.1 200 "));
    });
}

TEST(HttpServerLimits, AConnectionThatIsIdleIsClosedWithoutAWord) {
    with_server(echo, ServerOptions().silence_limit(5s), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        std::ignore = co_await read_until(stream, "/a");
        EXPECT_EQ(co_await read_all(stream), "");
        co_await sleep_for(100ms);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServerLimits, AHandlerThatTakesTooLongIsCancelledAndAnswered) {
    bool has_ended = false;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        if (exchange.request().target == "/z") co_return co_await echo(exchange);
        co_await sleep_for(1h);
        has_ended = true;
    };
    with_server(handler, ServerOptions().handler_limit(2s), [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        const Instant start = Reactor::current().now();
        EXPECT_TRUE((co_await read_until(stream, "long\n")).starts_with("HTTP/1.1 503 "));
        EXPECT_LT(since(start), 3s);
        // The connection is as good as before.
        std::ignore = co_await stream.write_all(
            as_bytes("GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
        EXPECT_TRUE((co_await read_all(stream)).ends_with("/z"));
    });
    EXPECT_FALSE(has_ended);
}

TEST(HttpServerLimits, AHandlerThatTakesTooLongInTheMidstOfItsAnswerIsCut) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.begin(200, Headers());
        std::ignore = co_await exchange.write("half");
        co_await sleep_for(1h);
    };
    with_server(handler, ServerOptions().handler_limit(2s), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        EXPECT_TRUE((co_await read_all(stream)).ends_with("4\r\nhalf\r\n"));
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServerLimits, AConnectionHasSoManyAnswers) {
    with_server(echo, ServerOptions().requests_per_connection_max(2), [](Server&) -> Task<void> {
        TcpStream stream =
            co_await connect_and_send(std::string(kGet) + std::string(kGet) + std::string(kGet));
        const std::string all = without_dates(co_await read_all(stream));
        EXPECT_EQ(all,
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/a"
                  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n/a");
    });
}

TEST(HttpServerLimits, AnAnswerIsNotLostToWhatTheClientSendsBehindItsLastRequest) {
    with_server(echo, [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(
            "GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + std::string(50'000, 'x'));
        co_await sleep_for(1s);
        EXPECT_TRUE((co_await read_all(stream)).ends_with("/z"));
        co_await sleep_for(5s);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServerLimits, IsNoProxy) {
    with_server(echo, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n");
        const std::string told = co_await read_all(stream);
        EXPECT_TRUE(told.starts_with("HTTP/1.1 501 ")) << told;
        EXPECT_NE(told.find("Connection: close\r\n"), std::string::npos);
    });
}

TEST(HttpServerLimits, AsksForNoBodyThatIsOnItsWayOrEmpty) {
    with_server(echo, [](Server&) -> Task<void> {
        for (const char* rest : {"Content-Length: 2\r\n\r\nok", "Content-Length: 0\r\n\r\n", "\r\n",
                                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
            TcpStream stream = co_await connect_and_send(
                "PUT /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\n" +
                std::string(rest));
            EXPECT_TRUE((co_await read_all(stream)).starts_with("HTTP/1.1 200 ")) << rest;
        }
    });
}

TEST(HttpServerLimits, AsksForNoBodyThatIsTooLarge) {
    ParserLimits limits;
    limits.body_bytes = 10;
    with_server(echo, ServerOptions().limits(limits), [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(
            "PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
        EXPECT_TRUE((co_await read_all(stream)).starts_with("HTTP/1.1 413 "));
    });
}

}  // namespace
