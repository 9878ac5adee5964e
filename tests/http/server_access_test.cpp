// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/http/server.h>

#include "tests/http/world.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

std::string as_line(const AccessRecord& record) {
    std::string line(record.method);
    line.append(" ").append(record.target).append(" ").append(std::to_string(record.status));
    line +=
        " " + std::to_string(record.body_bytes) + " " + std::to_string(record.duration / 1s) + "s";
    if (!record.is_complete) line += " cut";
    if (record.exception) line += " threw";
    return line + (record.client && record.client->port() != 0 ? " known" : " unknown");
}

TEST(HttpServerAccess, TellsHowEachRequestEnded) {
    std::vector<std::string> lines;
    const auto handler = [](Exchange& exchange) -> Task<void> {
        const std::string_view path = exchange.path();
        if (path == "/throw") throw std::runtime_error("bug");
        co_await sleep_for(2s);
        if (path == "/cut") {
            std::ignore = co_await exchange.begin(200, Headers());
            std::ignore = co_await exchange.write("half");
            co_return;
        }
        std::ignore = co_await exchange.respond(201, Headers(), "hello");
    };
    const auto options = ServerOptions().on_access(
        [&](const AccessRecord& record) { lines.push_back(as_line(record)); });
    with_server(handler, options, [&](Server&) -> Task<void> {
        Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
        std::ignore = co_await stream->write_all(
            as_bytes("GET /a?q HTTP/1.1\r\nHost: h\r\n\r\nGET /throw HTTP/1.1\r\nHost: h\r\n\r\n"
                     "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\nGET /cut HTTP/1.1\r\nHost: h\r\n\r\n"));
        std::ignore = co_await read_all(*stream);
        stream->close();
        Result<TcpStream> gone = co_await TcpStream::connect(Endpoint::loopback(kPort));
        std::ignore = co_await gone->write_all(as_bytes("GET /gone HTTP/1.1\r\nHost: h\r\n\r\n"));
        co_await sleep_for(1s);
        gone->close();
        co_await sleep_for(1s);
    });
    const std::vector<std::string> expected = {
        "GET /a?q 201 5 2s known", "GET /throw 500 27 0s threw known", "HEAD /h 201 0 2s known",
        "GET /cut 200 4 2s cut known", "GET /gone 0 0 1s cut known"};
    EXPECT_EQ(lines, expected);
}

TEST(HttpServerAccess, TellsOfRequestsThatAreRefusedOrGivenUp) {
    std::vector<std::string> lines;
    std::vector<std::string> reasons;
    ParserLimits limits;
    limits.body_bytes = 100;
    limits.head_bytes = 200;
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.respond(200, Headers(), "");
    };
    const auto options =
        ServerOptions().limits(limits).silence_limit(5s).on_access([&](const AccessRecord& record) {
            lines.push_back(as_line(record));
            reasons.push_back(record.error ? record.error->message() : "none");
        });
    with_server(handler, options, [&](Server&) -> Task<void> {
        const std::vector<std::string> requests = {
            "GET /bad HTTP/1.1\r\nHost : h\r\n\r\n",
            "PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n",
            "PUT /chunks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "GET /" + std::string(300, 'a'),
            "GET /fields HTTP/1.1\r\nA: " + std::string(300, 'a'),
            "GET /two HTTP/2.0\r\n\r\n",
            "PUT /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n.",
            "GET /slow-head HTTP/1.1\r\n",
            "GET /first HTTP/1.1\r\nHost: h\r\n\r\nPUT /second HTTP/1.1\r\n\r\n"};
        for (const std::string& request : requests) {
            Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
            std::ignore = co_await stream->write_all(as_bytes(request));
            std::ignore = co_await read_all(*stream);
        }
        Result<TcpStream> gone = co_await TcpStream::connect(Endpoint::loopback(kPort));
        std::ignore = co_await gone->write_all(
            as_bytes("PUT /gone HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n."));
        co_await sleep_for(2s);
        gone->close();
        // A connection that is closed, or falls silent, between two requests is none.
        Result<TcpStream> idle = co_await TcpStream::connect(Endpoint::loopback(kPort));
        EXPECT_EQ(co_await read_all(*idle), "");
    });
    const std::vector<std::string> expected = {
        "GET /bad 400 75 0s known",    "PUT /large 413 60 0s known", "PUT /chunks 400 111 0s known",
        "GET  414 57 0s known",        "  431 55 0s known",          "GET /two 505 67 0s known",
        "PUT /slow 408 26 5s known",   "  408 26 5s known",          "GET /first 200 0 0s known",
        "PUT /second 400 30 0s known", "PUT /gone 0 0 2s cut known"};
    EXPECT_EQ(lines, expected);
    EXPECT_EQ(reasons[0],
              "field 1 of the message head has a name with a byte that names may not have");
    EXPECT_EQ(reasons[8], "none");
    EXPECT_EQ(reasons[10], "the connection closed before the message was complete");
}

}  // namespace
