// SPDX-License-Identifier: MIT
//
// Bodies of requests that their handlers read, piece by piece.
#include <gtest/gtest.h>
#include <weir/http/router.h>
#include <weir/http/server.h>
#include <weir/http/wire/error.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kLast = "GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
constexpr std::string_view kPut = "PUT / HTTP/1.1\r\nHost: h\r\n";

std::string put(std::string_view fields, std::string_view body) {
    return std::string(kPut) + std::string(fields) + "\r\n\r\n" + std::string(body);
}

std::string put_sized(std::size_t length, std::string_view body) {
    return put("Content-Length: " + std::to_string(length), body);
}

ServerOptions streaming() {
    return ServerOptions().stream_bodies();
}

Task<TcpStream> connect_and_send(std::string bytes) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    std::ignore = co_await stream->write_all(as_bytes(bytes));
    co_return std::move(stream).value();
}

Task<std::string> say(std::string bytes) {
    TcpStream stream = co_await connect_and_send(std::move(bytes));
    co_return without_dates(co_await read_all(stream));
}

std::string answer(std::string_view body, std::string_view fields = "") {
    return "HTTP/1.1 200 OK\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

const std::string kLastAnswer = answer("", "Connection: close\r\n");

// Reads all, and answers with it, each piece in brackets.
Task<void> echo_pieces(Exchange& exchange) {
    std::string text;
    for (;;) {
        Result<Bytes> piece = co_await exchange.read_body();
        if (!piece) co_return;
        if (piece->empty()) break;
        text.append("[").append(as_text(*piece)).append("]");
    }
    std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
}

// Reads nothing.
Task<void> accept(Exchange& exchange) {
    std::ignore = co_await exchange.respond(200, Headers(), "");
}

TEST(HttpServerBody, ComesPieceByPieceAsItIsSent) {
    with_server(echo_pieces, streaming(), [](Server&) -> Task<void> {
        TcpStream sized = co_await connect_and_send(put_sized(5, "ab"));
        co_await sleep_for(1s);
        std::ignore = co_await sized.write_all(as_bytes("cde" + std::string(kLast)));
        EXPECT_EQ(without_dates(co_await read_all(sized)), answer("[ab][cde]") + kLastAnswer);

        TcpStream chunked =
            co_await connect_and_send(put("Transfer-Encoding: chunked", "2\r\nab\r\n3\r\nc"));
        co_await sleep_for(1s);
        std::ignore = co_await chunked.write_all(as_bytes("de\r\n0\r\n\r\n" + std::string(kLast)));
        EXPECT_EQ(without_dates(co_await read_all(chunked)), answer("[ab][c][de]") + kLastAnswer);
    });
}

TEST(HttpServerBody, ComesAsAWholeWhereBodiesAreNotStreamed) {
    with_server(echo_pieces, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(put_sized(5, "ab"));
        co_await sleep_for(1s);
        std::ignore = co_await stream.write_all(as_bytes("cde" + std::string(kLast)));
        EXPECT_EQ(without_dates(co_await read_all(stream)), answer("[abcde]") + kLastAnswer);
    });
}

TEST(HttpServerBody, IsSentNoFasterThanItIsRead) {
    constexpr std::size_t kSize = 20'000'000;
    std::size_t received = 0;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        co_await sleep_for(10s);
        for (;;) {
            Result<Bytes> piece = co_await exchange.read_body();
            if (!piece || piece->empty()) break;
            received += piece->size();
        }
        co_await accept(exchange);
    };
    with_server(handler, streaming(), [&](Server&) -> Task<void> {
        const Instant start = Reactor::current().now();
        TcpStream stream = co_await connect_and_send(put_sized(kSize, std::string(kSize, 'x')));
        EXPECT_GE(since(start), 10s);
        EXPECT_TRUE((co_await read_until(stream, "\r\n\r\n")).starts_with("HTTP/1.1 200 "));
        EXPECT_EQ(received, kSize);
    });
}

