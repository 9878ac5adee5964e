// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/error.h>
#include <weir/llm/wire/messages_decoder.h>
#include <type_traits>

#include "tests/llm/wire/event_stream.h"
#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;
using tests::EventStreamResult;

namespace {

static_assert(!std::is_aggregate_v<MessagesDecoder> && !std::is_aggregate_v<MessagesUsage>);

EventStreamResult run(std::string_view body) {
    return tests::run_events<MessagesDecoder>(body);
}

bool says(const Error& error, std::string_view text) {
    return error.message().find(text) != std::string::npos;
}

const std::string kStart =
    "event: message_start\n"
    R"(data: {"type":"message_start","message":{"id":"msg_01","type":"message",)"
    R"("role":"assistant","content":[],"model":"claude-x","stop_reason":null,)"
    R"("stop_sequence":null,"usage":{"input_tokens":25,"output_tokens":1}}})"
    "\n\n";
const std::string kText =
    "event: content_block_start\n"
    R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
    "\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n"
    "event: content_block_delta\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",)"
    R"("text":"Hello"}})"
    "\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
const std::string kCall =
    "event: content_block_start\n"
    R"(data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use",)"
    R"("id":"toolu_01","name":"get_weather","input":{}}})"
    "\n\nevent: content_block_delta\n"
    R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta",)"
    R"("partial_json":"{\"city\": \"Pa"}})"
    "\n\nevent: content_block_delta\n"
    R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta",)"
    R"("partial_json":"ris\"}"}})"
    "\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n";
const std::string kEnd =
    "event: message_delta\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},)"
    R"("usage":{"output_tokens":89}})"
    "\n\n";
const std::string kStop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}

std::string text_delta(std::string_view json) {
    return event(
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" +
        std::string(json) + "\"}}");
}

TEST(MessagesDecoder, ReadsAWholeStreamUnderEveryCut) {
    weir::test::for_each_cut(kStart + kText + kCall + kEnd + kStop, [](weir::test::Pieces& pieces) {
        const auto result = tests::run_events<MessagesDecoder>(pieces);
        EXPECT_FALSE(result.error.has_value());
        EXPECT_EQ(result.text, "Hello");
        EXPECT_EQ(result.role, "assistant");
        EXPECT_EQ(result.finish_reason, "tool_use");
        ASSERT_EQ(result.calls.size(), 1u);
        EXPECT_EQ(result.calls.at(0), ToolCall("toolu_01", "get_weather", "{\"city\": \"Paris\"}"));
        EXPECT_EQ(result.usage, Usage(25, 89));
        EXPECT_TRUE(result.is_done);
    });
}

TEST(MessagesDecoder, WholeMeansAStopReasonOrMessageStop) {
    EXPECT_FALSE(run(kStart + kText + kEnd).error.has_value());
    EXPECT_FALSE(run(kStart + kText + kStop).error.has_value());
    for (const std::string& cut : {kStart + kText, kStart, std::string(), kStart + kText + kCall,
                                   kStart + kText + event("[DONE]")}) {
        const auto result = run(cut);
        ASSERT_TRUE(result.error.has_value()) << cut;
        EXPECT_TRUE(*result.error == LlmErrc::stream_truncated);
        EXPECT_EQ(result.error->worth_retry(), true);
    }
    const auto broken = tests::run_events<MessagesDecoder>(kStart, false);
    EXPECT_TRUE(says(*broken.error, "the connection broke"));
}

TEST(MessagesDecoder, ThinkingGoesBackAsItCame) {
    const std::string body =
        kStart +
        event(R"({"type":"content_block_start","index":0,)"
              R"("content_block":{"type":"thinking","thinking":"","signature":""}})") +
        event(R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"thinking_delta","thinking":"Let \"me"}})") +
        event(R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"thinking_delta","thinking":" see"}})") +
        event(R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"signature_delta","signature":"EqQ="}})") +
        event(R"({"type":"content_block_stop","index":0})") +
        event(R"({"type":"content_block_start","index":1,)"
              R"("content_block":{"type":"redacted_thinking","data":"xyz"}})") +
        event(R"({"type":"content_block_stop","index":1})") + kEnd + kStop;
    const auto result = run(body);
    EXPECT_EQ(result.reasoning, "Let \"me see");
    EXPECT_EQ(result.reasoning_blocks,
              R"([{"type":"thinking","thinking":"Let \"me see","signature":"EqQ="},)"
              R"({"type":"redacted_thinking","data":"xyz"}])");
}

