// SPDX-License-Identifier: MIT
#include <weir/llm/toolbox.h>

#include <gtest/gtest.h>
#include <weir/llm/structured.h>
#include <weir/runtime/sleep.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using http::since;

namespace {

static_assert(!std::is_aggregate_v<Conversation> && !std::is_aggregate_v<StructuredAnswer>);

constexpr const char* kCity =
    R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})";

// A function that takes a while and says what it was asked.
ToolFunction echo(Duration time) {
    return [time](std::string arguments) -> Task<Result<std::string>> {
        co_await sleep_for(time);
        co_return "got " + arguments;
    };
}

std::vector<std::string> texts(const std::vector<Message>& messages) {
    std::vector<std::string> all;
    for (const Message& each : messages)
        all.push_back(each.tool_call_id + (each.is_error ? " failed: " : ": ") + each.text);
    return all;
}

// A model that says these bodies, one a call, and keeps what it was asked.
template <typename Body>
void with_model(std::vector<std::string> answers, Body body) {
    std::vector<std::string> asked;
    const auto handler = [&](http::Exchange& exchange) -> Task<void> {
        asked.emplace_back(exchange.body());
        const std::size_t number = std::min(asked.size(), answers.size()) - 1;
        std::ignore = co_await exchange.respond(200, http::Headers(), answers[number]);
    };
    http::with_server(handler, [&](http::Server&) -> Task<void> {
        Client client = Client::make(ClientOptions().base_url("http://localhost:8080/v1")).value();
        co_await body(client, asked);
    });
}

std::string says(std::string_view json_text, std::string_view finish = "stop") {
    return R"({"choices":[{"message":{"content":")" + std::string(json_text) +
           R"("},"finish_reason":")" + std::string(finish) + R"("}]})";
}

Chat weather() {
    return Chat("m").user("Weather?").response_format(ResponseFormat::json_schema("city", kCity));
}

}  // namespace

TEST(Toolbox, CallsFunctionsAtTheSameTimeAndKeepsTheOrder) {
    http::alone([]() -> Task<void> {
        Toolbox tools;
        EXPECT_TRUE(tools.add(Tool("slow", "", ""), echo(3s)).has_value());
        EXPECT_TRUE(tools.add(Tool("quick", "", kCity), echo(1s)).has_value());
        const Instant start = Reactor::current().now();
        const std::vector<ToolCall> calls = {ToolCall("1", "slow", "{}"),
                                             ToolCall("2", "quick", R"({"city":"Bonn"})")};
        std::vector<Message> results = co_await tools.call(calls);
        EXPECT_EQ(texts(results),
                  (std::vector<std::string>{"1: got {}", R"(2: got {"city":"Bonn"})"}));
        EXPECT_LT(since(start), 3100ms);
    });
}

TEST(Toolbox, RunsNoMoreAtATimeThanItMay) {
    http::alone([]() -> Task<void> {
        Toolbox tools;
        EXPECT_TRUE(tools.concurrency(2).add(Tool("f", "", ""), echo(1s)).has_value());
        const std::vector<ToolCall> calls(5, ToolCall("1", "f", "{}"));
        const Instant start = Reactor::current().now();
        std::vector<Message> results = co_await tools.call(calls);
        EXPECT_EQ(results.size(), 5u);
        EXPECT_GE(since(start), 3s);
    });
}

TEST(Toolbox, TellsTheModelWhatWentWrong) {
    http::alone([]() -> Task<void> {
        Toolbox tools;
        tools.call_limit(5s);
        EXPECT_TRUE(tools.add(Tool("city", "", kCity), echo(1h)).has_value());
        const auto broken = [](std::string) -> Task<Result<std::string>> {
            co_return Error(Errc::bad_argument, "no such town");
        };
        EXPECT_TRUE(tools.add(Tool("broken", "", ""), broken).has_value());
        const std::vector<ToolCall> calls = {
            ToolCall("1", "town", "{}"), ToolCall("2", "city", R"({"city":7})"),
            ToolCall("3", "city", "{"), ToolCall("4", "city", R"({"city":"x"})"),
            ToolCall("5", "broken", "{}")};
        const std::vector<std::string> all = texts(co_await tools.call(calls));
        EXPECT_EQ(all[0],
                  "1 failed: Error: there is no function \"town\"; there are: city, broken");
        EXPECT_EQ(all[1].find("2 failed: Error: the arguments do not fit: at /city: must be"), 0u);
        EXPECT_EQ(all[2].find("3 failed: Error: the arguments do not fit: it is not valid"), 0u);
        EXPECT_EQ(all[3].find("4 failed: Error: "), 0u);
        EXPECT_EQ(all[4], "5 failed: Error: no such town");
    });
}

