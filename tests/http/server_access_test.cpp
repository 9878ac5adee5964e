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

}  // namespace
