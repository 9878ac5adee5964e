// SPDX-License-Identifier: MIT
#include "llm/mock/responses_reply.h"

#include <gtest/gtest.h>
#include <weir/llm/mock/text.h>

#include "tests/llm/mock/mock_world.h"

#include <string>
#include <string_view>

using namespace weir;
using namespace weir::test;
using llm::mock::Script;

namespace {

Asked response(std::string_view more) {
    return Asked("POST", "/v1/responses")
        .content(R"({"model":"g","input":"Hi there")" + std::string(more) + "}");
}

constexpr std::string_view kTools =
    R"(,"tools":[{"type":"function","name":"add","parameters":{"type":"object","properties":)"
    R"({"a":{"type":"integer"}}}}],"tool_choice":"required")";

}  // namespace

TEST(MockResponses, AnswersWhole) {
    const http::Response answer = answer_of(Script().tokens(3), response(""));
    EXPECT_TRUE(llm::is_json(answer.body)) << answer.body;
    EXPECT_EQ(member_of(answer.body, "id"), "\"resp_mock_1\"");
    EXPECT_EQ(member_of(answer.body, "status"), "\"completed\"");
    EXPECT_TRUE(has(answer.body, "\"text\":\"" + llm::mock::expected_text("Hi there", 3) + '"'));
    EXPECT_TRUE(has(answer.body, R"("usage":{"input_tokens":2,)")) << answer.body;
}

TEST(MockResponses, StreamsInTheOrderOfTheProtocol) {
    const http::Response answer = answer_of(Script().tokens(2), response(",\"stream\":true"));
    std::string names;
    std::string text;
    std::int64_t number = 0;
    for (const auto& [type, data] : events_of(answer.body)) {
        names += type.substr(9) + " ";
        EXPECT_EQ(member_of(data, "sequence_number"), std::to_string(number++)) << data;
        if (type == "response.output_text.delta") {
            text += llm::json_string_text(member_of(data, "delta"));
        }
    }
    EXPECT_EQ(names,
              "created in_progress output_item.added content_part.added output_text.delta "
              "output_text.delta output_text.done content_part.done output_item.done completed ");
    EXPECT_EQ(text, llm::mock::expected_text("Hi there", 2));
    EXPECT_EQ(count_of(answer.body, "\"text\":\"" + text + '"'), 4u) << answer.body;
}

TEST(MockResponses, CallsAToolInFragments) {
    const http::Response whole = answer_of(Script(), response(kTools));
    EXPECT_TRUE(has(whole.body, R"("type":"function_call","call_id":"call_mock_1_0","name":"add")"))
        << whole.body;
    const http::Response streamed =
        answer_of(Script(), response(std::string(kTools) + ",\"stream\":true"));
    std::string json;
    for (const auto& [type, data] : events_of(streamed.body)) {
        if (type == "response.function_call_arguments.delta") {
            json += llm::json_string_text(member_of(data, "delta"));
        }
        if (type == "response.function_call_arguments.done") {
            EXPECT_EQ(llm::json_string_text(member_of(data, "arguments")), json);
        }
    }
    EXPECT_TRUE(llm::is_json(json)) << json;
}

TEST(MockResponses, ReadsItemsAndTheResultsOfTools) {
    const http::Response answer = answer_of(
        Script(),
        Asked("POST", "/v1/responses")
            .content(R"({"model":"g","input":[{"role":"user","content":[{"type":"input_text",)"
                     R"("text":"go"}]},{"type":"function_call","call_id":"c","name":"add",)"
                     R"("arguments":"{}"},{"type":"function_call_output","call_id":"c",)"
                     R"("output":"forty two"}]})"));
    EXPECT_TRUE(has(answer.body, "The tools say: forty two.")) << answer.body;
}

TEST(MockResponses, IsIncompleteWhereItsLimitEndsIt) {
    const http::Response answer =
        answer_of(Script().tokens(9), response(R"(,"max_output_tokens":4,"stream":true)"));
    EXPECT_EQ(events_of(answer.body).back().first, "response.incomplete");
    EXPECT_TRUE(has(answer.body, R"("incomplete_details":{"reason":"max_output_tokens"})"));
}

TEST(MockResponses, ReasonsIfAskedAndFitsASchema) {
    const http::Response answer =
        answer_of(Script(), response(R"(,"reasoning":{"effort":"low"},"text":{"format":{"type":)"
                                     R"("json_schema","name":"n","schema":{"type":"boolean"}}})"));
    EXPECT_TRUE(has(answer.body, R"("type":"reasoning","summary":[{"type":"summary_text")"))
        << answer.body;
    EXPECT_TRUE(has(answer.body, "\"text\":\"true\"") || has(answer.body, "\"text\":\"false\""));
    EXPECT_TRUE(has(answer.body, R"("reasoning_tokens":8)"));
}

TEST(MockResponses, RefusesInputThatIsNone) {
    for (const char* body : {R"({"model":"g"})", R"({"model":"g","input":[]})",
                             R"({"model":"g","input":[{"content":"x"}]})"}) {
        const http::Response answer =
            answer_of(Script(), Asked("POST", "/v1/responses").content(body));
        EXPECT_EQ(answer.status(), 400) << body;
        EXPECT_TRUE(has(answer.body, "'")) << answer.body;
    }
}

TEST(MockResponses, FailsInTheStream) {
    const http::Response answer =
        answer_of(Script().fail_in_stream(1), response(",\"stream\":true"));
    EXPECT_EQ(events_of(answer.body).back().first, "error");
}