TEST(MessagesDecoder, BlocksThatWereNotClosedAreAtTheEnd) {
    const std::string body =
        event(R"({"type":"content_block_start","index":0,)"
              R"("content_block":{"type":"thinking","thinking":"a","signature":"s"}})") +
        event(R"({"type":"content_block_start","index":1,)"
              R"("content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}})") +
        kEnd;
    const auto result = run(body);
    EXPECT_EQ(result.reasoning_blocks, R"([{"type":"thinking","thinking":"a","signature":"s"}])");
    EXPECT_EQ(result.calls.at(0), ToolCall("t", "f", R"({"a":1})"));
}

TEST(MessagesDecoder, CallsAreCountedAndWithoutInputAreEmpty) {
    const auto call = [](int index, std::string_view name) {
        const std::string number = std::to_string(index);
        return event(R"({"type":"content_block_start","index":)" + number +
                     R"(,"content_block":{"type":"tool_use","id":"t","name":")" +
                     std::string(name) + R"(","input":{}}})") +
               event(R"({"type":"content_block_stop","index":)" + number + "}");
    };
    const auto result = run(kStart + kText + call(1, "f") + call(2, "g") + kEnd);
    ASSERT_EQ(result.calls.size(), 2u);
    EXPECT_EQ(result.calls.at(0), ToolCall("t", "f", "{}"));
    EXPECT_EQ(result.calls.at(1), ToolCall("t", "g", "{}"));
}

TEST(MessagesDecoder, JoinsHalvesOfCharacters) {
    EXPECT_EQ(run(text_delta("a\\ud83d") + text_delta("\\ude00b") + kEnd).text,
              "a\xF0\x9F\x98\x80"
              "b");
    EXPECT_EQ(run(text_delta("a\\ud83d") + kEnd).text, "a\xEF\xBF\xBD");
    EXPECT_EQ(run(text_delta("\xFF") + kEnd).text, "\xEF\xBF\xBD");
}

TEST(MessagesDecoder, ErrorsInTheStreamSayWhetherTheyPass) {
    const std::string overloaded =
        "event: error\n"
        R"(data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"
        "\n\n";
    for (const std::string& body :
         {kStart + overloaded, kStart + overloaded.substr(overloaded.find("data")),
          kStart + kEnd + overloaded}) {
        const auto result = run(body);
        ASSERT_TRUE(result.error.has_value());
        EXPECT_TRUE(*result.error == LlmErrc::failed_in_stream);
        EXPECT_EQ(result.error->worth_retry(), true);
        EXPECT_TRUE(says(*result.error, "Overloaded (type overloaded_error)"));
        EXPECT_TRUE(result.is_done);
    }
    const auto wrong = run(event(R"({"type":"error","error":{"type":"invalid_request_error"}})"));
    EXPECT_EQ(wrong.error->worth_retry(), false);
}

TEST(MessagesDecoder, TheNameOfTheEventCountsWhereTheJsonHasNoType) {
    const std::string body =
        "event: content_block_delta\n"
        R"(data: {"index":0,"delta":{"type":"text_delta","text":"x"}})"
        "\n\nevent: message_stop\ndata: {}\n\n";
    const auto result = run(body);
    EXPECT_EQ(result.text, "x");
    EXPECT_FALSE(result.error.has_value());
}

TEST(MessagesDecoder, IgnoresWhatItDoesNotKnow) {
    const auto result =
        run(event(R"({"type":"new_thing","delta":{"text":"x"}})") + event(": KEEP ALIVE") +
            event(R"({"type":"content_block_delta","index":9,)"
                  R"("delta":{"type":"citations_delta","citation":{}}})") +
            event(R"({"type":"content_block_stop","index":7})") + kStop + text_delta("late"));
    EXPECT_EQ(result.deltas, 0);
    EXPECT_FALSE(result.error.has_value());
}

TEST(MessagesDecoder, WhatIsNoJsonEndsTheStream) {
    EXPECT_TRUE(*run(kStart + event("not json") + kEnd).error == LlmErrc::malformed_answer);
    std::string many;
    for (int index = 0; index < 200; ++index) {
        many += event(R"({"type":"content_block_start","index":)" + std::to_string(index) +
                      R"(,"content_block":{"type":"tool_use","id":"t","name":"f"}})");
    }
    EXPECT_TRUE(*run(many).error == LlmErrc::malformed_answer);
}

