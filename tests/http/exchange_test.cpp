// SPDX-License-Identifier: MIT
//
// What a handler can ask of its request, and how its answers go out.
#include <gtest/gtest.h>
#include <weir/http/server.h>
#include <weir/http/wire/date.h>
#include <weir/http/wire/error.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <tuple>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kLast = "GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

// All that the server says to these bytes until it closes the connection.
Task<std::string> say(std::string bytes) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    std::ignore = co_await stream->write_all(as_bytes(bytes));
    co_return co_await read_all(*stream);
}

Task<std::string> say_undated(std::string bytes) {
    std::string told = co_await say(std::move(bytes));
    co_return without_dates(std::move(told));
}

TEST(HttpExchange, TellsPathQueryAndHost) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::string text(exchange.path());
        text += "|" + exchange.query("a").value_or("none") + "|" + std::string(exchange.host());
        std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
    };
    with_server(handler, [](Server&) -> Task<void> {
        std::string told = co_await say(
            "GET /p%20q?b=1&a=x+%26&a=2 HTTP/1.1\r\nHost: h:8080\r\n\r\n" + std::string(kLast));
        EXPECT_NE(told.find("\r\n\r\n/p%20q|x &|h:8080HTTP/1.1"), std::string::npos) << told;
        EXPECT_TRUE(told.ends_with("/z|none|h")) << told;
        told = co_await say("GET http://other/p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(told.ends_with("/p|none|other")) << told;
        told = co_await say("GET / HTTP/1.0\r\n\r\n");
        EXPECT_TRUE(told.ends_with("/|none|")) << told;
    });
}

TEST(HttpExchange, DatesEachAnswer) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        Headers headers;
        if (exchange.path() == "/mine") headers.add("Date", "mine");
        std::ignore = co_await exchange.respond(200, std::move(headers), "");
    };
    with_server(handler, [](Server&) -> Task<void> {
        // The simulated world's own time, so that a seed sends the same bytes again.
        const auto date = [] {
            const auto now = Reactor::current().now().time_since_epoch();
            return "\r\nDate: " + http_date(now / 1s) + "\r\n";
        };
        const std::string first = co_await say(std::string(kLast));
        EXPECT_NE(first.find(date()), std::string::npos) << first;
        co_await sleep_for(24h + 65s);
        const std::string later = co_await say(std::string(kLast));
        EXPECT_NE(later.find(date()), std::string::npos) << later;
        const std::string bad = co_await say("GET\r\n\r\n");
        EXPECT_NE(bad.find("\r\nDate: Fri, 02 Jan 1970 "), std::string::npos) << bad;
        const std::string mine =
            co_await say("GET /mine HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        EXPECT_NE(mine.find("\r\nDate: mine\r\n"), std::string::npos);
        EXPECT_EQ(mine.find("Date"), mine.rfind("Date"));
    });
}

TEST(HttpExchange, RespondsWithJson) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.respond_json(201, "{}");
    };
    with_server(handler, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated(std::string(kLast)),
                  "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n"
                  "Content-Length: 2\r\n\r\n{}");
    });
}

Task<void> stream_two(Exchange& exchange) {
    std::ignore = co_await exchange.begin(200, Headers());
    std::ignore = co_await exchange.write("one");
    std::ignore = co_await exchange.write("");
    std::ignore = co_await exchange.write("two");
    std::ignore = co_await exchange.end();
}

TEST(HttpExchange, StreamsInChunks) {
    with_server(stream_two, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated(std::string(kLast)),
                  "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    });
}

TEST(HttpExchange, StreamsEvents) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        Headers headers;
        if (exchange.path() == "/mine") headers.add("cache-control", "no-store");
        std::ignore = co_await exchange.begin_events(std::move(headers));
        std::ignore = co_await exchange.write_event("one\ntwo", "kind", "7");
        Result<void> sent = co_await exchange.write_event("x", "a\nb");
        EXPECT_EQ(sent.error(), HttpErrc::bad_request);
        std::ignore = co_await exchange.write_event_comment();
        std::ignore = co_await exchange.end();
    };
    with_server(handler, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated(std::string(kLast)),
                  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                  "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\nConnection: close\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n"
                  "27\r\nevent: kind\nid: 7\ndata: one\ndata: two\n\n\r\n"
                  "3\r\n:\n\n\r\n0\r\n\r\n");
        const std::string mine =
            co_await say_undated("GET /mine HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        EXPECT_NE(mine.find("\r\ncache-control: no-store\r\n"), std::string::npos) << mine;
        EXPECT_EQ(mine.find("no-cache"), std::string::npos) << mine;
    });
}

