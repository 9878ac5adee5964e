// SPDX-License-Identifier: MIT
#include "llm/mock/dialect.h"

#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/text.h>

#include "tests/llm/mock/mock_world.h"

#include <chrono>
#include <string>
#include <string_view>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using llm::mock::Dialect;
using llm::mock::Script;

namespace {

Script speaking(std::string_view name) {
    Script script;
    script.tokens(3);
    EXPECT_TRUE(script.dialect(name)) << name;
    return script;
}

Asked chat(std::string_view more = "", std::string_view text = "Hi there") {
    return Asked("POST", "/v1/chat/completions")
        .content(R"({"model":"m","messages":[{"role":"user","content":")" + std::string(text) +
                 "\"}]" + std::string(more) + "}");
}

std::string streamed(std::string_view name, std::string_view more = "",
                     std::string_view text = "Hi there") {
    return answer_of(speaking(name), chat(",\"stream\":true" + std::string(more), text)).body;
}

constexpr std::string_view kTwoCalls = "call a() and call b()";
constexpr std::string_view kTools = R"(,"tools":[{"type":"function","function":{"name":"a"}},)"
                                    R"({"type":"function","function":{"name":"b"}}])";

}  // namespace

TEST(MockDialect, NamesAreListedWhereOneIsUnknown) {
    Script script;
    const auto unknown = script.dialect("huh");
    ASSERT_FALSE(unknown);
    for (const char* name : {"plain", "openai", "azure", "llama.cpp", "gateway"}) {
        EXPECT_TRUE(has(unknown.error().message(), name)) << name;
        EXPECT_NE(Dialect::find(name), nullptr) << name;
    }
}

TEST(MockDialect, EveryOneIsUnderstoodByTheClient) {
    std::string names = Dialect::names() + ", ";
    int count = 0;
    while (!names.empty()) {
        const std::string name = names.substr(0, names.find(','));
        names.erase(0, name.size() + 2);
        ++count;
        simulate_mock(
            speaking(name).tokens(9).time_to_first_token(12s),
            [&](llm::mock::Server& server) -> Task<void> {
                auto client =
                    llm::Client::make(llm::ClientOptions().base_url(server.base_url())).value();
                const llm::Chat question = llm::Chat("m").user("Hi there");
                auto answer = co_await client.chat(question);
                EXPECT_TRUE(answer) << name << ": " << answer.error().message();
                if (!answer) co_return;
                EXPECT_EQ(answer->text, llm::mock::expected_text("Hi there", 9)) << name;
                auto stream = co_await client.stream(question);
                EXPECT_TRUE(stream) << name;
                if (!stream) co_return;
                std::string text;
                for (;;) {
                    auto delta = co_await stream->next();
                    EXPECT_TRUE(delta) << name << ": " << delta.error().message();
                    if (!delta || !*delta) break;
                    text += (*delta)->text;
                }
                EXPECT_EQ(text, answer->text) << name;
            });
    }
    EXPECT_EQ(count, 15);
}

TEST(MockDialect, OpenAiPadsAndHasUsageAsNull) {
    const std::string body = streamed("openai", R"(,"stream_options":{"include_usage":true})");
    EXPECT_TRUE(has(body, R"("delta":{"role":"assistant","content":""})")) << body;
    EXPECT_EQ(count_of(body, "\"obfuscation\":"), 4u);
    EXPECT_EQ(count_of(body, "\"usage\":null"), 5u);
    EXPECT_EQ(count_of(body, "\"usage\":{"), 1u);
}

TEST(MockDialect, AzureBeginsWithoutChoices) {
    const std::string body = streamed("azure");
    EXPECT_TRUE(has(events_of(body).front().second, R"("choices":[],"prompt_filter_results":)"));
    EXPECT_TRUE(has(body, "content_filter_results\":{\"hate\""));
}

TEST(MockDialect, LinesEndAndBeginAsTheServerHasThem) {
    EXPECT_TRUE(streamed("tgi").starts_with("data:{"));
    const std::string fastapi = streamed("fastapi");
    EXPECT_TRUE(fastapi.starts_with(": ping - ")) << fastapi;
    EXPECT_TRUE(fastapi.ends_with("data: [DONE]\r\n\r\n"));
    const std::string gateway = streamed("gateway");
    EXPECT_TRUE(gateway.starts_with("data: : PROCESSING\n\n"));
    EXPECT_TRUE(has(gateway, ": cost 0.0001"));
}

