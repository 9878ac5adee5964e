// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/error.h>
#include <weir/llm/wire/responses_decoder.h>
#include <type_traits>

#include "tests/llm/wire/event_stream.h"
#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;
using tests::EventStreamResult;

namespace {

static_assert(!std::is_aggregate_v<ResponsesDecoder>);

EventStreamResult run(std::string_view body) {
    return tests::run_events<ResponsesDecoder>(body);
}

bool says(const Error& error, std::string_view text) {
    return error.message().find(text) != std::string::npos;
}

/// An event as this protocol writes it: its name twice.
std::string event(std::string_view name, std::string_view members) {
    std::string text = "event: ";
    text.append(name).append("\ndata: {\"type\":\"").append(name).append("\"");
    if (!members.empty()) text.append(",").append(members);
    return text + "}\n\n";
}

std::string text_delta(std::string_view json) {
    return event("response.output_text.delta",
                 R"("item_id":"msg_1","output_index":0,"content_index":0,"delta":")" +
                     std::string(json) + "\"");
}

const std::string kStart =
    event("response.created",
          R"("sequence_number":0,"response":{"id":"resp_1","status":"in_progress","output":[],)"
          R"("error":null,"usage":null})") +
    event("response.in_progress", R"("sequence_number":1,"response":{"id":"resp_1"})");
const std::string kText =
    event("response.output_item.added",
          R"("output_index":0,"item":{"type":"message","id":"msg_1","content":[]})") +
    event("response.content_part.added",
          R"("output_index":0,"part":{"type":"output_text","text":""})") +
    text_delta("Hel") + text_delta("lo") +
    event("response.output_text.done", R"("output_index":0,"text":"Hello")") +
    event("response.content_part.done",
          R"("output_index":0,"part":{"type":"output_text","text":"Hello"})") +
    event("response.output_item.done",
          R"("output_index":0,"item":{"type":"message","content":[{"type":"output_text",)"
          R"("text":"Hello"}]})");
