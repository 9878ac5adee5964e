// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/answer_decoder.h>
#include <weir/llm/wire/error.h>

#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;

namespace {

constexpr std::string_view kWhole =
    R"({"id":"chatcmpl-abc","object":"chat.completion","created":1741569952,"model":"gpt-x",)"
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hello!\n\ud83d\ude00",)"
    R"("refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,)"
    R"("prompt_tokens_details":{"cached_tokens":0}},"system_fingerprint":"fp_x"})";

ChatAnswer answer_of(std::string_view json) {
    auto answer = decode_chat_answer(json);
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message());
    return answer ? *answer : ChatAnswer();
}

Error error_of(std::string_view json) {
    auto answer = decode_chat_answer(json);
    EXPECT_FALSE(answer.has_value()) << json;
    return answer ? Error(Errc::bad_argument) : answer.error();
}

TEST(AnswerDecoder, ReadsAWholeAnswer) {
    const ChatAnswer answer = answer_of(kWhole);
    EXPECT_EQ(answer.id, "chatcmpl-abc");
    EXPECT_EQ(answer.model, "gpt-x");
    EXPECT_EQ(answer.text, "Hello!\n\xF0\x9F\x98\x80");
    EXPECT_FALSE(answer.refusal.has_value());
    EXPECT_EQ(answer.finish(), FinishReason::stop);
    EXPECT_EQ(answer.usage, Usage(19, 10));
}

TEST(AnswerDecoder, ToleratesWhatIsMissingOrNull) {
    const ChatAnswer bare = answer_of(R"({"choices":[{"message":{"content":"x"}}]})");
    EXPECT_EQ(bare.text, "x");
    EXPECT_EQ(bare.finish(), FinishReason::none);
    EXPECT_FALSE(bare.usage.has_value());
    const ChatAnswer nulls = answer_of(
        R"({"id":null,"created":1.5,"usage":null,"error":null,"choices":[{"index":null,)"
        R"("message":{"content":null,"tool_calls":[{}]},"finish_reason":"tool_calls"}]})");
    EXPECT_EQ(nulls.text, "");
    EXPECT_EQ(nulls.finish(), FinishReason::tool_calls);
    EXPECT_EQ(answer_of(R"({"choices":[{"message":null}]})").text, "");
}

TEST(AnswerDecoder, SkipsBlanksBeforeTheJson) {
    EXPECT_EQ(answer_of("\n\n  \n" + std::string(kWhole) + "\n").model, "gpt-x");
}

TEST(AnswerDecoder, KeepsRefusalAndUnknownFinishReason) {
    const ChatAnswer answer = answer_of(
        R"({"choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"abort"}]})");
    EXPECT_EQ(answer.refusal, "no");
    EXPECT_EQ(answer.finish_reason, "abort");
    EXPECT_EQ(answer.finish(), FinishReason::other);
}

TEST(AnswerDecoder, JoinsTextParts) {
    EXPECT_EQ(answer_of(R"({"choices":[{"message":{"content":[{"type":"thinking","thinking":[]},)"
                        R"({"type":"text","text":"a"},"b",{"text":"c"}]}}]})")
                  .text,
              "abc");
}

TEST(AnswerDecoder, ChoicesComeByTheirIndex) {
    const ChatAnswer answer =
        answer_of(R"({"choices":[{"message":{"content":"one"},"index":1,"finish_reason":"length"},)"
                  R"({"message":{"content":"zero"},"index":0}]})");
    EXPECT_EQ(answer.text, "zero");
    ASSERT_EQ(answer.more_choices.size(), 1u);
    EXPECT_EQ(answer.more_choices[0].text, "one");
    EXPECT_EQ(answer.more_choices[0].finish(), FinishReason::length);
    const ChatAnswer bare =
        answer_of(R"({"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]})");
    EXPECT_EQ(bare.text, "a");
    ASSERT_EQ(bare.more_choices.size(), 1u);
    EXPECT_EQ(bare.more_choices[0].index, 1);
}

TEST(AnswerDecoder, ReadsCallsInAllTheirShapes) {
    const ChatAnswer answer = answer_of(
        R"({"choices":[{"message":{"content":null,"tool_calls":[)"
        R"({"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":\"\u20ac\"}"}},)"
        R"({"id":null,"function":{"name":"g","arguments":{ "x" : [1, 2] }}},)"
        R"({"function":{"name":"h","arguments":""},"extra_content":{ "google" : 1 },"n":null}]},)"
        R"("finish_reason":"stop"}]})");
    ASSERT_EQ(answer.tool_calls.size(), 3u);
    EXPECT_EQ(answer.tool_calls[0], ToolCall("a", "f", "{\"x\":\"\xE2\x82\xAC\"}"));
    EXPECT_EQ(answer.tool_calls[1].arguments, R"({"x":[1,2]})");
    EXPECT_EQ(answer.tool_calls[1].id.size(), 9u);
    EXPECT_EQ(answer.tool_calls[2].arguments, "{}");
    EXPECT_NE(answer.tool_calls[2].id, answer.tool_calls[1].id);
    EXPECT_EQ(answer.tool_calls[2].extra, R"("extra_content":{"google":1})");
    EXPECT_EQ(answer.finish(), FinishReason::tool_calls);
    EXPECT_EQ(answer_of(R"({"choices":[{"message":{"function_call":{"name":"f",)"
                        R"("arguments":"{}"}},"finish_reason":"function_call"}]})")
                  .tool_calls[0]
                  .name,
              "f");
}