TEST(HttpServerBody, CanBeAnsweredWhileItIsRead) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.begin(200, Headers());
        for (;;) {
            Result<Bytes> piece = co_await exchange.read_body();
            if (!piece || piece->empty()) break;
            std::ignore = co_await exchange.write(as_text(*piece));
        }
        std::ignore = co_await exchange.end();
    };
    with_server(handler, streaming(), [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(put_sized(100'005, "first"));
        EXPECT_TRUE((co_await read_until(stream, "first")).ends_with("\r\n\r\n5\r\nfirst\r\n"));
        std::ignore = co_await stream.write_all(as_bytes(std::string(100'000, 'x')));
        std::ignore = co_await stream.write_all(as_bytes(kLast));
        const std::string told = co_await read_until(stream, "HTTP/1.1 200");
        EXPECT_GT(told.size(), 100'000u);
        EXPECT_NE(told.find("0\r\n\r\nHTTP/1.1 200"), std::string::npos);
    });
}

TEST(HttpServerBody, ThatIsHeldBackIsAskedForAtTheFirstRead) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        co_await sleep_for(2s);
        co_await echo_pieces(exchange);
    };
    with_server(handler, streaming(), [](Server&) -> Task<void> {
        const Instant start = Reactor::current().now();
        TcpStream stream =
            co_await connect_and_send(put("Expect: 100-continue\r\nContent-Length: 2", ""));
        EXPECT_EQ(co_await read_until(stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_GE(since(start), 2s);
        std::ignore = co_await stream.write_all(as_bytes("ok" + std::string(kLast)));
        EXPECT_EQ(without_dates(co_await read_all(stream)), answer("[ok]") + kLastAnswer);
    });
}

// Whether the body comes after all is not known: the connection cannot be used again.
TEST(HttpServerBody, ThatIsHeldBackAndNotReadIsNotAskedFor) {
    with_server(accept, streaming(), [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say(put("Expect: 100-continue\r\nContent-Length: 2", "")), kLastAnswer);
        EXPECT_EQ(
            co_await say(put("Expect: 100-continue\r\nContent-Length: 0", "") + std::string(kLast)),
            answer("") + kLastAnswer);
    });
}

TEST(HttpServerBody, ThatIsNotReadIsPassedOverIfItIsLittle) {
    with_server(accept, streaming(), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(put_sized(60'000, std::string(50'000, 'x')));
        EXPECT_EQ(without_dates(co_await read_until(stream, "\r\n\r\n")), answer(""));
        co_await sleep_for(1s);
        std::ignore = co_await stream.write_all(as_bytes(
            std::string(10'000, 'x') + put("Transfer-Encoding: chunked", "2\r\nab\r\n0\r\n\r\n") +
            std::string(kLast)));
        EXPECT_EQ(without_dates(co_await read_all(stream)), answer("") + kLastAnswer);
        EXPECT_EQ(server.requests(), 3u);
    });
}

TEST(HttpServerBody, ThatIsNotReadAndLargeClosesTheConnection) {
    with_server(accept, streaming(), [](Server& server) -> Task<void> {
        EXPECT_EQ(co_await say(put_sized(100'000, "x")), kLastAnswer);
        const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
        EXPECT_EQ(
            co_await say(put("Transfer-Encoding: chunked", chunk + chunk) + std::string(kLast)),
            answer(""));
        // Nor is it waited for long.
        const Instant start = Reactor::current().now();
        EXPECT_EQ(co_await say(put_sized(10, "x")), answer(""));
        EXPECT_LT(since(start), 5s);
        EXPECT_EQ(server.requests(), 3u);
    });
}

TEST(HttpServerBody, ThatCannotBeReadIsAnErrorOfTheHandlerAndThenARefusal) {
    ParserLimits limits;
    limits.body_bytes = 5;
    std::vector<std::string> seen;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        for (;;) {
            Result<Bytes> piece = co_await exchange.read_body();
            if (!piece) {
                const Result<Bytes> again = co_await exchange.read_body();
                EXPECT_EQ(again.error().message(), piece.error().message());
                seen.push_back(piece.error().message());
                co_return;
            }
            if (piece->empty()) break;
        }
        co_await accept(exchange);
    };
    const auto options = streaming().limits(limits).silence_limit(5s);
    with_server(handler, options, [&](Server&) -> Task<void> {
        const auto refusal = [](std::string bytes) -> Task<std::string> {
            std::string told = co_await say(std::move(bytes));
            EXPECT_NE(told.find("\r\nConnection: close\r\n"), std::string::npos);
            co_return told.substr(0, 12);
        };
        EXPECT_EQ(co_await refusal(put("Transfer-Encoding: chunked", "2\r\nabc\r\n")),
                  "HTTP/1.1 400");
        EXPECT_EQ(co_await refusal(put("Transfer-Encoding: chunked", "6\r\nabcdef\r\n")),
                  "HTTP/1.1 413");
        EXPECT_EQ(co_await refusal(put_sized(2, "a")), "HTTP/1.1 408");
        EXPECT_EQ(co_await refusal(put_sized(6, "a")), "HTTP/1.1 413");
        TcpStream gone = co_await connect_and_send(put_sized(2, "a"));
        co_await sleep_for(1s);
        gone.close();
        co_await sleep_for(1s);
    });
    ASSERT_EQ(seen.size(), 4u);  // one was refused before
    EXPECT_EQ(seen[1], "the body is larger than the limit set for it");
    EXPECT_EQ(seen[3], "the connection closed 1 bytes before the end of the body");
}

TEST(HttpServerBody, ThatDripsIsRefused) {
    const auto options = streaming().silence_limit(10s).body_rate_min(100);
    with_server(echo_pieces, options, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(put_sized(100'000, ""));
        const Instant start = Reactor::current().now();
        std::string told;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto drip = [&]() -> Task<void> {
                while (co_await stream.write_all(as_bytes("x")))
                    co_await sleep_for(20ms);  // 50 a second
            };
            group.spawn(drip());
            told = co_await read_all(stream);
            group.cancel();
        });
        EXPECT_TRUE(told.starts_with("HTTP/1.1 408 ")) << told;
        EXPECT_GT(since(start), 18s);
        EXPECT_LT(since(start), 25s);
    });
}

TEST(HttpServerBody, HasThePaceOfItsClientAndNotOfItsHandler) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.read_body();
        co_await sleep_for(60s);
        co_await echo_pieces(exchange);
    };
    const auto options = streaming().silence_limit(10s).body_rate_min(100);
    with_server(handler, options, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(put_sized(2, "a"));
        co_await sleep_for(65s);
        std::ignore = co_await stream.write_all(as_bytes("b" + std::string(kLast)));
        EXPECT_TRUE((co_await read_until(stream, "[b]")).starts_with("HTTP/1.1 200 "));
    });
}

TEST(HttpServerBody, IsGatheredWithinABound) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        Result<void> whole = co_await exchange.gather_body(5);
        if (!whole) co_return;
        std::string text = exchange.body();
        const Result<Bytes> again = co_await exchange.read_body();
        EXPECT_EQ(as_text(again.value()), text);
        std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
    };
    with_server(handler, streaming(), [](Server&) -> Task<void> {
        EXPECT_EQ(co_await say(put_sized(5, "abcde") + std::string(kLast)),
                  answer("abcde") + kLastAnswer);
        // Before it is sent, where its length is told.
        std::string told = co_await say(put("Expect: 100-continue\r\nContent-Length: 6", ""));
        EXPECT_TRUE(told.starts_with("HTTP/1.1 413 ")) << told;
        EXPECT_TRUE(told.ends_with("the request's body is larger than 5 bytes, the limit here\n"));
        told = co_await say(put("Transfer-Encoding: chunked", "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"));
        EXPECT_TRUE(told.starts_with("HTTP/1.1 413 ")) << told;
    });
}

