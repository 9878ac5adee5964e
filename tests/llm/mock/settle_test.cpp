// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "llm/mock/request.h"
#include "tests/llm/mock/mock_world.h"

#include <string>
#include <string_view>

using namespace weir;
using namespace weir::test;
using llm::mock::Ask;
using llm::mock::Protocol;
using llm::mock::Script;

namespace {

constexpr std::string_view kTools =
    R"(,"tools":[{"type":"function","function":{"name":"add","parameters":{"type":"object",)"
    R"("properties":{"a":{"type":"integer","minimum":7,"maximum":7}},"required":["a"]}}},)"
    R"({"type":"function","function":{"name":"get_time"}}])";

std::string body_of(std::string_view text, std::string_view more) {
    return R"({"model":"m","messages":[{"role":"user","content":")" + std::string(text) + "\"}]" +
           std::string(more) + "}";
}

Ask ask(std::string_view text, std::string_view more) {
    return llm::mock::read_ask(Protocol::chat, body_of(text, more)).value();
}

Asked chat(std::string_view text, std::string_view more) {
    return Asked("POST", "/v1/chat/completions").content(body_of(text, more));
}

}  // namespace

TEST(MockSettle, CallsWhatTheUserSpellsOut) {
    const std::string_view text = R"(please call add({\"a\": 1}) and call get_time() now)";
    const Ask asked = ask(text, kTools);
    ASSERT_EQ(asked.calls.size(), 2u);
    EXPECT_EQ(asked.calls[0].name, "add");
    EXPECT_EQ(asked.calls[0].arguments, R"({"a": 1})");
    EXPECT_EQ(asked.calls[1].name, "get_time");
    EXPECT_EQ(asked.calls[1].arguments, "{}");
    const std::string one = std::string(kTools) + ",\"parallel_tool_calls\":false";
    EXPECT_EQ(ask(text, one).calls.size(), 1u);
}

TEST(MockSettle, TakesBracesInsideTextsForWhatTheyAre) {
    const Ask asked = ask(R"(call add({\"a\": \"}) \\\"{\"}))", kTools);
    ASSERT_EQ(asked.calls.size(), 1u);
    EXPECT_EQ(asked.calls[0].arguments, R"({"a": "}) \"{"})");
}

TEST(MockSettle, CallsNothingThatIsNotOfferedOrNotWellSaid) {
    for (const char* text : {"call sub()", "call add", "call add(", "call add({)", "call add({})x(",
                             "call add([1])", "recall it", "call add(1)"}) {
        const bool is_call = std::string_view(text) == "call add({})x(";
        EXPECT_EQ(ask(text, kTools).calls.size(), is_call ? 1u : 0u) << text;
    }
    EXPECT_TRUE(ask("call add()", "").calls.empty());
    EXPECT_TRUE(ask("call add()", std::string(kTools) + ",\"tool_choice\":\"none\"").calls.empty());
}

TEST(MockSettle, MakesUpACallThatIsRequired) {
    const Ask any = ask("hi", std::string(kTools) + ",\"tool_choice\":\"required\"");
    ASSERT_EQ(any.calls.size(), 1u);
    EXPECT_EQ(any.calls[0].name, "add");
    EXPECT_EQ(any.calls[0].arguments, R"({"a":7})");
    const Ask named =
        ask("hi call add()",
            std::string(kTools) +
                R"(,"tool_choice":{"type":"function","function":{"name":"get_time"}})");
    ASSERT_EQ(named.calls.size(), 1u);
    EXPECT_EQ(named.calls[0].name, "get_time");
}

TEST(MockSettle, RefusesAChoiceThatCannotBe) {
    const auto refused = [](const std::string& more) {
        const auto read = llm::mock::read_ask(Protocol::chat, body_of("hi", more));
        return read ? "" : read.error().message();
    };
    EXPECT_TRUE(has(refused(",\"tool_choice\":\"required\""), "'tool_choice'"));
    EXPECT_TRUE(has(refused(std::string(kTools) +
                            R"(,"tool_choice":{"type":"function","function":{"name":"sub"}})"),
                    "'sub'"));
    EXPECT_TRUE(has(refused(R"(,"tools":[{"type":"function"}])"), "'function'"));
    EXPECT_TRUE(has(refused(R"(,"tools":[{"type":"function","function":{}}])"), "'name'"));
}

TEST(MockSettle, SpeaksOnceTheToolsHaveSpoken) {
    const Ask asked =
        llm::mock::read_ask(
            Protocol::chat,
            R"x({"model":"m","messages":[{"role":"user","content":"call add()"},{"role":)x"
            R"("assistant","content":null,"tool_calls":[]},{"role":"tool","tool_call_id":"1",)"
            R"("content":"3"},{"role":"tool","tool_call_id":"2","content":"noon"}])" +
                std::string(kTools) + ",\"tool_choice\":\"required\"}")
            .value();
    EXPECT_TRUE(asked.calls.empty());
    EXPECT_EQ(asked.text, "The tools say: 3; noon.");
}

TEST(MockSettle, StreamsCallsInFragmentsThatFitTogether) {
    const std::string_view text = R"(call add({\"a\": 1, \"b\": \"zwölf\"}) call get_time())";
    const http::Response streamed =
        answer_of(Script(), chat(text, std::string(kTools) + ",\"stream\":true"));
    std::string first;
    std::string second;
    for (const auto& [type, data] : events_of(streamed.body)) {
        std::string_view delta = data;
        const std::size_t at = delta.find("\"arguments\":");
        if (at == delta.npos) continue;
        delta.remove_prefix(at + 12);
        const std::string fragment =
            llm::json_string_text(delta.substr(0, delta.find("\"}}]") + 1));
        (has(data, "\"tool_calls\":[{\"index\":0") ? first : second) += fragment;
    }
    EXPECT_EQ(first, R"({"a": 1, "b": "zwölf"})");
    EXPECT_EQ(second, "{}");
    EXPECT_TRUE(has(streamed.body, "\"finish_reason\":\"tool_calls\"}"));
    EXPECT_TRUE(has(streamed.body, R"("id":"call_mock_1_1","type":"function")"));

    const http::Response whole = answer_of(Script(), chat(text, kTools));
    EXPECT_TRUE(has(whole.body, R"("content":null,"tool_calls":[{"id":"call_mock_1_0","type":)"
                                R"("function","function":{"name":"add","arguments":"{\"a\": 1,)"))
        << whole.body;
}

TEST(MockSettle, AnswersInJsonThatWasAskedFor) {
    EXPECT_EQ(ask("hi", R"(,"response_format":{"type":"json_object"})").text,
              R"({"answer":"mock"})");
    EXPECT_EQ(ask("hi", R"(,"response_format":{"type":"text"})").text, "");
    const Ask asked =
        ask("hi", R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":)"
                  R"({"type":"object","properties":{"n":{"type":"integer","minimum":3,"maximum":)"
                  R"(3}}}}})");
    EXPECT_EQ(asked.text, R"({"n":3})");
    const http::Response answer =
        answer_of(Script(), chat("hi", R"(,"response_format":{"type":"json_object"})"));
    EXPECT_TRUE(has(answer.body, R"("content":"{\"answer\":\"mock\"}")")) << answer.body;
}