const std::string kCall =
    event("response.output_item.added",
          R"("output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_1",)"
          R"("name":"get_weather","arguments":""})") +
    event("response.function_call_arguments.delta", R"("output_index":1,"delta":"{\"city\":")") +
    event("response.function_call_arguments.delta", R"("output_index":1,"delta":"\"Paris\"}")") +
    event("response.function_call_arguments.done",
          R"("output_index":1,"arguments":"{\"city\":\"Paris\"}")") +
    event("response.output_item.done",
          R"("output_index":1,"item":{"type":"function_call","call_id":"call_1",)"
          R"("name":"get_weather","arguments":"{\"city\":\"Paris\"}"})");
const std::string kUsage =
    R"("usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":12,)"
    R"("output_tokens_details":{"reasoning_tokens":5},"total_tokens":21})";
const std::string kEnd = event(
    "response.completed",
    R"("response":{"id":"resp_1","status":"completed","error":null,"output":[],)" + kUsage + "}");

TEST(ResponsesDecoder, ReadsAWholeStreamUnderEveryCut) {
    Usage usage(9, 12);
    usage.cache_read_tokens = 4;
    usage.reasoning_tokens = 5;
    weir::test::for_each_cut(kStart + kText + kCall + kEnd, [&](weir::test::Pieces& pieces) {
        const auto result = tests::run_events<ResponsesDecoder>(pieces);
        EXPECT_FALSE(result.error.has_value());
        EXPECT_EQ(result.text, "Hello");
        EXPECT_EQ(result.role, "assistant");
        EXPECT_EQ(result.finish_reason, "tool_calls");
        ASSERT_EQ(result.calls.size(), 1u);
        EXPECT_EQ(result.calls.at(0), ToolCall("call_1", "get_weather", R"({"city":"Paris"})"));
        EXPECT_EQ(result.usage, usage);
        EXPECT_TRUE(result.is_done);
    });
}

TEST(ResponsesDecoder, OnlyItsLastEventMakesItWhole) {
    EXPECT_EQ(run(kStart + kText + kEnd).finish_reason, "stop");
    EXPECT_FALSE(run(kStart + kText + kEnd + "data: [DONE]\n\n").error.has_value());
    for (const std::string& cut :
         {std::string(), kStart, kStart + kText, kStart + kText + "data: [DONE]\n\n"}) {
        const auto result = run(cut);
        ASSERT_TRUE(result.error.has_value()) << cut;
        EXPECT_TRUE(*result.error == LlmErrc::stream_truncated);
        EXPECT_EQ(result.error->worth_retry(), true);
    }
    const auto broken = tests::run_events<ResponsesDecoder>(kStart, false);
    EXPECT_TRUE(says(*broken.error, "the connection broke"));
}

TEST(ResponsesDecoder, AnIncompleteAnswerSaysWhy) {
    const auto result =
        run(kStart + kText +
            event("response.incomplete", R"("response":{"status":"incomplete",)"
                                         R"("incomplete_details":{"reason":"max_output_tokens"},)" +
                                             kUsage + "}"));
    EXPECT_FALSE(result.error.has_value());
    EXPECT_EQ(result.finish_reason, "max_output_tokens");
    EXPECT_EQ(result.text, "Hello");
}

TEST(ResponsesDecoder, ErrorsSayWhetherTheyPass) {
    const std::string failed =
        event("response.failed", R"("response":{"id":"resp_1","status":"failed",)"
                                 R"("error":{"code":"server_error","message":"m!"}})");
    const std::string error =
        event("error", R"("code":"rate_limit_exceeded","message":"m!","param":null)");
    for (const std::string& body :
         {kStart + failed, kStart + error, kStart + error.substr(error.find("data"))}) {
        const auto result = run(body + kEnd);
        ASSERT_TRUE(result.error.has_value()) << body;
        EXPECT_TRUE(*result.error == LlmErrc::failed_in_stream);
        EXPECT_TRUE(says(*result.error, "m!"));
        EXPECT_EQ(result.error->worth_retry(), true);
        EXPECT_TRUE(result.is_done);
    }
    EXPECT_EQ(run(event("error", R"("code":"invalid_prompt","message":"m")")).error->worth_retry(),
              false);
    EXPECT_TRUE(*run("data: nonsense\n\n").error == LlmErrc::malformed_answer);
}

TEST(ResponsesDecoder, ReasoningIsToldAndKeptToBeSentBack) {
    const std::string item =
        R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"}],)"
        R"("encrypted_content":"x"})";
    const auto part = [](int number) {
        return event("response.reasoning_summary_part.added",
                     "\"summary_index\":" + std::to_string(number));
    };
    const auto result =
        run(kStart + part(0) + event("response.reasoning_summary_text.delta", R"("delta":"a")") +
            part(1) + event("response.reasoning_summary_text.delta", R"("delta":"b")") +
            event("response.reasoning_text.delta", R"("delta":"c")") +
            event("response.output_item.done", R"("output_index":0,"item":)" + item) + kEnd);
    EXPECT_EQ(result.reasoning, "a\n\nbc");
    EXPECT_EQ(result.reasoning_blocks, "[" + item + "]");
}

TEST(ResponsesDecoder, RefusalsAndHalvesOfCharacters) {
    EXPECT_EQ(run(event("response.refusal.delta", R"("delta":"I ")") +
                  event("response.refusal.delta", R"("delta":"won't")") + kEnd)
                  .refusal,
              "I won't");
    EXPECT_EQ(run(text_delta("\\ud83d") + text_delta("\\ude00") + kEnd).text, "\xF0\x9F\x98\x80");
    EXPECT_EQ(run(text_delta("\\ud83d") + kEnd).text, "\xEF\xBF\xBD");
}

TEST(ResponsesDecoder, ArgumentsMayComeOnlyAtTheEnd) {
    const std::string added =
        event("response.output_item.added",
              R"("output_index":3,"item":{"type":"function_call","call_id":"c","name":"f"})");
    const std::string arguments =
        event("response.function_call_arguments.done", R"("output_index":3,"arguments":"{}")");
    const std::string done =
        event("response.output_item.done",
              R"("output_index":3,"item":{"type":"function_call","call_id":"c","name":"f",)"
              R"("arguments":"{}"})");
    for (const std::string& body :
         {added + arguments, added + done, done, added + arguments + done, arguments + done}) {
        const auto result = run(body + kEnd);
        ASSERT_EQ(result.calls.size(), 1u) << body;
        EXPECT_EQ(result.calls.at(0), ToolCall("c", "f", "{}"));
        EXPECT_EQ(result.finish_reason, "tool_calls");
    }
}

TEST(ResponsesDecoder, AnAnswerThatWasNotStreamedIsReadAtTheEnd) {
    const auto result =
        run(event("response.completed",
                  R"("response":{"status":"completed","output":[{"type":"message","content":)"
                  R"([{"type":"output_text","text":"Hi"}]},{"type":"function_call",)"
                  R"("call_id":"c","name":"f","arguments":"{}"}]})"));
    EXPECT_EQ(result.text, "Hi");
    EXPECT_EQ(result.calls.at(0), ToolCall("c", "f", "{}"));
    EXPECT_EQ(result.finish_reason, "tool_calls");
}

TEST(ResponsesDecoder, IgnoresWhatItDoesNotKnow) {
    const auto result = run(
        "data: : KEEP ALIVE\n\n" + event("ping", "") + event("response.new_thing", "\"delta\":1") +
        event("response.function_call_arguments.delta", R"("output_index":9,"delta":"x")") +
        event("response.output_item.done", R"("item":{"type":"web_search_call"})") + kEnd);
    EXPECT_FALSE(result.error.has_value());
    EXPECT_EQ(result.text, "");
    EXPECT_TRUE(result.calls.empty());
}

constexpr std::string_view kAnswer =
    R"({"id":"resp_1","object":"response","status":"completed","error":null,"model":"gpt-x",)"
    R"("output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},)"
    R"({"type":"summary_text","text":"b"}]},{"type":"message","role":"assistant","content":)"
    R"([{"type":"output_text","text":"Hel"},{"type":"output_text","text":"lo"}]},)"
    R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f",)"
    R"("arguments":"{\"a\":1}"}],)"
    R"("usage":{"input_tokens":9,"output_tokens":12,"total_tokens":21}})";

