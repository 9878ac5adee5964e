// SPDX-License-Identifier: MIT
//
// Calls that are made a second time when the first is slow, in a simulated world.
#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/runtime/sleep.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using http::since;

namespace {

// What the server does with one of the calls, in the order of their coming.
class Turn {
public:
    Turn(Duration wait, int code, std::string what)
        : before(wait), status(code), says(std::move(what)) {}
    Duration before;
    int status;
    std::string says;
};

// A server whose calls go as `turns` say; streams where they are asked for.
template <typename Body>
void with_turns(std::vector<Turn> turns, const ClientOptions& options, Body body) {
    int calls = 0;
    const auto handler = [&](http::Exchange& exchange) -> Task<void> {
        const Turn turn = turns.at(static_cast<std::size_t>(calls++));
        const bool is_stream = exchange.request().headers.get("accept") == "text/event-stream";
        co_await sleep_for(turn.before);
        if (turn.status != 200) {
            std::ignore = co_await exchange.respond(turn.status, http::Headers(), "no");
        } else if (!is_stream) {
            std::ignore = co_await exchange.respond(
                200, http::Headers(),
                R"({"choices":[{"message":{"content":")" + turn.says + R"("}}]})");
        } else {
            http::Headers headers;
            headers.add("Content-Type", "text/event-stream");
            std::ignore = co_await exchange.respond(
                200, std::move(headers),
                "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
                "data: {\"choices\":[{\"delta\":{\"content\":\"" +
                    turn.says + "\"}}]}\n\ndata: [DONE]\n\n");
        }
    };
    http::with_server(handler, [&](http::Server&) -> Task<void> {
        Client client = Client::make(options).value();
        co_await body(client, calls);
    });
}

ClientOptions hedging() {
    return ClientOptions()
        .base_url("http://localhost:8080/v1")
        .retry(RetryPolicy().attempts_max(1))
        .hedge_after(2s);
}

Chat hello() {
    return Chat("m").user("Hello");
}

std::string said(const Result<ChatAnswer>& answer) {
    return answer ? answer->text : answer.error().message();
}

}  // namespace

TEST(LlmClientHedge, AsksOnceWhereTheFirstIsQuick) {
    with_turns({Turn(1s, 200, "first")}, hedging(), [](Client& client, int& calls) -> Task<void> {
        Result<ChatAnswer> answer = co_await client.chat(hello());
        EXPECT_EQ(said(answer), "first");
        EXPECT_FALSE(answer->report.is_hedge);
        EXPECT_EQ(calls, 1);
    });
}

TEST(LlmClientHedge, TakesTheSecondWhereTheFirstIsSlow) {
    with_turns({Turn(60s, 200, "first"), Turn(1s, 200, "second")}, hedging(),
               [](Client& client, int& calls) -> Task<void> {
                   const Instant start = Reactor::current().now();
                   Result<ChatAnswer> answer = co_await client.chat(hello());
                   EXPECT_EQ(said(answer), "second");
                   EXPECT_TRUE(answer->report.is_hedge);
                   EXPECT_EQ(calls, 2);
                   EXPECT_GE(since(start), 3s);
                   EXPECT_LT(since(start), 3100ms);
               });
}

TEST(LlmClientHedge, StillTakesTheFirstWhereItComesFirst) {
    with_turns({Turn(3s, 200, "first"), Turn(30s, 200, "second")}, hedging(),
               [](Client& client, int& calls) -> Task<void> {
                   EXPECT_EQ(said(co_await client.chat(hello())), "first");
                   EXPECT_EQ(calls, 2);
               });
}

TEST(LlmClientHedge, AFailureWaitsForTheOther) {
    with_turns({Turn(5s, 500, ""), Turn(10s, 200, "second")}, hedging(),
               [](Client& client, int&) -> Task<void> {
                   EXPECT_EQ(said(co_await client.chat(hello())), "second");
               });
    with_turns({Turn(20s, 200, "first"), Turn(1s, 500, "")}, hedging(),
               [](Client& client, int&) -> Task<void> {
                   EXPECT_EQ(said(co_await client.chat(hello())), "first");
               });
    with_turns({Turn(5s, 401, ""), Turn(10s, 500, "")}, hedging(),
               [](Client& client, int&) -> Task<void> {
                   Result<ChatAnswer> answer = co_await client.chat(hello());
                   EXPECT_EQ(answer.error(), LlmErrc::unauthorized) << "the first's is told";
               });
}

TEST(LlmClientHedge, FailsAtOnceWhereThereIsNoSecond) {
    with_turns({Turn(1s, 401, "")}, hedging(), [](Client& client, int& calls) -> Task<void> {
        const Instant start = Reactor::current().now();
        Result<ChatAnswer> answer = co_await client.chat(hello());
        EXPECT_EQ(answer.error(), LlmErrc::unauthorized);
        EXPECT_EQ(calls, 1);
        EXPECT_LT(since(start), 1100ms);
    });
}

TEST(LlmClientHedge, OfStreamsTheOneWithContentIsTaken) {
    with_turns({Turn(60s, 200, "first"), Turn(1s, 200, "second")}, hedging(),
               [](Client& client, int& calls) -> Task<void> {
                   Result<ChatStream> stream = co_await client.stream(hello());
                   EXPECT_TRUE(stream.has_value());
                   Result<std::optional<Delta>> delta = co_await stream->next();
                   EXPECT_EQ((*delta)->text, "second");
                   EXPECT_EQ((*delta)->role, "assistant") << "what came before is not lost";
                   delta = co_await stream->next();
                   EXPECT_FALSE(delta->has_value());
                   EXPECT_EQ(calls, 2);
               });
}