TEST(MessagesDecoder, UsageIsCumulativeAndInputIsAllOfIt) {
    const std::string body =
        event(R"({"type":"message_start","message":{"usage":{"input_tokens":10,)"
              R"("cache_creation_input_tokens":100,"cache_read_input_tokens":1000,)"
              R"("output_tokens":1}}})") +
        event(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"input_tokens":20,"cache_read_input_tokens":null,"output_tokens":7,)"
              R"("output_tokens_details":{"thinking_tokens":5}}})");
    Usage expected(1120, 7);
    expected.cache_write_tokens = 100;
    expected.cache_read_tokens = 1000;
    expected.reasoning_tokens = 5;
    EXPECT_EQ(run(body).usage, expected);
    MessagesUsage absurd;
    EXPECT_TRUE(absurd.take(R"({"input_tokens":9223372036854775807,"output_tokens":1})"));
    EXPECT_EQ(absurd.total().total_tokens, INT64_MAX);
    EXPECT_FALSE(absurd.take("{}"));
}

constexpr std::string_view kAnswer =
    R"({"id":"msg_01","type":"message","role":"assistant","model":"claude-x",)"
    R"("content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Hi"},)"
    R"({"type":"tool_use","id":"toolu_01","name":"get_weather","input":{"city": "Paris"}}],)"
    R"("stop_reason":"tool_use","stop_sequence":null,)"
    R"("usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,)"
    R"("output_tokens":25}})";

TEST(MessagesAnswer, ReadsAllOfIt) {
    const auto answer = decode_messages_answer(kAnswer);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->id, "msg_01");
    EXPECT_EQ(answer->model, "claude-x");
    EXPECT_EQ(answer->text, "Hi");
    EXPECT_EQ(answer->reasoning, "hm");
    EXPECT_EQ(answer->reasoning_blocks, R"([{"type":"thinking","thinking":"hm","signature":"s"}])");
    ASSERT_EQ(answer->tool_calls.size(), 1u);
    EXPECT_EQ(answer->tool_calls[0], ToolCall("toolu_01", "get_weather", R"({"city":"Paris"})"));
    EXPECT_EQ(answer->finish_reason, "tool_use");
    EXPECT_EQ(answer->finish(), FinishReason::tool_calls);
    EXPECT_EQ(answer->usage->input_tokens, 14);
    EXPECT_EQ(answer->usage->cache_read_tokens, 4);
    EXPECT_EQ(answer->usage->total_tokens, 39);
}

TEST(MessagesAnswer, EveryStopReasonHasItsKind) {
    const auto kind_of = [](std::string_view reason) {
        return decode_messages_answer(R"({"content":[],"stop_reason":")" + std::string(reason) +
                                      R"(","stop_details":{"explanation":"no"}})")
            ->finish();
    };
    EXPECT_EQ(kind_of("end_turn"), FinishReason::stop);
    EXPECT_EQ(kind_of("stop_sequence"), FinishReason::stop);
    EXPECT_EQ(kind_of("max_tokens"), FinishReason::length);
    EXPECT_EQ(kind_of("model_context_window_exceeded"), FinishReason::length);
    EXPECT_EQ(kind_of("tool_use"), FinishReason::tool_calls);
    EXPECT_EQ(kind_of("refusal"), FinishReason::content_filter);
    EXPECT_EQ(kind_of("pause_turn"), FinishReason::other);
    const auto refused = decode_messages_answer(
        R"({"content":[],"stop_reason":"refusal","stop_details":{"explanation":"no"}})");
    EXPECT_EQ(refused->refusal, "no");
}

TEST(MessagesAnswer, WhatIsNoMessageIsSaid) {
    EXPECT_TRUE(decode_messages_answer("").error() == LlmErrc::malformed_answer);
    EXPECT_TRUE(decode_messages_answer("<html>").error() == LlmErrc::malformed_answer);
    EXPECT_TRUE(decode_messages_answer(R"({"choices":[]})").error() == LlmErrc::malformed_answer);
    const auto failed = decode_messages_answer(
        R"({"type":"error","error":{"type":"api_error","message":"m!"},"request_id":"req_1"})");
    EXPECT_TRUE(failed.error() == LlmErrc::failed_in_stream);
    EXPECT_TRUE(says(failed.error(), "m! (type api_error; request id req_1)"));
    EXPECT_EQ(failed.error().worth_retry(), true);
}

TEST(MessagesAnswer, SurvivesMangledBodies) {
    tests::for_each_mangled(kAnswer, [](std::string_view body) {
        const auto answer = decode_messages_answer(body);
        EXPECT_TRUE(answer.has_value() || !answer.error().message().empty());
    });
}

}  // namespace
