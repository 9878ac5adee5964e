// SPDX-License-Identifier: MIT
#include <weir/http/call_options.h>

#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/runtime/sleep.h>

#include "tests/http/world.h"

#include <chrono>
#include <type_traits>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<CallOptions>);

Request question() {
    return Request("GET", Url::parse("http://localhost:8080/").value());
}

}  // namespace

TEST(HttpCallOptions, TellWhereTheTimeOfACallWent) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        co_await sleep_for(3s);
        std::ignore = co_await exchange.respond(200, Headers(), "hi");
    };
    with_server(handler, [](Server&) -> Task<void> {
        Client client;
        for (const bool is_first : {true, false}) {
            RequestTimes times;
            const Instant start = Reactor::current().now();
            Result<ResponseStream> answer =
                co_await client.open(question(), CallOptions().times(times));
            EXPECT_TRUE(answer.has_value());
            EXPECT_EQ(times.begun, start);
            EXPECT_EQ(times.connected.has_value(), is_first);
            EXPECT_GE(times.answered - times.begun, 3s);
            EXPECT_EQ(times.answered, Reactor::current().now());
            co_await answer->drain(1s);
        }
    });
}

TEST(HttpCallOptions, DeadlineHoldsBesideTheClients) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        Result<void> begun = co_await exchange.begin(200, Headers());
        if (!begun) co_return;
        begun = co_await exchange.write("half");
        co_await sleep_for(1h);
    };
    with_server(handler, [](Server&) -> Task<void> {
        Client client(ClientOptions().call_limit(100s));
        const Instant start = Reactor::current().now();
        Result<ResponseStream> answer =
            co_await client.open(question(), CallOptions().deadline(start + 5s));
        EXPECT_TRUE(answer.has_value());
        EXPECT_EQ(answer->deadline(), start + 5s);
        Result<Bytes> piece = co_await answer->read();
        EXPECT_EQ(as_text(*piece), "half");
        piece = co_await answer->read();
        EXPECT_EQ(piece.error(), Errc::timed_out);
        EXPECT_GE(since(start), 5s);
        EXPECT_LT(since(start), 5100ms);

        answer = co_await client.open(question(), CallOptions().deadline(start + 1h));
        EXPECT_EQ(answer->deadline(), start + 105s) << "the client's limit comes first";
    });
}

TEST(HttpCallOptions, DeadlineOfAStreamCanBeMoved) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        Result<void> begun = co_await exchange.begin(200, Headers());
        co_await sleep_for(1h);
    };
    with_server(handler, [](Server&) -> Task<void> {
        Client client;
        Result<ResponseStream> answer = co_await client.open(question());
        EXPECT_TRUE(answer.has_value());
        EXPECT_EQ(answer->deadline(), kNever);
        const Instant start = Reactor::current().now();
        answer->set_deadline(start + 7s);
        Result<Bytes> piece = co_await answer->read();
        EXPECT_EQ(piece.error(), Errc::timed_out);
        EXPECT_GE(since(start), 7s);
        EXPECT_LT(since(start), 7100ms);
    });
}
