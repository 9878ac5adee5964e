// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/runtime/sleep.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

Request question() {
    return Request("GET", Url::parse("http://localhost:8080/").value());
}

std::string text(const Result<std::optional<Bytes>>& piece) {
    if (!piece) return piece.error().message();
    return *piece ? std::string(as_text(**piece)) : "nothing yet";
}

}  // namespace

TEST(HttpResponseStream, GivesWhatHasComeWithoutAWait) {
    const std::string all = std::string(kHead) + "1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n0\r\n\r\n";
    with_scripts({all + std::string(kStayOpen)}, []() -> Task<void> {
        Client client;
        Result<ResponseStream> answer = co_await client.open(question());
        Result<Bytes> first = co_await answer->read();
        EXPECT_EQ(as_text(*first), "a");
        EXPECT_EQ(text(answer->try_read()), "bc");
        EXPECT_EQ(text(answer->try_read()), "d");
        EXPECT_EQ(client.idle(), 0u);
        EXPECT_EQ(text(answer->try_read()), "") << "the end";
        EXPECT_EQ(client.idle(), 1u) << "and the connection is kept";
        EXPECT_EQ(text(answer->try_read()), "nothing yet");
        first = co_await answer->read();
        EXPECT_TRUE(first->empty()) << "the end stays the end";
    });
}

TEST(HttpResponseStream, GivesNothingWhereItWouldWait) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        Result<void> sent = co_await exchange.begin(200, Headers());
        if (sent) sent = co_await exchange.write("ab");
        co_await sleep_for(1s);
        if (sent) sent = co_await exchange.write("cd");
    };
    with_server(handler, [](Server&) -> Task<void> {
        Client client;
        Result<ResponseStream> answer = co_await client.open(question());
        Result<Bytes> piece = co_await answer->read();
        EXPECT_EQ(as_text(*piece), "ab");
        EXPECT_EQ(text(answer->try_read()), "nothing yet");
        EXPECT_EQ(text(answer->try_read()), "nothing yet");
        piece = co_await answer->read();
        EXPECT_EQ(as_text(*piece), "cd");
    });
}

TEST(HttpResponseStream, TellsOfABrokenBodyWithoutAWait) {
    with_scripts({std::string(kHead) + "1\r\na\r\nx\r\n"}, []() -> Task<void> {
        Client client;
        Result<ResponseStream> answer = co_await client.open(question());
        Result<Bytes> piece = co_await answer->read();
        EXPECT_EQ(as_text(*piece), "a");
        Result<std::optional<Bytes>> next = answer->try_read();
        EXPECT_EQ(next.error(), HttpErrc::malformed_response);
    });
}

TEST(HttpResponseStream, GivesBodiesThatNeedNoDecoding) {
    with_scripts({std::string(kHead) + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"}, []() -> Task<void> {
        Client client(ClientOptions().decode_bodies());
        Result<ResponseStream> answer = co_await client.open(question());
        Result<Bytes> piece = co_await answer->read();
        EXPECT_EQ(as_text(*piece), "a") << "no coding: nothing to decode";
        EXPECT_EQ(text(answer->try_read()), "b");
    });
}
