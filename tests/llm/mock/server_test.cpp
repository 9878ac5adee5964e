// SPDX-License-Identifier: MIT
#include <weir/llm/mock/server.h>

#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/http/wire/url.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/text.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using llm::mock::Script;

namespace {

static_assert(!std::is_aggregate_v<Script>);
static_assert(!std::is_aggregate_v<llm::mock::Server>);

using Visit = std::function<Task<void>(llm::mock::Server&)>;

Task<void> with_server(const Script& script, const Visit& visit) {
    llm::mock::Server server = llm::mock::Server::listen(Endpoint::loopback(0), script).value();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(server.serve());
        co_await visit(server);
        group.cancel();
    });
}

/// Runs `visit` beside a mock server, in the simulator.
void simulate(const Script& script, const Visit& visit) {
    run_simulated(with_server(script, visit));
}

llm::Client client_for(const llm::mock::Server& server) {
    return llm::Client::make(llm::ClientOptions().base_url(server.base_url())).value();
}

Task<http::Response> request(const llm::mock::Server& server, std::string method, std::string path,
                             std::string body, std::string header = "", std::string value = "") {
    http::Client client;
    const std::string origin = server.base_url().substr(0, server.base_url().size() - 3);
    http::Request request(std::move(method), http::Url::parse(origin + path).value());
    if (!header.empty()) request.header(header, value);
    request.body(std::move(body));
    Result<http::Response> response = co_await client.send(std::move(request));
    co_return std::move(response).value();
}

Task<http::Response> post(const llm::mock::Server& server, std::string body,
                          std::string header = "", std::string value = "") {
    return request(server, "POST", "/v1/chat/completions", std::move(body), std::move(header),
                   std::move(value));
}

/// A stream read to its end, with the instants of its pieces counted from the call's begin.
class Heard {
public:
    std::string text;
    std::vector<Duration> at;
    std::optional<llm::Usage> usage;
    std::string finish_reason;
    std::optional<Error> error;
};

Task<Heard> hear(llm::Client& client, const llm::Chat& chat) {
    Heard heard;
    const Instant begun = Reactor::current().now();
    Result<llm::ChatStream> stream = co_await client.stream(chat);
    if (!stream) {
        heard.error = stream.error();
        co_return heard;
    }
    for (;;) {
        Result<std::optional<llm::Delta>> delta = co_await stream->next();
        if (!delta) heard.error = delta.error();
        if (!delta || !*delta) co_return heard;
        heard.text += (*delta)->text;
        if (!(*delta)->text.empty()) heard.at.push_back(Reactor::current().now() - begun);
        if ((*delta)->finish_reason) heard.finish_reason = *(*delta)->finish_reason;
        if ((*delta)->usage) heard.usage = (*delta)->usage;
    }
}

Heard hear_one(const Script& script, const llm::Chat& chat) {
    Heard heard;
    simulate(script, [&](llm::mock::Server& server) -> Task<void> {
        llm::Client client = client_for(server);
        heard = co_await hear(client, chat);
    });
    return heard;
}

std::string body_of(std::string_view more) {
    return R"({"model":"m","messages":[{"role":"user","content":"Hi there"}])" + std::string(more) +
           "}";
}

}  // namespace

TEST(MockServer, AnswersWholeWithTheTextOfThePrompt) {
    simulate(Script().tokens(12), [](llm::mock::Server& server) -> Task<void> {
        llm::Client client = client_for(server);
        const llm::Chat chat = llm::Chat("some-model").system("Be brief.").user("Why is it so?");
        Result<llm::ChatAnswer> answer = co_await client.chat(chat);
        EXPECT_EQ(answer.value().text, llm::mock::expected_text("Why is it so?", 12));
        EXPECT_EQ(answer->finish_reason, "stop");
        EXPECT_EQ(answer->model, "some-model");
        EXPECT_EQ(answer->usage, llm::Usage(6, 12));
        EXPECT_EQ(answer->id, "chatcmpl-mock-1");
    });
}