TEST(ResponsesAnswer, ReadsAllOfIt) {
    const auto answer = decode_responses_answer(kAnswer);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->id, "resp_1");
    EXPECT_EQ(answer->model, "gpt-x");
    EXPECT_EQ(answer->text, "Hello");
    EXPECT_EQ(answer->reasoning, "a\n\nb");
    EXPECT_TRUE(answer->reasoning_blocks.starts_with(R"([{"type":"reasoning","id":"rs_1")"));
    ASSERT_EQ(answer->tool_calls.size(), 1u);
    EXPECT_EQ(answer->tool_calls[0], ToolCall("call_1", "f", R"({"a":1})"));
    EXPECT_EQ(answer->finish(), FinishReason::tool_calls);
    EXPECT_EQ(answer->usage, Usage(9, 12));
}

TEST(ResponsesAnswer, WhatHasNoAnswerIsSaid) {
    const auto code_of = [](std::string_view body) {
        return decode_responses_answer(body).error().code();
    };
    EXPECT_EQ(code_of(""), make_error_code(LlmErrc::malformed_answer));
    EXPECT_EQ(code_of("{}"), make_error_code(LlmErrc::malformed_answer));
    EXPECT_EQ(code_of(R"({"status":"queued","output":[]})"),
              make_error_code(LlmErrc::malformed_answer));
    EXPECT_EQ(code_of(R"({"error":{"message":"m"}})"), make_error_code(LlmErrc::failed_in_stream));
    EXPECT_EQ(code_of(R"({"status":"failed","output":[],"error":{"code":"server_error"}})"),
              make_error_code(LlmErrc::failed_in_stream));
    const auto refused = decode_responses_answer(
        R"({"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":)"
        R"([{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]})");
    EXPECT_EQ(refused->refusal, "no");
    EXPECT_EQ(refused->finish(), FinishReason::content_filter);
}

TEST(ResponsesAnswer, SurvivesMangledBodies) {
    tests::for_each_mangled(kAnswer, [](std::string_view body) {
        const auto answer = decode_responses_answer(body);
        EXPECT_TRUE(answer.has_value() || !answer.error().message().empty());
    });
}

}  // namespace
