// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/delta_decoder.h>
#include <weir/llm/wire/error.h>

#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;

namespace {

Delta delta_of(DeltaDecoder& decoder, std::string_view data) {
    auto delta = decoder.event("", data);
    EXPECT_TRUE(delta.has_value() && delta->has_value()) << data;
    return delta && *delta ? **delta : Delta();
}

Delta delta_of(std::string_view data) {
    DeltaDecoder decoder;
    return delta_of(decoder, data);
}

std::string chunk(std::string_view members) {
    return R"({"choices":[{"index":0,"delta":{)" + std::string(members) + "}}]}";
}

constexpr std::string_view kCalls =
    R"("tool_calls":[{"index":1,"id":"a","type":"function","function":{"name":"f",)"
    R"("arguments":"{\"x"},"extra_content":{"google": 1}},{"function":{"name":"g",)"
    R"("arguments":{"y" : 2}}}])";

TEST(DeltaDecoderCalls, PiecesOfCallsAreReportedAsTheyAre) {
    const Delta delta = delta_of(chunk(kCalls));
    ASSERT_EQ(delta.tool_calls.size(), 2u);
    EXPECT_EQ(delta.tool_calls[0].index, 1);
    EXPECT_EQ(delta.tool_calls[0].id, "a");
    EXPECT_EQ(delta.tool_calls[0].name, "f");
    EXPECT_EQ(delta.tool_calls[0].arguments, "{\"x");
    EXPECT_EQ(delta.tool_calls[0].extra, R"("extra_content":{"google":1})");
    EXPECT_FALSE(delta.tool_calls[0].are_arguments_whole);
    EXPECT_FALSE(delta.tool_calls[1].index.has_value());
    EXPECT_EQ(delta.tool_calls[1].arguments, R"({"y":2})");
    EXPECT_TRUE(delta.tool_calls[1].are_arguments_whole);
}

TEST(DeltaDecoderCalls, ArgumentsThatAreNoJsonFail) {
    DeltaDecoder decoder;
    const auto delta =
        decoder.event("", chunk(R"("tool_calls":[{"function":{"arguments":{"y":}}}])"));
    ASSERT_FALSE(delta.has_value());
    EXPECT_TRUE(delta.error() == LlmErrc::malformed_answer);
}

TEST(DeltaDecoderCalls, TheOldFunctionCallIsOneOfIndexZero) {
    const Delta delta = delta_of(chunk(R"("function_call":{"name":"f","arguments":"{"})"));
    ASSERT_EQ(delta.tool_calls.size(), 1u);
    EXPECT_EQ(delta.tool_calls[0].index, 0);
    EXPECT_EQ(delta.tool_calls[0].name, "f");
}

TEST(DeltaDecoderCalls, ReasoningHasSeveralNamesAndComesOnce) {
    EXPECT_EQ(delta_of(chunk(R"("reasoning_content":"hm")")).reasoning, "hm");
    EXPECT_EQ(delta_of(chunk(R"("reasoning":"hm","content":null)")).reasoning, "hm");
    EXPECT_EQ(delta_of(chunk(R"("reasoning":"hm","reasoning_content":"hm")")).reasoning, "hm");
    const Delta parts = delta_of(chunk(R"("content":[{"type":"thinking","thinking":[{"type":)"
                                       R"("text","text":"hm"}]},{"type":"text","text":"x"}])"));
    EXPECT_EQ(parts.reasoning, "hm");
    EXPECT_EQ(parts.text, "x");
}

TEST(DeltaDecoderCalls, HalvesOfCharactersAreJoinedInArgumentsAndReasoning) {
    DeltaDecoder decoder;
    EXPECT_EQ(delta_of(decoder, chunk(R"("reasoning":"a\ud83d")")).reasoning, "a");
    EXPECT_EQ(delta_of(decoder, chunk(R"("reasoning":"\ude00")")).reasoning, "\xF0\x9F\x98\x80");
    delta_of(decoder, chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"\"\ud83d"}}])"));
    EXPECT_EQ(
        delta_of(decoder, chunk(R"("tool_calls":[{"index":0,"function":{"arguments":"\ude00"}}])"))
            .tool_calls[0]
            .arguments,
        "\xF0\x9F\x98\x80");
}

TEST(DeltaDecoderCalls, PiecesOfSeveralChoicesComeOneByOne) {
    DeltaDecoder decoder;
    const Delta first = delta_of(
        decoder, R"({"choices":[{"delta":{"content":"other\ud83d"},"index":1},{"delta":)"
                 R"({"content":""}},{"delta":{"content":"mine"},"index":0}],"usage":null})");
    EXPECT_EQ(first.choice, 1);
    EXPECT_EQ(first.text, "other\xEF\xBF\xBD");
    const auto second = decoder.more();
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->choice, 0);
    EXPECT_EQ(second->text, "mine");
    EXPECT_FALSE(decoder.more().has_value());
}

TEST(DeltaDecoderCalls, AHalfOfChoiceZeroWaitsForItsOwnChoice) {
    DeltaDecoder decoder;
    delta_of(decoder, R"({"choices":[{"index":0,"delta":{"content":"a\ud83d"}}]})");
    EXPECT_EQ(delta_of(decoder, R"({"choices":[{"delta":{"content":"b"},"index":1}]})").text, "b");
    EXPECT_EQ(delta_of(decoder, R"({"choices":[{"delta":{"content":"\ude00"},"index":0}]})").text,
              "\xF0\x9F\x98\x80");
}

TEST(DeltaDecoderCalls, AllChoicesThatCameMustFinish) {
    DeltaDecoder decoder;
    delta_of(decoder, R"({"choices":[{"index":1,"delta":{"content":"x"}}]})");
    delta_of(decoder, R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
    EXPECT_FALSE(decoder.saw_finish());
    EXPECT_FALSE(decoder.finish(true).has_value());
    delta_of(decoder, R"({"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]})");
    EXPECT_TRUE(decoder.finish(true).has_value());
}

TEST(DeltaDecoderCalls, AllChoicesThatWereAskedForMustFinish) {
    DeltaDecoder decoder(2);
    delta_of(decoder, R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
    EXPECT_FALSE(decoder.finish(true).has_value());
    delta_of(decoder, R"({"choices":[{"index":1,"delta":{},"finish_reason":"length"}]})");
    EXPECT_TRUE(decoder.finish(true).has_value());
}

TEST(DeltaDecoderCalls, AnAbsurdIndexFails) {
    for (const char* index : {"-1", "1024", "9223372036854775807"}) {
        DeltaDecoder decoder;
        const std::string data = R"({"choices":[{"index":)" + std::string(index) + "}]}";
        EXPECT_FALSE(decoder.event("", data).has_value()) << index;
    }
}

TEST(DeltaDecoderCalls, UsageHasItsDetails) {
    const Delta delta = delta_of(
        R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,)"
        R"("prompt_cache_hit_tokens":4,"completion_tokens_details":{"reasoning_tokens":2}}})");
    ASSERT_TRUE(delta.usage.has_value());
    EXPECT_EQ(delta.usage->cache_read_tokens, 4);
    EXPECT_EQ(delta.usage->reasoning_tokens, 2);
    EXPECT_EQ(delta.usage->total_tokens, 14);
}

TEST(DeltaDecoderCalls, MangledCallsDoNoHarm) {
    tests::for_each_mangled(chunk(kCalls), [](std::string_view mangled) {
        DeltaDecoder decoder;
        const auto delta = decoder.event("", mangled);
        if (!delta) {
            EXPECT_FALSE(delta.error().message().empty());
        }
    });
}

}  // namespace