TEST(HttpServerBody, EndsBeforeTheClientIsWatched) {
    std::vector<std::string> log;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        const bool is_read_first = exchange.path() == "/read-first";
        Result<Bytes> piece = co_await exchange.read_body();
        if (is_read_first) piece = co_await exchange.read_body();
        co_await sleep_for(10s);
        log.push_back("waited");
        piece = co_await exchange.read_body();
        log.push_back(piece ? "read" : piece.error().message());
    };
    with_server(handler, streaming(), [&](Server&) -> Task<void> {
        for (const char* path : {"/read-first", "/"}) {
            TcpStream stream = co_await connect_and_send(
                "PUT " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na");
            co_await sleep_for(1s);
            if (path == std::string_view("/read-first")) {
                std::ignore = co_await stream.write_all(as_bytes("b"));
            }
            co_await sleep_for(1s);
            stream.close();
            co_await sleep_for(20s);
            log.emplace_back("|");
        }
    });
    const std::vector<std::string> expected = {
        "|", "waited", "the connection closed 1 bytes before the end of the body", "|"};
    EXPECT_EQ(log, expected);
}

TEST(HttpServerBody, IsCutWithItsHandlerAtTheLimitOfTime) {
    const auto options = streaming().handler_limit(5s);
    with_server(echo_pieces, options, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(put_sized(3, "a"));
        const std::string told = co_await read_until(stream, "too long\n");
        EXPECT_TRUE(told.starts_with("HTTP/1.1 503 ")) << told;
        std::ignore = co_await stream.write_all(as_bytes("bc" + std::string(kLast)));
        EXPECT_EQ(without_dates(co_await read_all(stream)), kLastAnswer);
    });
}

