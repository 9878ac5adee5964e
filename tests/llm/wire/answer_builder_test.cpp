// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/answer_builder.h>
#include <weir/llm/wire/delta_decoder.h>
#include <weir/llm/wire/error.h>
#include <type_traits>

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<AnswerBuilder>);

void feed(DeltaDecoder& decoder, AnswerBuilder& builder, std::string_view data) {
    Result<std::optional<Delta>> delta = decoder.event("", data);
    ASSERT_TRUE(delta.has_value()) << delta.error().message();
    if (*delta) builder.add(**std::move(delta));
    while (std::optional<Delta> more = decoder.more())
        builder.add(*std::move(more));
}

AnswerBuilder built(const std::vector<std::string_view>& events) {
    DeltaDecoder decoder;
    AnswerBuilder builder;
    for (const std::string_view data : events)
        feed(decoder, builder, data);
    return builder;
}

constexpr std::string_view kCall =
    R"({"choices":[{"delta":{"content":null,"tool_calls":[{"index":0,"id":"a","type":"function",)"
    R"("function":{"name":"f","arguments":""}}]}}]})";
constexpr std::string_view kArguments =
    R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}}]})";

TEST(AnswerBuilder, PutsAnAnswerTogether) {
    AnswerBuilder builder = built(
        {R"({"choices":[{"delta":{"role":"assistant","reasoning_content":"hm"}}]})",
         R"({"choices":[{"delta":{"content":"Hel"}}]})",
         R"({"choices":[{"delta":{"content":"lo"}}]})",
         R"({"choices":[{"delta":{},"finish_reason":"length"}]})",
         R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})"});
    const Result<ChatAnswer> answer = std::move(builder).finish();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->text, "Hello");
    EXPECT_EQ(answer->reasoning, "hm");
    EXPECT_EQ(answer->finish(), FinishReason::length);
    EXPECT_EQ(answer->usage, Usage(1, 2));
    EXPECT_FALSE(answer->refusal.has_value());
    EXPECT_TRUE(answer->more_choices.empty());
}

TEST(AnswerBuilder, WhatCameIsThereAtAnyTime) {
    EXPECT_EQ(AnswerBuilder().answer().text, "");
    const AnswerBuilder builder = built({R"({"choices":[{"delta":{"content":"Hel"}}]})",
                                         R"({"choices":[{"delta":{"refusal":"no"}}]})"});
    EXPECT_EQ(builder.answer().text, "Hel");
    EXPECT_EQ(builder.answer().refusal, "no");
    EXPECT_EQ(builder.answer().finish(), FinishReason::none);
}

TEST(AnswerBuilder, CallsAreWholeOnlyWithAFinishReason) {
    AnswerBuilder cut = built({kCall, kArguments});
    EXPECT_TRUE(cut.answer().tool_calls.empty());
    EXPECT_EQ(cut.open_calls(), 1u);
    const Result<ChatAnswer> end = std::move(cut).finish();
    ASSERT_FALSE(end.has_value());
    EXPECT_TRUE(end.error() == LlmErrc::stream_truncated);

    AnswerBuilder whole =
        built({kCall, kArguments, R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"});
    EXPECT_EQ(whole.open_calls(), 0u);
    const ChatAnswer answer = whole.answer();
    ASSERT_EQ(answer.tool_calls.size(), 1u);
    EXPECT_EQ(answer.tool_calls[0], ToolCall("a", "f", "{\"x\":1}"));
    EXPECT_EQ(answer.finish(), FinishReason::tool_calls);
    EXPECT_EQ(answer.finish_reason, "stop");
    EXPECT_EQ(answer.message().tool_calls, answer.tool_calls);
}

TEST(AnswerBuilder, AnAnswerWithoutAFinishReasonHasStopped) {
    AnswerBuilder builder = built({R"({"choices":[{"delta":{"content":"x"}}]})", "[DONE]"});
    EXPECT_EQ((*std::move(builder).finish()).finish_reason, "stop");
}

TEST(AnswerBuilder, ChoicesAreKeptApart) {
    AnswerBuilder builder =
        built({R"({"choices":[{"index":2,"delta":{"content":"c"}},{"index":0,"delta":)"
               R"({"content":"a"}}]})",
               R"({"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"length"}]})",
               R"({"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"},)"
               R"({"index":2,"delta":{"content":"C"},"finish_reason":"stop"}]})"});
    const Result<ChatAnswer> answer = std::move(builder).finish();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->text, "aA");
    ASSERT_EQ(answer->more_choices.size(), 2u);
    EXPECT_EQ(answer->more_choices[0].text, "b");
    EXPECT_EQ(answer->more_choices[0].finish(), FinishReason::length);
    EXPECT_EQ(answer->more_choices[1].text, "cC");
}

TEST(AnswerBuilder, TheLastUsageCounts) {
    const AnswerBuilder builder =
        built({R"({"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1}})",
               R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":4}})"});
    EXPECT_EQ(builder.answer().usage, Usage(1, 4));
}

TEST(AnswerBuilder, BlocksOfReasoningGoBackWithTheMessage) {
    const AnswerBuilder builder =
        built({R"({"choices":[{"delta":{"reasoning":"a","reasoning_details":[{"text":"a"}]}}]})",
               R"({"choices":[{"delta":{"reasoning":"b","reasoning_details":[{"text":"b"}]}}]})",
               R"({"choices":[{"delta":{"content":""},"finish_reason":"stop"}]})"});
    EXPECT_EQ(builder.answer().reasoning, "ab");
    EXPECT_EQ(builder.answer().message().reasoning_blocks, R"([{"text":"a"},{"text":"b"}])");
}

}  // namespace
