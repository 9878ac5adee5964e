// SPDX-License-Identifier: MIT
#include "llm/mock/limiter.h"

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include "tests/llm/mock/mock_world.h"

#include <chrono>
#include <string>
#include <string_view>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using llm::mock::Dialect;
using llm::mock::Limiter;
using llm::mock::Limits;
using llm::mock::Protocol;
using llm::mock::Script;

namespace {

Instant at(Duration span) {
    return Instant(span);
}

std::string field(const http::Headers& headers, std::string_view name) {
    return std::string(headers.get(name).value_or("none"));
}

Asked chat(std::string_view more = "") {
    return Asked("POST", "/v1/chat/completions")
        .content(R"({"model":"m","messages":[{"role":"user","content":"Hi there"}])" +
                 std::string(more) + "}");
}

}  // namespace

TEST(MockLimiter, RefillsAllTheTime) {
    Limiter limiter(Limits().requests_per_minute(60));
    for (int i = 0; i < 60; ++i) {
        EXPECT_FALSE(limiter.admit(at(1s), 0, 0)) << i;
    }
    const auto refused = limiter.admit(at(1s), 0, 0);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->wait, 1s);
    EXPECT_TRUE(limiter.admit(at(1900ms), 0, 0));
    EXPECT_FALSE(limiter.admit(at(2s), 0, 0));
    EXPECT_TRUE(limiter.admit(at(2s), 0, 0));
    EXPECT_FALSE(limiter.admit(at(1h), 0, 0));
}

TEST(MockLimiter, WhatOneBucketRefusesTheOthersKeep) {
    Limiter limiter(Limits().requests_per_minute(2).tokens_per_minute(100));
    EXPECT_FALSE(limiter.admit(at(0s), 40, 40));
    const auto refused = limiter.admit(at(0s), 20, 20);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->wait, 12s);
    EXPECT_TRUE(has(refused->message, "tokens per minute: limit 100")) << refused->message;
    EXPECT_FALSE(limiter.admit(at(0s), 10, 10)) << "the request refused was not charged";
}

TEST(MockLimiter, CountsInputAndOutputApart) {
    Limiter limiter(Limits().input_tokens_per_minute(100).output_tokens_per_minute(10));
    EXPECT_FALSE(limiter.admit(at(0s), 90, 5));
    EXPECT_TRUE(limiter.admit(at(0s), 20, 1));
    EXPECT_TRUE(limiter.admit(at(0s), 1, 6));
    EXPECT_FALSE(limiter.admit(at(0s), 10, 5));
}

TEST(MockLimiter, WhatNeverFitsHasNoTime) {
    Limiter limiter(Limits().tokens_per_minute(100));
    const auto refused = limiter.admit(at(0s), 90, 20);
    ASSERT_TRUE(refused);
    EXPECT_FALSE(refused->wait);
    EXPECT_TRUE(has(refused->message, "too large")) << refused->message;
}

TEST(MockLimiter, TellsWhatIsLeftInTheWordsOfEachProtocol) {
    const Limits limits =
        Limits().requests_per_minute(60).tokens_per_minute(600).input_tokens_per_minute(100);
    Limiter limiter(limits);
    EXPECT_FALSE(limiter.admit(at(0s), 50, 25));
    http::Headers openai;
    limiter.add_fields(openai, Protocol::chat, Dialect::plain(), at(0s), 0);
    EXPECT_EQ(field(openai, "x-ratelimit-limit-requests"), "60");
    EXPECT_EQ(field(openai, "x-ratelimit-remaining-requests"), "59");
    EXPECT_EQ(field(openai, "x-ratelimit-reset-requests"), "1s");
    EXPECT_EQ(field(openai, "x-ratelimit-remaining-tokens"), "525");
    EXPECT_EQ(field(openai, "x-ratelimit-reset-tokens"), "7.5s");

    http::Headers anthropic;
    limiter.add_fields(anthropic, Protocol::messages, Dialect::plain(), at(0s), 1735689600);
    EXPECT_EQ(field(anthropic, "anthropic-ratelimit-input-tokens-remaining"), "50");
    EXPECT_EQ(field(anthropic, "anthropic-ratelimit-input-tokens-reset"), "2025-01-01T00:00:30Z");
    EXPECT_EQ(field(anthropic, "anthropic-ratelimit-output-tokens-limit"), "none");
    EXPECT_EQ(field(anthropic, "x-ratelimit-limit-requests"), "none");

    http::Headers azure;
    limiter.add_fields(azure, Protocol::chat, *Dialect::find("azure"), at(0s), 0);
    EXPECT_EQ(field(azure, "x-ratelimit-reset-tokens"), "8");
}

TEST(MockLimiter, WritesDurationsAsGoDoes) {
    EXPECT_EQ(llm::mock::go_duration(12ms), "12ms");
    EXPECT_EQ(llm::mock::go_duration(0ms), "0ms");
    EXPECT_EQ(llm::mock::go_duration(1s), "1s");
    EXPECT_EQ(llm::mock::go_duration(6min), "6m0s");
    EXPECT_EQ(llm::mock::go_duration(1h + 2min + 3500ms), "1h2m3.5s");
}

TEST(MockLimiter, ServerRefusesAndTellsWhenToComeAgain) {
    const Script script = Script().tokens(8).limits(Limits().tokens_per_minute(20));
    simulate_mock(script, [](llm::mock::Server& server) -> Task<void> {
        const http::Response first = (co_await ask_mock(server, chat())).value();
        EXPECT_EQ(first.status(), 200);
        EXPECT_EQ(field(first.head.headers, "x-ratelimit-remaining-tokens"), "10");
        const http::Response large =
            (co_await ask_mock(server, chat(",\"max_tokens\":15"))).value();
        EXPECT_EQ(large.status(), 429);
        EXPECT_EQ(field(large.head.headers, "retry-after"), "21");
        EXPECT_TRUE(has(large.body, "\"code\":\"rate_limit_exceeded\"")) << large.body;
        co_await sleep_for(21s);
        const http::Response again =
            (co_await ask_mock(server, chat(",\"max_tokens\":15"))).value();
        EXPECT_EQ(again.status(), 200);
    });
}