TEST(MockServer, StreamsTheSameTextTokenByToken) {
    const Heard heard = hear_one(Script().tokens(12), llm::Chat("m").user("a b c"));
    EXPECT_EQ(heard.text, llm::mock::expected_text("a b c", 12));
    EXPECT_EQ(heard.at.size(), 12u);
    EXPECT_EQ(heard.finish_reason, "stop");
    EXPECT_EQ(heard.usage, llm::Usage(3, 12));
    EXPECT_FALSE(heard.error);
}

TEST(MockServer, StreamHasOneEventATokenAndEndsWithDone) {
    simulate(Script().tokens(2), [](llm::mock::Server& server) -> Task<void> {
        const http::Response response = co_await post(server, body_of(",\"stream\":true"));
        EXPECT_EQ(response.head.headers.get("content-type"), "text/event-stream");
        llm::mock::TokenSource tokens("Hi there");
        const std::string head =
            R"(data: {"id":"chatcmpl-mock-1","object":"chat.completion.chunk",)"
            R"("created":1735689600,"model":"m","choices":[{"index":0,"delta":{)";
        std::string expected = head + R"("role":"assistant","content":")";
        expected.append(tokens.next()).append("\"},\"finish_reason\":null}]}\n\n");
        expected += head + "\"content\":\"";
        expected.append(tokens.next()).append("\"},\"finish_reason\":null}]}\n\n");
        expected += head + "},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        EXPECT_EQ(response.body, expected);
    });
}

TEST(MockServer, TokensComeAtTheirInstants) {
    const Heard heard =
        hear_one(Script().time_to_first_token(250ms).token_interval(40ms).tokens(50),
                 llm::Chat("m").user("p"));
    ASSERT_EQ(heard.at.size(), 50u);
    // The network of the simulator takes a while, the timer's tick at most a millisecond; what
    // must not be is that fifty of either add up.
    const Duration first = heard.at.front();
    EXPECT_GE(first, 250ms);
    EXPECT_LE(first, 255ms);
    for (std::size_t i = 0; i < heard.at.size(); ++i) {
        const Duration drift = heard.at[i] - first - 40ms * static_cast<int>(i);
        EXPECT_LE(drift, 2ms) << i;
        EXPECT_GE(drift, -2ms) << i;
    }
}

TEST(MockServer, WholeAnswerComesWithItsLastToken) {
    const Script script = Script().time_to_first_token(100ms).token_interval(10ms).tokens(11);
    simulate(script, [](llm::mock::Server& server) -> Task<void> {
        llm::Client client = client_for(server);
        const Instant begun = Reactor::current().now();
        const llm::Chat chat = llm::Chat("m").user("p");
        Result<llm::ChatAnswer> answer = co_await client.chat(chat);
        EXPECT_TRUE(answer);
        const Duration took = Reactor::current().now() - begun;
        EXPECT_GE(took, 200ms);
        EXPECT_LE(took, 205ms);
    });
}

TEST(MockServer, RequestMayAskForFewerTokensOnly) {
    const Heard fewer = hear_one(Script().tokens(9), llm::Chat("m").user("p").max_tokens(4));
    EXPECT_EQ(fewer.text, llm::mock::expected_text("p", 4));
    EXPECT_EQ(fewer.finish_reason, "length");
    const Heard more = hear_one(Script().tokens(9), llm::Chat("m").user("p").max_tokens(40));
    EXPECT_EQ(more.text, llm::mock::expected_text("p", 9));
    EXPECT_EQ(more.finish_reason, "stop");
}

TEST(MockServer, ReadsContentInParts) {
    simulate(Script().tokens(3), [](llm::mock::Server& server) -> Task<void> {
        const http::Response response = co_await post(
            server,
            R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi"},)"
            R"({"type":"image_url"},{"type":"text","text":" there"}]}]})");
        EXPECT_NE(response.body.find(llm::mock::expected_text("Hi there", 3)), std::string::npos);
    });
}

