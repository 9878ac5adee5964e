// SPDX-License-Identifier: MIT
#include "llm/mock/messages_reply.h"

#include <gtest/gtest.h>
#include <weir/llm/mock/text.h>

#include "tests/llm/mock/mock_world.h"

#include <string>
#include <string_view>

using namespace weir;
using namespace weir::test;
using llm::mock::Script;

namespace {

Asked message(std::string_view more) {
    return Asked("POST", "/v1/messages")
        .header("anthropic-version", "2023-06-01")
        .content(
            R"({"model":"c","max_tokens":20,"messages":[{"role":"user","content":"Hi there"}])" +
            std::string(more) + "}");
}

constexpr std::string_view kTools =
    R"(,"tools":[{"name":"add","input_schema":{"type":"object","properties":)"
    R"({"a":{"type":"integer"}},"required":["a"]}}],"tool_choice":{"type":"any"})";

}  // namespace

TEST(MockMessages, AnswersWhole) {
    const http::Response answer = answer_of(Script().tokens(3), message(""));
    EXPECT_EQ(answer.status(), 200);
    EXPECT_TRUE(answer.head.headers.contains("request-id"));
    EXPECT_EQ(answer.body,
              R"({"id":"msg_mock_1","type":"message","role":"assistant","model":"c","content":)"
              R"([{"type":"text","text":")" +
                  llm::mock::expected_text("Hi there", 3) +
                  R"("}],"stop_reason":"end_turn","stop_sequence":null,"usage":)"
                  R"({"input_tokens":2,"cache_creation_input_tokens":0,)"
                  R"("cache_read_input_tokens":0,"output_tokens":3}})");
}

TEST(MockMessages, StreamsInTheOrderOfTheProtocol) {
    const http::Response answer = answer_of(Script().tokens(2), message(",\"stream\":true"));
    std::string names;
    std::string text;
    for (const auto& [type, data] : events_of(answer.body)) {
        names += type + " ";
        EXPECT_EQ(member_of(data, "type"), '"' + type + '"');
        text += llm::json_string_text(member_of(member_of(data, "delta"), "text"));
    }
    EXPECT_EQ(names,
              "message_start ping content_block_start content_block_delta content_block_delta "
              "content_block_stop message_delta message_stop ");
    EXPECT_EQ(text, llm::mock::expected_text("Hi there", 2));
    EXPECT_TRUE(has(answer.body, R"("delta":{"stop_reason":"end_turn")")) << answer.body;
}

TEST(MockMessages, EndsForItsLimit) {
    const http::Response answer = answer_of(Script().tokens(50), message(""));
    EXPECT_TRUE(has(answer.body, R"("stop_reason":"max_tokens")"));
    EXPECT_TRUE(has(answer.body, R"("output_tokens":20)"));
}

TEST(MockMessages, CallsAToolWholeAndInFragments) {
    const http::Response whole = answer_of(Script(), message(kTools));
    EXPECT_TRUE(
        has(whole.body, R"({"type":"tool_use","id":"toolu_mock_1_0","name":"add","input":{"a":)"))
        << whole.body;
    EXPECT_TRUE(has(whole.body, R"("stop_reason":"tool_use")"));

    const http::Response streamed =
        answer_of(Script(), message(std::string(kTools) + ",\"stream\":true"));
    std::string json;
    for (const auto& [type, data] : events_of(streamed.body))
        json += llm::json_string_text(member_of(member_of(data, "delta"), "partial_json"));
    EXPECT_TRUE(has(whole.body, "\"input\":" + json)) << json;
    EXPECT_GE(count_of(streamed.body, "input_json_delta"), 2u);
    EXPECT_TRUE(has(streamed.body, R"("name":"add","input":{}})"));
}

TEST(MockMessages, ThinksIfAsked) {
    const std::string_view thinking = R"(,"thinking":{"type":"enabled","budget_tokens":1024})";
    const http::Response whole = answer_of(Script(), message(thinking));
    EXPECT_TRUE(has(whole.body, R"({"type":"thinking","thinking":")" +
                                    llm::mock::expected_reasoning("Hi there", 8) + '"'))
        << whole.body;
    const http::Response streamed =
        answer_of(Script(), message(std::string(thinking) + ",\"stream\":true"));
    EXPECT_EQ(count_of(streamed.body, "\"thinking_delta\""), 8u);
    EXPECT_EQ(count_of(streamed.body, "\"signature_delta\""), 1u);
    EXPECT_EQ(count_of(streamed.body, "event: content_block_stop"), 2u);
}

TEST(MockMessages, SaysAgainWhatTheToolsSaid) {
    const http::Response answer = answer_of(
        Script(),
        Asked("POST", "/v1/messages")
            .content(R"({"model":"c","max_tokens":99,"messages":[{"role":"user","content":"go"},)"
                     R"({"role":"assistant","content":[{"type":"tool_use","id":"t","name":"add",)"
                     R"("input":{}}]},{"role":"user","content":[{"type":"tool_result",)"
                     R"("tool_use_id":"t","content":"forty two"}]}])" +
                     std::string(kTools) + "}"));
    EXPECT_TRUE(has(answer.body, R"("text":"The tools say: forty two.")")) << answer.body;
}

TEST(MockMessages, ErrorsHaveTheirShape) {
    const http::Response bad = answer_of(
        Script(), Asked("POST", "/v1/messages")
                      .content(R"({"model":"c","messages":[{"role":"user","content":"x"}]})"));
    EXPECT_EQ(bad.status(), 400);
    EXPECT_TRUE(has(bad.body, R"({"type":"error","error":{"type":"invalid_request_error",)"
                              R"("message":"'max_tokens' is needed"},"request_id":"req_mock_1"})"))
        << bad.body;
    const http::Response busy = answer_of(Script().status(529), message(""));
    EXPECT_EQ(busy.status(), 529);
    EXPECT_TRUE(has(busy.body, "overloaded_error"));
    const http::Response cut = answer_of(Script().fail_in_stream(1), message(",\"stream\":true"));
    EXPECT_EQ(events_of(cut.body).back().first, "error");
}

TEST(MockMessages, StructuredOutputFitsItsSchema) {
    const http::Response answer =
        answer_of(Script(), message(R"(,"output_config":{"format":{"type":"json_schema","schema":)"
                                    R"({"type":"object","properties":{"ok":{"const":true}}}}})"));
    EXPECT_TRUE(has(answer.body, R"("text":"{\"ok\":true}")")) << answer.body;
}