TEST(HttpExchange, StreamsToAnOldClientUntilItCloses) {
    with_server(stream_two, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo");
    });
}

TEST(HttpExchange, SendsNoBodyToHead) {
    with_server(stream_two, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kLast)),
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    });
}

TEST(HttpExchange, TellsAnOldClientThatItsConnectionIsKept) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.respond(200, Headers(), "x");
    };
    with_server(handler, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                                       "GET / HTTP/1.0\r\n\r\n"),
                  "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"
                  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
    });
}

TEST(HttpExchange, StreamsABodyOfAKnownLength) {
    std::string refused;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.begin(200, Headers(), 6);
        std::ignore = co_await exchange.write("one");
        Result<void> too_long = co_await exchange.write("four");
        refused = too_long.error().message();
        std::ignore = co_await exchange.write("two");
        EXPECT_TRUE((co_await exchange.end()).has_value());
    };
    with_server(handler, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kLast)),
                  "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nonetwo"
                  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nonetwo");
    });
    EXPECT_NE(refused.find("3 bytes are left, not 4"), std::string::npos) << refused;
}

TEST(HttpExchange, CutsABodyThatIsShorterThanItsLength) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.begin(200, Headers(), 6);
        std::ignore = co_await exchange.write("one");
        EXPECT_EQ((co_await exchange.end()).error(), HttpErrc::bad_request);
    };
    with_server(handler, [](Server& server) -> Task<void> {
        EXPECT_EQ(co_await say_undated("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kLast)),
                  "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
        EXPECT_EQ(server.requests(), 1u);
    });
}

TEST(HttpExchange, ClosesWhereTheHandlersFieldsSaySo) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        Headers headers;
        headers.add("Connection", "close");
        std::ignore = co_await exchange.respond(200, std::move(headers), "x");
    };
    with_server(handler, [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say_undated("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kLast)),
                  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
    });
}

TEST(HttpExchange, AnswersInPlaceOfAnAnswerThatCannotBeSent) {
    Result<void> sent;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        Headers headers;
        headers.add("X", "a\r\nSet-Cookie: b");
        sent = co_await exchange.respond(200, std::move(headers), "x");
    };
    with_server(handler, [](Server&) -> Task<void> {
        const std::string told = co_await say(std::string(kLast));
        EXPECT_TRUE(told.starts_with("HTTP/1.1 500 ")) << told;
        EXPECT_EQ(told.find("Set-Cookie"), std::string::npos);
    });
    EXPECT_EQ(sent.error(), HttpErrc::bad_request);
}

TEST(HttpExchange, CutsAClientThatReadsTooSlowly) {
    Result<void> sent;
    Duration took{};
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        const Instant start = Reactor::current().now();
        sent = co_await exchange.respond(200, Headers(), std::string(4'000'000, 'x'));
        took = since(start);
    };
    with_server(handler, ServerOptions().write_limit(5s), [](Server& server) -> Task<void> {
        Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
        std::ignore = co_await stream->write_all(as_bytes(kLast));
        co_await sleep_for(10s);
        EXPECT_EQ(server.connections(), 0u);
        EXPECT_LT((co_await read_all(*stream)).size(), 4'000'000u);
    });
    EXPECT_EQ(sent.error(), Error::timed_out);
    EXPECT_LT(took, 6s);
}

TEST(HttpExchange, LetsASlowClientTakeItsTimeForALargeAnswer) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        EXPECT_TRUE(
            (co_await exchange.respond(200, Headers(), std::string(1'000'000, 'x'))).has_value());
    };
    with_server(handler, ServerOptions().write_limit(5s), [](Server&) -> Task<void> {
        Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
        std::ignore = co_await stream->write_all(as_bytes(kLast));
        std::size_t received = 0;
        const Instant start = Reactor::current().now();
        for (;;) {
            Result<Lease> lease = co_await stream->read();
            if (!lease || lease->empty()) break;
            received += lease->size();
            co_await sleep_for(100ms);
        }
        EXPECT_GT(received, 1'000'000u);
        EXPECT_GT(since(start), 20s);
    });
}

}  // namespace