TEST(MockServer, RefusesBadBodiesWithASentence) {
    simulate(Script(), [](llm::mock::Server& server) -> Task<void> {
        const std::vector<std::pair<std::string, std::string>> cases = {
            {"{", "not valid JSON"},
            {"[1]", "JSON object"},
            {R"({"messages":[{"role":"user","content":"x"}]})", "'model'"},
            {R"({"model":"m"})", "'messages'"},
            {R"({"model":"m","messages":[]})", "'messages'"},
            {R"({"model":"m","messages":[1]})", "'role'"},
            {R"({"model":"m","messages":[{"role":"user","content":7}]})", "'content'"},
            {body_of(",\"max_tokens\":0"), "'max_tokens'"},
            {body_of(",\"max_completion_tokens\":\"x\""), "'max_completion_tokens'"},
        };
        for (const auto& [body, words] : cases) {
            const http::Response response = co_await post(server, body);
            EXPECT_EQ(response.status(), 400) << body;
            EXPECT_NE(response.body.find(words), std::string::npos) << response.body;
            EXPECT_TRUE(response.body.starts_with("{\"error\":{\"message\":")) << response.body;
        }
    });
}

TEST(MockServer, ListsItsModelAndKnowsNoOtherPath) {
    simulate(Script(), [](llm::mock::Server& server) -> Task<void> {
        const http::Response models = co_await request(server, "GET", "/v1/models", "");
        EXPECT_EQ(models.status(), 200);
        EXPECT_NE(models.body.find("\"id\":\"mock\""), std::string::npos);
        const http::Response other = co_await request(server, "POST", "/v1/nothing", "{}");
        EXPECT_EQ(other.status(), 404);
        EXPECT_NE(other.body.find("/v1/nothing"), std::string::npos);
    });
}

TEST(MockServer, ScriptedStatusHasAnErrorBodyAndARetryAfter) {
    const Heard heard = hear_one(Script().status(429).retry_after("2"), llm::Chat("m").user("p"));
    ASSERT_TRUE(heard.error);
    EXPECT_TRUE(*heard.error == llm::LlmErrc::rate_limited);
    EXPECT_EQ(heard.error->retry_after(), 2s);
}

TEST(MockServer, OnlyTheFirstCallsAreFaultyIfScriptedSo) {
    const Script script = Script().status(503).faulty_calls(2);
    simulate(script, [](llm::mock::Server& server) -> Task<void> {
        std::vector<int> statuses;
        for (int i = 0; i < 4; ++i) {
            const http::Response response = co_await post(server, body_of(""));
            statuses.push_back(response.status());
        }
        EXPECT_EQ(statuses, (std::vector<int>{503, 503, 200, 200}));
        EXPECT_EQ(server.calls(), 4u);
        EXPECT_EQ(server.tokens_sent(), 32u);
    });
}

TEST(MockServer, CutStreamIsATruncatedOne) {
    const Heard heard = hear_one(Script().tokens(9).cut_after(4), llm::Chat("m").user("p"));
    EXPECT_EQ(heard.text, llm::mock::expected_text("p", 4));
    ASSERT_TRUE(heard.error);
    EXPECT_TRUE(*heard.error == llm::LlmErrc::stream_truncated) << heard.error->message();
}

TEST(MockServer, ConnectionThatClosesInTheBodyIsNoAnswer) {
    const Heard heard = hear_one(Script().close_in_body(), llm::Chat("m").user("p"));
    EXPECT_EQ(heard.text, "");
    EXPECT_TRUE(heard.error);
    simulate(Script().close_in_body(), [](llm::mock::Server& server) -> Task<void> {
        llm::Client client = client_for(server);
        const llm::Chat chat = llm::Chat("m").user("p");
        Result<llm::ChatAnswer> answer = co_await client.chat(chat);
        EXPECT_FALSE(answer);
    });
}

