// SPDX-License-Identifier: MIT
//
// Attempts, deadlines and the report of a call, against the mock server in a simulated world.
#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/server.h>
#include <weir/llm/mock/text.h>
#include <weir/runtime/sleep.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using http::since;

namespace {

ClientOptions mock_options() {
    return ClientOptions().base_url("http://127.0.0.1:8080/v1");
}

Chat hello() {
    return Chat("m").user("Hello");
}

// Runs `body(client, server)` beside a mock server that keeps to the script.
template <typename Body>
void with_mock(const mock::Script& script, ClientOptions options, Body body) {
    http::alone([&]() -> Task<void> {
        mock::Server server = mock::Server::listen(Endpoint::loopback(http::kPort), script).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve());
            Client client = Client::make(options).value();
            co_await body(client, server);
            group.cancel();
        });
    });
}

}  // namespace

TEST(LlmClientRetry, TriesAgainWhatMayPass) {
    const auto script = mock::Script().status(503).faulty_calls(2);
    with_mock(script, mock_options(), [](Client& client, mock::Server& server) -> Task<void> {
        const Instant start = Reactor::current().now();
        Result<ChatAnswer> answer = co_await client.chat(hello());
        EXPECT_TRUE(answer.has_value());
        EXPECT_EQ(answer->text, mock::expected_text("Hello", 16));
        EXPECT_EQ(answer->report.attempts, 3);
        EXPECT_EQ(answer->report.status, 200);
        EXPECT_EQ(server.calls(), 3u);
        EXPECT_GE(since(start), 1500ms);
        EXPECT_LT(since(start), 1900ms) << "0.5 s and 1 s, and up to a quarter more";
        EXPECT_EQ(client.http().opened(), 1u);
    });
}

TEST(LlmClientRetry, StreamsAreTriedAgainBeforeTheyBegin) {
    const auto script = mock::Script().status(429).retry_after("2").faulty_calls(1);
    with_mock(script, mock_options(), [](Client& client, mock::Server& server) -> Task<void> {
        const Instant start = Reactor::current().now();
        Result<ChatStream> stream = co_await client.stream(hello());
        EXPECT_TRUE(stream.has_value());
        EXPECT_EQ(stream->report().attempts, 2);
        EXPECT_EQ(server.calls(), 2u);
        EXPECT_GE(since(start), 2s) << "the server's own wish";
        EXPECT_LT(since(start), 2100ms);
    });
}

TEST(LlmClientRetry, GivesUpAfterItsAttemptsAndSaysHowMany) {
    with_mock(mock::Script().status(500), mock_options(),
              [](Client& client, mock::Server& server) -> Task<void> {
                  Result<ChatAnswer> answer = co_await client.chat(hello());
                  EXPECT_EQ(answer.error(), LlmErrc::server_error);
                  EXPECT_EQ(answer.error().message().find("after 3 attempts: the server"), 0u)
                      << answer.error().message();
                  EXPECT_EQ(server.calls(), 3u);
              });
}

TEST(LlmClientRetry, NeverRepeatsWhatCannotPass) {
    for (const int status : {400, 401, 402, 403, 404, 413, 422}) {
        with_mock(mock::Script().status(status), mock_options(),
                  [](Client& client, mock::Server& server) -> Task<void> {
                      Result<ChatAnswer> answer = co_await client.chat(hello());
                      EXPECT_FALSE(answer.has_value());
                      EXPECT_EQ(server.calls(), 1u);
                  });
    }
}

TEST(LlmClientRetry, NeverPaysTwiceForAnAnswerThatHadBegun) {
    with_mock(mock::Script().close_in_body(), mock_options(),
              [](Client& client, mock::Server& server) -> Task<void> {
                  Result<ChatAnswer> answer = co_await client.chat(hello());
                  EXPECT_EQ(answer.error(), http::HttpErrc::body_cut);
                  EXPECT_EQ(server.calls(), 1u);
              });
}

TEST(LlmClientRetry, RepeatsABrokenAnswerWhereItIsAskedTo) {
    with_mock(mock::Script().close_in_body().faulty_calls(1),
              mock_options().repeat_broken_answers(),
              [](Client& client, mock::Server& server) -> Task<void> {
                  Result<ChatAnswer> answer = co_await client.chat(hello());
                  EXPECT_EQ(answer->text, mock::expected_text("Hello", 16));
                  EXPECT_EQ(server.calls(), 2u);
              });
}

TEST(LlmClientRetry, ASilentServerIsAskedTwiceAtMost) {
    const auto options = mock_options()
                             .retry(RetryPolicy().attempts_max(5))
                             .http(http::ClientOptions().first_byte_limit(10s));
    with_mock(mock::Script().silent(), options,
              [](Client& client, mock::Server& server) -> Task<void> {
                  Result<ChatAnswer> answer = co_await client.chat(hello());
                  EXPECT_EQ(answer.error(), Errc::timed_out);
                  EXPECT_EQ(server.calls(), 2u);
              });
}

TEST(LlmClientRetry, OneDeadlineHoldsForAllAttempts) {
    const auto script = mock::Script().status(503).retry_after("4");
    with_mock(
        script, mock_options().call_limit(6s),
        [](Client& client, mock::Server& server) -> Task<void> {
            const Instant start = Reactor::current().now();
            Result<ChatAnswer> answer = co_await client.chat(hello());
            EXPECT_EQ(answer.error(), LlmErrc::overloaded);
            EXPECT_NE(answer.error().message().find("deadline comes before"), std::string::npos)
                << answer.error().message();
            EXPECT_EQ(server.calls(), 2u);
            EXPECT_LT(since(start), 4100ms) << "no wait for what can only come too late";
        });
}

