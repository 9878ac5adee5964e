// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/llm/mock/recorded_request.h>

#include "tests/llm/mock/mock_world.h"

#include <string>
#include <string_view>
#include <type_traits>

using namespace weir;
using namespace weir::test;
using llm::mock::Script;

namespace {

static_assert(!std::is_aggregate_v<llm::mock::RecordedRequest>);
static_assert(!std::is_aggregate_v<llm::mock::Limits>);

Asked chat() {
    return Asked("POST", "/v1/chat/completions?v=1")
        .header("Authorization", "Bearer secret")
        .content(R"({"model":"m","messages":[{"role":"user","content":"Hi there"}]})");
}

}  // namespace

TEST(MockReport, MetricsCountAnswersByPathAndStatus) {
    simulate_mock(Script().tokens(5), [](llm::mock::Server& server) -> Task<void> {
        for (int i = 0; i < 3; ++i) {
            Asked asked = chat();
            if (i == 2) asked.header("x-mock-status", "503");
            Result<http::Response> ignored = co_await ask_mock(server, asked);
            EXPECT_TRUE(ignored);
        }
        const Asked metrics("GET", "/metrics");
        const http::Response answer = (co_await ask_mock(server, metrics)).value();
        for (const char* line :
             {"weir_mock_answers_total{path=\"/v1/chat/completions\",status=\"200\"} 2\n",
              "weir_mock_answers_total{path=\"/v1/chat/completions\",status=\"503\"} 1\n",
              "weir_mock_requests_total 4\n", "weir_mock_input_tokens_total 4\n",
              "weir_mock_output_tokens_total 10\n", "weir_mock_calls_in_flight 0\n",
              "# TYPE weir_mock_calls_in_flight gauge\n"}) {
            EXPECT_TRUE(has(answer.body, line)) << line << answer.body;
        }
        EXPECT_EQ(answer.head.headers.get("content-type"), "text/plain; version=0.0.4");
    });
}

TEST(MockReport, KeepsTheLastRequestsIfToldTo) {
    simulate_mock(Script().record(2), [](llm::mock::Server& server) -> Task<void> {
        for (const char* text : {"one", "two", "three"}) {
            Asked asked = chat();
            asked.content(text);
            Result<http::Response> ignored = co_await ask_mock(server, asked);
            EXPECT_TRUE(ignored);
        }
        EXPECT_EQ(server.requests().size(), 2u);
        EXPECT_EQ(server.requests().front().body, "two");
        EXPECT_EQ(server.requests().back().body, "three");
        EXPECT_EQ(server.requests().back().method, "POST");
        EXPECT_EQ(server.requests().back().target, "/v1/chat/completions?v=1");
        EXPECT_EQ(server.requests().back().headers.get("authorization"), "Bearer secret");
    });
    simulate_mock(Script(), [](llm::mock::Server& server) -> Task<void> {
        Result<http::Response> ignored = co_await ask_mock(server, chat());
        EXPECT_TRUE(ignored);
        EXPECT_TRUE(server.requests().empty());
    });
}

TEST(MockReport, ShowsRequestsWithoutTheirSecrets) {
    simulate_mock(Script().record(8), [](llm::mock::Server& server) -> Task<void> {
        Result<http::Response> ignored = co_await ask_mock(server, chat());
        EXPECT_TRUE(ignored);
        const Asked list("GET", "/mock/requests");
        const http::Response answer = (co_await ask_mock(server, list)).value();
        EXPECT_TRUE(llm::is_json(answer.body)) << answer.body;
        EXPECT_TRUE(has(answer.body, "\"Authorization\":\"***\""));
        EXPECT_TRUE(has(answer.body, "\\\"Hi there\\\""));
        EXPECT_FALSE(has(answer.body, "secret"));
    });
}

TEST(MockReport, IsHealthyAndKnowsItsPaths) {
    EXPECT_EQ(answer_of(Script(), Asked("GET", "/health")).body, R"({"status":"ok"})");
    const http::Response lost = answer_of(Script(), Asked("GET", "/nothing"));
    EXPECT_EQ(lost.status(), 404);
    EXPECT_TRUE(has(lost.body, "/metrics"));
    for (const char* path : {"/openai/deployments/d/chat/completions", "/openai/v1/embeddings"}) {
        EXPECT_EQ(answer_of(Script(), Asked("POST", path).content("{")).status(), 400) << path;
    }
    EXPECT_EQ(answer_of(Script(), Asked("POST", "/v2/chat/completions")).status(), 404);
}