TEST(MockDialect, CallsHaveTheIndexThatTheServerGivesThem) {
    const std::string ollama = streamed("ollama", kTools, kTwoCalls);
    EXPECT_EQ(count_of(ollama, R"("tool_calls":[{"index":0,"id":"call_mock_1_)"), 2u) << ollama;
    const std::string gemini = streamed("gemini", kTools, kTwoCalls);
    EXPECT_EQ(count_of(gemini, R"("tool_calls":[{"id":)"), 2u) << gemini;
    EXPECT_TRUE(has(gemini, "\"finish_reason\":\"stop\""));
    EXPECT_TRUE(has(streamed("mistral", kTools, kTwoCalls), "\"id\":\"c00000065\""));
}

TEST(MockDialect, ReasoningHasTheNameThatTheServerGivesIt) {
    const std::string words = llm::mock::expected_reasoning("Hi there", 8);
    const Asked asked = chat(R"(,"reasoning_effort":"low")");
    EXPECT_TRUE(
        has(answer_of(speaking("deepseek"), asked).body, "\"reasoning_content\":\"" + words + '"'));
    EXPECT_TRUE(has(answer_of(speaking("openrouter"), asked).body, "\"reasoning\":\"" + words));
    EXPECT_FALSE(has(answer_of(speaking("openai"), asked).body, words));
    const std::string body = streamed("vllm", R"(,"reasoning_effort":"low")");
    EXPECT_EQ(count_of(body, "\"reasoning_content\":"), 8u);
}

TEST(MockDialect, UsageComesWhereTheServerPutsIt) {
    EXPECT_EQ(count_of(streamed("gemini"), "\"usage\":{"), 4u);
    const std::string often = R"(,"stream_options":{"continuous_usage_stats":true})";
    EXPECT_EQ(count_of(streamed("vllm", often), "\"usage\":{"), 5u);
    EXPECT_TRUE(has(streamed("mistral"), R"("finish_reason":"stop"}],"usage":{)"));
    EXPECT_TRUE(has(streamed("openrouter"),
                    R"([{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":)"));
}

TEST(MockDialect, SignsOfLifeComeWhileTheModelIsSlow) {
    Script script = speaking("openrouter");
    script.time_to_first_token(12s);
    const std::string body = answer_of(script, chat(",\"stream\":true")).body;
    EXPECT_EQ(count_of(body, ": OPENROUTER PROCESSING\n\n"), 3u) << body;
    Script deepseek = speaking("deepseek");
    deepseek.time_to_first_token(12s);
    EXPECT_TRUE(answer_of(deepseek, chat()).body.starts_with("\n\n\n{\"id\":"));
    EXPECT_TRUE(deepseek.fault("error"));
    EXPECT_TRUE(answer_of(deepseek, chat()).body.starts_with("\n\n\n{\"error\":"));
}

TEST(MockDialect, ErrorsHaveTheirShapes) {
    const auto error = [](std::string_view name) {
        Script script = speaking(name);
        script.status(429);
        return answer_of(script, chat()).body;
    };
    EXPECT_TRUE(error("vllm").ends_with("\"param\":null,\"code\":429}}"));
    EXPECT_TRUE(error("openrouter").starts_with("{\"error\":{\"code\":429,"));
    EXPECT_TRUE(error("sglang").starts_with("{\"object\":\"error\","));
    EXPECT_TRUE(error("gemini").starts_with("[{\"error\":{"));
    EXPECT_TRUE(error("azure").starts_with("{\"error\":{\"code\":\"429\","));
    EXPECT_TRUE(error("fastapi").starts_with("{\"detail\":"));
}

TEST(MockDialect, ErrorsInAStreamHaveTheirShapes) {
    const auto error = [](std::string_view name) {
        Script script = speaking(name);
        script.fail_in_stream(1);
        return answer_of(script, chat(",\"stream\":true")).body;
    };
    EXPECT_TRUE(has(error("llama.cpp"), "\n\nerror: {\"message\":")) << error("llama.cpp");
    EXPECT_TRUE(has(error("openrouter"), R"("finish_reason":"error"}]})"));
    EXPECT_TRUE(error("vllm").ends_with("data: [DONE]\n\n"));
}

TEST(MockDialect, ARequestMayAskForOne) {
    Asked asked = chat(",\"stream\":true");
    asked.header("x-mock-dialect", "tgi");
    EXPECT_TRUE(answer_of(Script(), asked).body.starts_with("data:{"));
    asked.headers.set("x-mock-dialect", "huh");
    EXPECT_EQ(answer_of(Script(), asked).status(), 400);
}