TEST(LlmClientRetry, TheDeadlineCountsFromTheFirstAttempt) {
    http::with_scripts({"HTTP/1.1 503 Busy\r\nRetry-After: 4\r\nContent-Length: 0\r\n\r\n" +
                        std::string(http::kStayOpen)},
                       [&]() -> Task<void> {
                           Client client = Client::make(mock_options().call_limit(6s)).value();
                           const Instant start = Reactor::current().now();
                           Result<ChatAnswer> answer = co_await client.chat(hello());
                           EXPECT_EQ(answer.error(), Errc::timed_out) << answer.error().message();
                           EXPECT_GE(since(start), 6s);
                           EXPECT_LT(since(start), 6100ms);
                       });
}

TEST(LlmClientRetry, ABudgetEndsAStormOfRepeats) {
    const auto options = mock_options().retry_budget(RetryBudget(0.1, 4));
    with_mock(mock::Script().status(503), options,
              [](Client& client, mock::Server& server) -> Task<void> {
                  Error last(Errc::cancelled);
                  for (int call = 0; call < 100; ++call) {
                      Result<ChatAnswer> answer = co_await client.chat(hello());
                      last = std::move(answer).error();
                  }
                  EXPECT_GE(server.calls(), 113u);
                  EXPECT_LE(server.calls(), 114u) << "4 in reserve, and a tenth of 100";
                  EXPECT_NE(last.message().find("retry_budget"), std::string::npos)
                      << last.message();
              });
}

// --- the report ----------------------------------------------------------------------------------

TEST(LlmClientRetry, PhasesOfACallSumToTheWhole) {
    const auto script =
        mock::Script().tokens(3).time_to_first_token(2s).token_interval(1s).status(503);
    auto once = script;
    once.faulty_calls(1);
    with_mock(once, mock_options(), [](Client& client, mock::Server&) -> Task<void> {
        for (int call = 0; call < 2; ++call) {
            const Instant start = Reactor::current().now();
            Result<ChatAnswer> answer = co_await client.chat(hello());
            const Timeline& timeline = answer->report.timeline;
            EXPECT_EQ(timeline.whole(), since(start));
            EXPECT_EQ(timeline.repeating > 0s, call == 0);
            EXPECT_EQ(timeline.thinking, 0s);
            EXPECT_GE(timeline.answering, 4s) << "a whole answer comes when its last token would";
        }
    });
}

TEST(LlmClientRetry, PhasesOfAStreamSumToTheWhole) {
    const auto script = mock::Script().tokens(3).time_to_first_token(2s).token_interval(1s);
    with_mock(script, mock_options(), [](Client& client, mock::Server&) -> Task<void> {
        for (const bool is_first : {true, false}) {
            const Instant start = Reactor::current().now();
            Result<ChatStream> stream = co_await client.stream(hello());
            for (;;) {
                Result<std::optional<Delta>> delta = co_await stream->next();
                if (!delta || !*delta) break;
            }
            const Timeline& timeline = stream->report().timeline;
            EXPECT_EQ(timeline.whole(), since(start));
            EXPECT_EQ(timeline.connecting > 0s, is_first);
            EXPECT_GE(timeline.thinking, 1900ms);
            EXPECT_GE(timeline.receiving, 1900ms);
            co_await sleep_for(5s);
            Result<std::optional<Delta>> again = co_await stream->next();
            EXPECT_FALSE(again->has_value());
            EXPECT_LT(timeline.receiving, 5s) << "what comes after the end does not count";
        }
    });
}

// --- content -------------------------------------------------------------------------------------

TEST(LlmClientRetry, SignsOfLifeAreNoContent) {
    std::string body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    http::alone([&]() -> Task<void> {
        const auto handler = [&](http::Exchange& exchange) -> Task<void> {
            http::Headers headers;
            headers.add("Content-Type", "text/event-stream");
            Result<void> sent = co_await exchange.begin(200, std::move(headers));
            if (sent) sent = co_await exchange.write(body);
            while (sent) {
                co_await sleep_for(5s);
                sent = co_await exchange.write(": still here\n\n");
            }
        };
        http::Server server = http::Server::listen(Endpoint::loopback(http::kPort)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve(handler));
            Client client = Client::make(mock_options().content_limits(20s, 12s)).value();
            Result<ChatStream> stream = co_await client.stream(hello());
            Result<std::optional<Delta>> delta = co_await stream->next();
            EXPECT_EQ((*delta)->text, "a");
            co_await sleep_for(100s);
            const Instant start = Reactor::current().now();
            delta = co_await stream->next();
            EXPECT_EQ(delta.error(), Errc::timed_out);
            EXPECT_NE(delta.error().message().find("no content came for 12 s"), std::string::npos)
                << delta.error().message();
            EXPECT_GE(since(start), 12s) << "the caller's own time does not count";
            EXPECT_LT(since(start), 13s);

            body = "";
            Result<ChatStream> empty = co_await client.stream(hello());
            const Instant again = Reactor::current().now();
            delta = co_await empty->next();
            EXPECT_NE(delta.error().message().find("no content came for 20 s"), std::string::npos)
                << delta.error().message();
            EXPECT_LT(since(again), 21s);
            group.cancel();
        });
    });
}