TEST(AnswerDecoder, ReadsReasoningUnderItsNames) {
    const auto reasoning_of = [](const std::string& members) {
        return answer_of("{\"choices\":[{\"message\":{" + members + "}}]}").reasoning;
    };
    EXPECT_EQ(reasoning_of(R"("reasoning_content":"hm")"), "hm");
    EXPECT_EQ(reasoning_of(R"("reasoning":"hm")"), "hm");
    EXPECT_EQ(reasoning_of(R"("reasoning":"hm","reasoning_content":"hm")"), "hm");
    EXPECT_EQ(reasoning_of(R"("reasoning":null,"content":"x")"), "");
    EXPECT_EQ(reasoning_of(R"("content":[{"type":"thinking","thinking":[{"type":"text",)"
                           R"("text":"hm"}]},{"type":"text","text":"x"}])"),
              "hm");
    EXPECT_EQ(answer_of(R"({"choices":[{"message":{"reasoning_details":[ {"a": 1} ]}}]})")
                  .message()
                  .reasoning_blocks,
              R"([{"a":1}])");
}

TEST(AnswerDecoder, ReadsTheDetailsOfUsage) {
    const ChatAnswer answer = answer_of(
        R"({"choices":[{}],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,)"
        R"("prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},)"
        R"("completion_tokens_details":{"reasoning_tokens":4}}})");
    ASSERT_TRUE(answer.usage.has_value());
    EXPECT_EQ(answer.usage->cache_read_tokens, 3);
    EXPECT_EQ(answer.usage->cache_write_tokens, 2);
    EXPECT_EQ(answer.usage->reasoning_tokens, 4);
    const ChatAnswer other = answer_of(
        R"({"choices":[{}],"usage":{"prompt_cache_hit_tokens":3,"prompt_cache_miss_tokens":4,)"
        R"("completion_tokens":1,"prompt_tokens_details":null}})");
    ASSERT_TRUE(other.usage.has_value());
    EXPECT_EQ(other.usage->input_tokens, 7);
    EXPECT_EQ(other.usage->total_tokens, 8);
    EXPECT_EQ(other.usage->cache_read_tokens, 3);
}

TEST(AnswerDecoder, CallsThatAreNoJsonAreMalformed) {
    for (const char* call : {R"({"function":{"arguments":{bad}}})", R"({"extra":{"a":}})"}) {
        const std::string json =
            R"({"choices":[{"message":{"tool_calls":[)" + std::string(call) + "]}}]}";
        EXPECT_TRUE(error_of(json) == LlmErrc::malformed_answer) << json;
    }
}

TEST(AnswerDecoder, ReadsUsageUnderOtherNames) {
    const auto usage_of = [](const std::string& usage) {
        return answer_of("{\"choices\":[{}],\"usage\":" + usage + "}").usage;
    };
    EXPECT_EQ(usage_of(R"({"input_tokens":2,"output_tokens":3})"), Usage(2, 3));
    EXPECT_EQ(usage_of(R"({"prompt_tokens":2.0,"completion_tokens":null})"), Usage(2, 0));
    EXPECT_FALSE(usage_of("{}").has_value());
    EXPECT_TRUE(usage_of(R"({"prompt_tokens":9223372036854775807,"completion_tokens":9})"));
}

TEST(AnswerDecoder, ErrorObjectIsAnErrorInSpiteOfItsStatus) {
    const Error error = error_of(R"({"error":{"code":429,"message":"too fast"}})");
    EXPECT_TRUE(error == LlmErrc::failed_in_stream);
    EXPECT_EQ(error.worth_retry(), true);
    EXPECT_EQ(error.message(),
              "the server reported an error inside its answer: too fast (code 429)");
    EXPECT_TRUE(error_of(R"({"error":"model 'x' not found"})") == LlmErrc::failed_in_stream);
    EXPECT_TRUE(error_of(R"({"object":"error","message":"m","code":400})") ==
                LlmErrc::failed_in_stream);
    EXPECT_TRUE(error_of(R"([{"error":{"message":"m"}}])") == LlmErrc::failed_in_stream);
    EXPECT_TRUE(error_of(R"({"choices":[{"error":{"message":"m"},"message":{}}]})") ==
                LlmErrc::failed_in_stream);
    EXPECT_TRUE(error_of(R"({"choices":[{"finish_reason":"error"}]})") ==
                LlmErrc::failed_in_stream);
}

TEST(AnswerDecoder, WhatIsNoAnswerIsMalformedAndShown) {
    for (const char* body :
         {"", "hello", "[]", "1", "{}", R"({"choices":[]})", R"({"choices":null})",
          "<html>Bad Gateway</html>", R"({"choices":[{"message":{"content":"x"}}]} {})",
          R"({"choices":[{"message":{"content":"\q"}}]})"}) {
        EXPECT_TRUE(error_of(body) == LlmErrc::malformed_answer) << body;
    }
    EXPECT_NE(error_of("<html>Bad Gateway</html>").message().find("Bad Gateway"),
              std::string::npos);
}

TEST(AnswerDecoder, TextIsValidUtf8WhateverCame) {
    EXPECT_EQ(answer_of(R"({"choices":[{"message":{"content":"\ud83d"}}]})").text, "\xEF\xBF\xBD");
    EXPECT_EQ(answer_of("{\"choices\":[{\"message\":{\"content\":\"\xE2\x82\"}}]}").text,
              "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(AnswerDecoder, NoPrefixIsAnAnswer) {
    for (std::size_t size = 0; size < kWhole.size(); ++size) {
        EXPECT_FALSE(decode_chat_answer(kWhole.substr(0, size)).has_value()) << size;
    }
}

TEST(AnswerDecoder, SurvivesMangledBodies) {
    tests::for_each_mangled(kWhole, [](std::string_view body) {
        const auto answer = decode_chat_answer(body);
        if (!answer) {
            EXPECT_FALSE(answer.error().message().empty());
        }
    });
}

}  // namespace