TEST(Toolbox, RefusesFunctionsThatCannotBeCalled) {
    Toolbox tools;
    EXPECT_TRUE(tools.add(Tool("f", "", ""), echo(1s)).has_value());
    EXPECT_EQ(tools.add(Tool("f", "", ""), echo(1s)).error(), Errc::bad_argument);
    EXPECT_EQ(tools.add(Tool("g", "", "[]"), echo(1s)).error(), Errc::bad_argument);
    EXPECT_EQ(tools.add(Tool("h", "", ""), nullptr).error(), Errc::bad_argument);
}

// --- structured answers --------------------------------------------------------------------------

TEST(StructuredAnswers, AreTakenWhereTheyKeepToTheSchema) {
    with_model({says(R"({\"city\":\"Bonn\"})")},
               [](Client& client, std::vector<std::string>&) -> Task<void> {
                   Result<StructuredAnswer> answer = co_await ask_structured(client, weather());
                   EXPECT_EQ(answer->json, R"({"city":"Bonn"})");
                   EXPECT_EQ(answer->rounds, 1);
               });
}

TEST(StructuredAnswers, AreAskedForAgainWithTheFault) {
    with_model({says("Bonn"), says(R"({\"town\":\"Bonn\"})"),
                says(R"(```json\n{\"city\":\"Bonn\"}\n```)")},
               [](Client& client, std::vector<std::string>& asked) -> Task<void> {
                   Result<StructuredAnswer> answer = co_await ask_structured(client, weather());
                   EXPECT_EQ(answer->json, R"({"city":"Bonn"})");
                   EXPECT_EQ(answer->rounds, 3);
                   EXPECT_EQ(asked.size(), 3u);
                   EXPECT_NE(asked[1].find("it is not valid JSON"), std::string::npos);
                   EXPECT_NE(asked[2].find(R"(lacks the member \"city\")"), std::string::npos);
               });
}

TEST(StructuredAnswers, GiveUpInTheEnd) {
    with_model({says("no")}, [](Client& client, std::vector<std::string>& asked) -> Task<void> {
        Result<StructuredAnswer> answer = co_await ask_structured(client, weather(), 2);
        EXPECT_EQ(answer.error(), LlmErrc::malformed_answer);
        EXPECT_EQ(answer.error().message().find("the model was asked 2 times"), 0u);
        EXPECT_EQ(asked.size(), 2u);
    });
}

TEST(StructuredAnswers, ThatAreCutOrRefusedAreNotAskedForAgain) {
    const std::string refusal = R"({"choices":[{"message":{"content":null,"refusal":"No."}}]})";
    for (const std::string& body : {says(R"({\"city\":)", "length"), refusal}) {
        with_model({body}, [](Client& client, std::vector<std::string>& asked) -> Task<void> {
            Result<StructuredAnswer> answer = co_await ask_structured(client, weather());
            EXPECT_EQ(answer.error(), LlmErrc::malformed_answer);
            EXPECT_EQ(answer.error().worth_retry(), false);
            EXPECT_EQ(asked.size(), 1u);
        });
    }
}

TEST(StructuredAnswers, NeedASchema) {
    with_model({""}, [](Client& client, std::vector<std::string>& asked) -> Task<void> {
        Result<StructuredAnswer> answer =
            co_await ask_structured(client, Chat("m").user("Weather?"));
        EXPECT_EQ(answer.error(), Errc::bad_argument);
        Chat bad = Chat("m").user("?").response_format(ResponseFormat::json_schema("x", "[]"));
        answer = co_await ask_structured(client, std::move(bad));
        EXPECT_EQ(answer.error(), Errc::bad_argument);
        EXPECT_TRUE(asked.empty());
    });
}

TEST(StructuredAnswers, JsonIsFoundInACodeFence) {
    EXPECT_EQ(json_in(" {} \n"), "{}");
    EXPECT_EQ(json_in("```json\n{}\n```\n"), "{}");
    EXPECT_EQ(json_in("```\n{}```"), "{}");
    EXPECT_EQ(json_in("```{}```"), "{}");
    EXPECT_EQ(json_in("``````"), "");
    EXPECT_EQ(json_in("```"), "```");
    EXPECT_EQ(json_in(""), "");
}