TEST(HttpServerBody, IsToldToTheLogByItsError) {
    std::vector<std::string> lines;
    const auto options = streaming().silence_limit(5s).on_access([&](const AccessRecord& record) {
        lines.push_back(std::string(record.method) + " " + std::to_string(record.status) + " " +
                        (record.error == nullptr ? "" : record.error->message()));
    });
    with_server(echo_pieces, options, [](Server&) -> Task<void> {
        std::ignore = co_await say(put("Transfer-Encoding: chunked", "x\r\n"));
        std::ignore = co_await say(put_sized(1, "a") + std::string(kLast));
        TcpStream gone = co_await connect_and_send(put_sized(2, "a"));
        gone.close();
        co_await sleep_for(1s);
    });
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_TRUE(lines[0].starts_with("PUT 400 ")) << lines[0];
    EXPECT_GT(lines[0].size(), 10u);
    EXPECT_EQ(lines[1], "PUT 200 ");
    EXPECT_EQ(lines[2], "GET 200 ");
    EXPECT_EQ(lines[3], "PUT 0 the connection closed 1 bytes before the end of the body");
}

TEST(HttpServerBody, IsGatheredByARouterUnlessItsRouteReadsIt) {
    Router router;
    const auto whole = [](Exchange& exchange) -> Task<void> {
        std::string text = "whole " + exchange.body();
        std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
    };
    router.add("PUT", "/whole", whole);
    router.add_streamed("PUT", "/pieces", echo_pieces);
    with_server(router.handler(), streaming(), [](Server&) -> Task<void> {
        const auto told = [](std::string path) -> Task<std::string> {
            TcpStream stream = co_await connect_and_send(
                "PUT " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
            co_await sleep_for(1s);
            std::ignore = co_await stream.write_all(as_bytes("cd" + std::string(kLast)));
            const std::string all = co_await read_all(stream);
            const std::size_t begin = all.find("\r\n\r\n") + 4;
            co_return all.substr(begin, all.find("HTTP/1.1", begin) - begin);
        };
        EXPECT_EQ(co_await told("/whole"), "whole abcd");
        EXPECT_EQ(co_await told("/pieces"), "[ab][cd]");
        EXPECT_EQ(co_await told("/none"), "Not Found\n");
        const std::string refused = co_await say(
            "PUT /none HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        EXPECT_TRUE(refused.starts_with("HTTP/1.1 404 ")) << refused;
        const std::string cut =
            co_await say("PUT /whole HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx");
        EXPECT_TRUE(cut.starts_with("HTTP/1.1 400 ")) << cut;
    });
}

}  // namespace