TEST(MockServer, StreamMayLackDoneOrReasonAndOnlyBothMakeItTruncated) {
    EXPECT_FALSE(hear_one(Script().without_done(), llm::Chat("m").user("p")).error);
    EXPECT_FALSE(hear_one(Script().without_finish_reason(), llm::Chat("m").user("p")).error);
    const Heard heard =
        hear_one(Script().without_done().without_finish_reason(), llm::Chat("m").user("p"));
    ASSERT_TRUE(heard.error);
    EXPECT_TRUE(*heard.error == llm::LlmErrc::stream_truncated);
}

TEST(MockServer, ErrorInTheStreamEndsIt) {
    const Heard heard = hear_one(Script().tokens(6).fail_in_stream(2), llm::Chat("m").user("p"));
    EXPECT_EQ(heard.text, llm::mock::expected_text("p", 2));
    ASSERT_TRUE(heard.error);
    EXPECT_TRUE(*heard.error == llm::LlmErrc::failed_in_stream);
}

TEST(MockServer, SilentServerNeverAnswers) {
    simulate(Script().silent(), [](llm::mock::Server& server) -> Task<void> {
        llm::Client client = client_for(server);
        const llm::Chat chat = llm::Chat("m").user("p");
        Result<llm::ChatAnswer> answer = co_await timeout(300s, client.chat(chat));
        EXPECT_TRUE(answer.error() == Error::timed_out);
    });
}

TEST(MockServer, RequestBringsItsOwnFaultInAHeader) {
    simulate(Script(), [](llm::mock::Server& server) -> Task<void> {
        const http::Response limited = co_await post(server, body_of(""), "x-mock-status", "429");
        EXPECT_EQ(limited.status(), 429);
        const http::Response failed = co_await post(server, body_of(""), "x-mock-fault", "error");
        EXPECT_EQ(failed.status(), 200);
        EXPECT_TRUE(failed.body.starts_with("{\"error\":"));
        const http::Response unknown = co_await post(server, body_of(""), "x-mock-fault", "huh");
        EXPECT_EQ(unknown.status(), 400);
        EXPECT_NE(unknown.body.find("no-finish-reason"), std::string::npos);
        const http::Response low = co_await post(server, body_of(""), "x-mock-status", "200");
        EXPECT_EQ(low.status(), 400);
    });
}

TEST(MockServer, ManyStreamsAtOnceEachHaveTheirOwnText) {
    const Script script = Script().time_to_first_token(50ms).token_interval(5ms).tokens(20);
    std::vector<Heard> heard(300);
    simulate(script, [&](llm::mock::Server& server) -> Task<void> {
        llm::Client client = client_for(server);
        const auto call = [&](std::size_t i) -> Task<void> {
            const llm::Chat chat = llm::Chat("m").user("prompt " + std::to_string(i));
            heard[i] = co_await hear(client, chat);
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (std::size_t i = 0; i < heard.size(); ++i)
                group.spawn(call(i));
            co_return;
        });
    });
    for (std::size_t i = 0; i < heard.size(); ++i) {
        EXPECT_FALSE(heard[i].error);
        EXPECT_EQ(heard[i].text, llm::mock::expected_text("prompt " + std::to_string(i), 20));
    }
}

TEST(MockServer, NothingIsLeftWhenItWasCancelledAmidItsStreams) {
    const Script script = Script().time_to_first_token(1s).token_interval(1s).tokens(100);
    const auto visit = [](llm::mock::Server& server) -> Task<void> {
        llm::Client client = client_for(server);
        const llm::Chat chat = llm::Chat("m").user("p");
        Result<Heard> heard = co_await timeout(10s, hear(client, chat));
        EXPECT_TRUE(heard.error() == Error::timed_out);
    };
    run_simulated([](const Script& s, const Visit& v) -> Task<void> {
        co_await with_server(s, v);
        co_await yield();
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    }(script, visit));
}

TEST(MockServer, WillNotListenForAnswersWithoutTokens) {
    run_simulated([]() -> Task<void> {
        Result<llm::mock::Server> server =
            llm::mock::Server::listen(Endpoint::loopback(0), Script().tokens(0));
        EXPECT_FALSE(server);
        co_return;
    }());
}
