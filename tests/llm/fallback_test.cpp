// SPDX-License-Identifier: MIT
#include <weir/llm/fallback.h>

#include <gtest/gtest.h>
#include <weir/llm/mock/server.h>
#include <weir/llm/mock/text.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/timeout.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;

namespace {

Client client_at(std::uint16_t port, std::string model) {
    return Client::make(ClientOptions()
                            .base_url("http://127.0.0.1:" + std::to_string(port) + "/v1")
                            .model(std::move(model))
                            .retry(RetryPolicy().attempts_max(1)))
        .value();
}

// Two mock servers, of which the first keeps to the script and the second has none.
template <typename Body>
void with_two(const mock::Script& script, Body body) {
    http::alone([&]() -> Task<void> {
        mock::Server first = mock::Server::listen(Endpoint::loopback(8080), script).value();
        mock::Server second = mock::Server::listen(Endpoint::loopback(8081)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(first.serve());
            group.spawn(second.serve());
            Client large = client_at(8080, "large");
            Client small = client_at(8081, "small");
            Fallback fallback(BreakerOptions().failures_max(2).open_for(10s, 60s));
            fallback.target("large", large).target("small", small);
            co_await body(fallback, first);
            group.cancel();
        });
    });
}

Chat hello() {
    return Chat("").user("Hello");
}

}  // namespace

TEST(LlmFallback, AsksTheFirstWhereItAnswers) {
    with_two(mock::Script(), [](Fallback& fallback, mock::Server&) -> Task<void> {
        Result<ChatAnswer> answer = co_await fallback.chat(hello());
        EXPECT_EQ(answer->model, "large");
        EXPECT_EQ(answer->report.target, "large");
        EXPECT_TRUE(answer->report.passed_over.empty());
    });
}

TEST(LlmFallback, AsksTheNextWithItsOwnModelAndSaysWhy) {
    with_two(mock::Script().status(529), [](Fallback& fallback, mock::Server&) -> Task<void> {
        Result<ChatAnswer> answer = co_await fallback.chat(hello());
        EXPECT_EQ(answer->text, mock::expected_text("Hello", 16));
        EXPECT_EQ(answer->model, "small") << "the answer tells whose it is";
        EXPECT_EQ(answer->report.target, "small");
        EXPECT_EQ(answer->report.passed_over.size(), 1u);
        EXPECT_EQ(answer->report.passed_over.front().find("large: the server answered 529"), 0u)
            << answer->report.passed_over.front();

        Result<ChatStream> stream = co_await fallback.stream(hello());
        EXPECT_EQ(stream->report().target, "small");
        EXPECT_EQ(stream->report().passed_over.size(), 1u);
    });
}

TEST(LlmFallback, DoesNotAskOthersWhereTheRequestIsWrong) {
    with_two(mock::Script().status(422), [](Fallback& fallback, mock::Server&) -> Task<void> {
        Result<ChatAnswer> answer = co_await fallback.chat(hello());
        EXPECT_EQ(answer.error(), LlmErrc::bad_request);
        EXPECT_EQ(answer.error().message().find("large: "), 0u) << answer.error().message();
        EXPECT_EQ(fallback.state(0), Breaker::State::closed);
    });
}

TEST(LlmFallback, PassesOverATargetThatKeepsFailing) {
    const auto script = mock::Script().status(500).faulty_calls(2);
    with_two(script, [](Fallback& fallback, mock::Server& first) -> Task<void> {
        for (int call = 0; call < 4; ++call) {
            Result<ChatAnswer> answer = co_await fallback.chat(hello());
            EXPECT_EQ(answer->report.target, "small");
            if (call >= 2) {
                EXPECT_EQ(answer->report.passed_over.front(),
                          "large: has failed too often; asked again in 10 s");
            }
        }
        EXPECT_EQ(first.calls(), 2u);
        EXPECT_EQ(fallback.state(0), Breaker::State::open);
        co_await sleep_for(10s);
        EXPECT_EQ(fallback.state(0), Breaker::State::half_open);
        Result<ChatAnswer> answer = co_await fallback.chat(hello());
        EXPECT_EQ(answer->report.target, "large") << "one call has tried, and it went well";
        EXPECT_EQ(fallback.state(0), Breaker::State::closed);
    });
}

TEST(LlmFallback, ATrialThatIsCancelledIsGivenToAnother) {
    const auto script = mock::Script().status(500).faulty_calls(2).time_to_first_token(5s);
    with_two(script, [](Fallback& fallback, mock::Server&) -> Task<void> {
        for (int call = 0; call < 2; ++call) {
            Result<ChatAnswer> failed = co_await fallback.chat(hello());
            EXPECT_EQ(failed->report.target, "small");
        }
        co_await sleep_for(10s);
        Result<ChatAnswer> late = co_await timeout(1s, fallback.chat(hello()));
        EXPECT_EQ(late.error(), Errc::timed_out);
        Result<ChatAnswer> answer = co_await fallback.chat(hello());
        EXPECT_EQ(answer->report.target, "large");
    });
}

TEST(LlmFallback, TellsAllReasonsWhereNoneAnswers) {
    http::alone([]() -> Task<void> {
        Client large = client_at(8080, "large");
        Client small = client_at(8081, "small");
        Fallback fallback(BreakerOptions().failures_max(1));
        fallback.target("large", large).target("small", small);
        Result<ChatAnswer> answer = co_await fallback.chat(hello());
        EXPECT_EQ(answer.error(), std::errc::connection_refused);
        const std::string message = answer.error().message();
        EXPECT_EQ(message.find("no target gave an answer: large: "), 0u) << message;
        EXPECT_NE(message.find("; small: "), std::string::npos) << message;

        answer = co_await fallback.chat(hello());
        EXPECT_EQ(answer.error(), LlmErrc::overloaded);
        EXPECT_EQ(answer.error().worth_retry(), true);
        EXPECT_GT(answer.error().retry_after(), 9s);
    });
}
