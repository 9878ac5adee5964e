// SPDX-License-Identifier: MIT
//
// The client in the dialects, with keys and with a limiter, against the mock server in a simulated
// world.
#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/server.h>
#include <weir/llm/mock/text.h>
#include <weir/llm/toolbox.h>
#include <weir/llm/wire/answer_builder.h>
#include <weir/runtime/gather.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;

namespace {

constexpr const char* kHost = "http://127.0.0.1:8080";

// How each protocol is addressed at the mock server.
std::vector<ClientOptions> all_protocols() {
    const std::string host = kHost;
    return {ClientOptions().base_url(host + "/v1"),
            ClientOptions().base_url(host).dialect(Dialect::anthropic()).api_key("k"),
            ClientOptions().base_url(host + "/v1").dialect(Dialect::openai_responses())};
}

template <typename Body>
void with_mock(const mock::Script& script, const ClientOptions& options, Body body) {
    http::alone([&]() -> Task<void> {
        mock::Server server = mock::Server::listen(Endpoint::loopback(http::kPort), script).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve());
            Client client = Client::make(options).value();
            co_await body(client, server);
            group.cancel();
        });
    });
}

Task<Result<ChatAnswer>> collect(Client& client, Chat chat) {
    Result<ChatStream> stream = co_await client.stream(chat);
    if (!stream) co_return std::move(stream).error();
    AnswerBuilder builder;
    for (;;) {
        Result<std::optional<Delta>> delta = co_await stream->next();
        if (!delta) co_return std::move(delta).error();
        if (!*delta) break;
        builder.add(**std::move(delta));
    }
    co_return std::move(builder).finish();
}

std::string message_of(const Result<ChatAnswer>& answer) {
    return answer ? "no error" : answer.error().message();
}

}  // namespace

TEST(LlmClientDialect, EachProtocolAnswersWholeAndStreamed) {
    for (const ClientOptions& options : all_protocols()) {
        with_mock(mock::Script().tokens(7), options,
                  [](Client& client, mock::Server&) -> Task<void> {
                      const Chat chat = Chat("m").system("Be brief.").user("Hello");
                      Result<ChatAnswer> answer = co_await client.chat(chat);
                      EXPECT_TRUE(answer.has_value()) << message_of(answer);
                      EXPECT_EQ(answer->text, mock::expected_text("Hello", 7));
                      EXPECT_EQ(answer->finish(), FinishReason::stop);
                      EXPECT_EQ(answer->usage->output_tokens, 7);
                      EXPECT_FALSE(answer->report.request_id.empty());
                      Result<ChatAnswer> streamed = co_await collect(client, chat);
                      EXPECT_TRUE(streamed.has_value()) << message_of(streamed);
                      EXPECT_EQ(streamed->text, answer->text);
                      EXPECT_EQ(streamed->finish(), FinishReason::stop);
                      EXPECT_EQ(streamed->usage->output_tokens, 7);
                  });
    }
}

TEST(LlmClientDialect, FunctionsAreCalledInEachProtocol) {
    for (const ClientOptions& options : all_protocols()) {
        with_mock(mock::Script(), options, [](Client& client, mock::Server&) -> Task<void> {
            int calls = 0;
            Toolbox tools;
            const auto weather = [&](std::string arguments) -> Task<Result<std::string>> {
                ++calls;
                co_return "sunny for " + arguments;
            };
            EXPECT_TRUE(tools.add(Tool("weather", "the weather", ""), weather).has_value());
            Chat chat = Chat("m").user(R"(call weather({"city":"Bonn"}))");
            Result<Conversation> talk = co_await converse(client, tools, std::move(chat));
            EXPECT_TRUE(talk.has_value()) << talk.error().message();
            EXPECT_EQ(calls, 1);
            EXPECT_EQ(talk->rounds, 2);
            EXPECT_NE(talk->answer.text.find("sunny"), std::string::npos) << talk->answer.text;
        });
    }
}

TEST(LlmClientDialect, StreamedCallsArePutTogetherInEachProtocol) {
    for (const ClientOptions& options : all_protocols()) {
        with_mock(mock::Script(), options, [](Client& client, mock::Server&) -> Task<void> {
            const Chat chat =
                Chat("m").user(R"(call weather({"city":"Bonn"}))").tool(Tool("weather", "", ""));
            Result<ChatAnswer> answer = co_await collect(client, chat);
            EXPECT_TRUE(answer.has_value()) << message_of(answer);
            EXPECT_EQ(answer->finish(), FinishReason::tool_calls);
            EXPECT_EQ(answer->tool_calls.size(), 1u);
            EXPECT_EQ(answer->tool_calls.front().name, "weather");
            EXPECT_EQ(answer->tool_calls.front().arguments, R"({"city":"Bonn"})");
        });
    }
}

TEST(LlmClientDialect, AnAnswerThatIsCutIsAnErrorInEachProtocol) {
    for (const ClientOptions& options : all_protocols()) {
        with_mock(mock::Script().cut_after(3), options,
                  [](Client& client, mock::Server&) -> Task<void> {
                      Result<ChatAnswer> answer = co_await collect(client, Chat("m").user("Hi"));
                      EXPECT_EQ(answer.error(), LlmErrc::stream_truncated) << message_of(answer);
                      answer = co_await client.chat(Chat("m").user("Hi"));
                      EXPECT_EQ(answer.error(), http::HttpErrc::body_cut) << message_of(answer);
                  });
    }
}

TEST(LlmClientDialect, ServersMaySayThatARetryIsOfNoUse) {
    int calls = 0;
    const auto handler = [&](http::Exchange& exchange) -> Task<void> {
        ++calls;
        http::Headers headers;
        headers.add("x-should-retry", "false");
        std::ignore = co_await exchange.respond(503, std::move(headers), "");
    };
    http::with_server(handler, [&](http::Server&) -> Task<void> {
        Client client = Client::make(ClientOptions().base_url(kHost)).value();
        Result<ChatAnswer> answer = co_await client.chat(Chat("m").user("Hi"));
        EXPECT_EQ(answer.error(), LlmErrc::overloaded);
    });
    EXPECT_EQ(calls, 1);
}

// --- keys ----------------------------------------------------------------------------------------

TEST(LlmClientKeys, AreInNoErrorThoughTheServerRepeatsThem) {
    const auto handler = [](http::Exchange& exchange) -> Task<void> {
        const std::string key(exchange.request().headers.get("authorization").value_or(""));
        const bool is_stream = exchange.request().headers.get("accept") == "text/event-stream";
        http::Headers headers;
        if (is_stream) headers.add("Content-Type", "text/event-stream");
        std::string body = R"({"error":{"message":"bad key: )" + key + R"("}})";
        if (is_stream) body = "data: " + body + "\n\n";
        const int status = is_stream ? 200 : 401;
        std::ignore = co_await exchange.respond(status, std::move(headers), std::move(body));
    };
    http::with_server(handler, [](http::Server&) -> Task<void> {
        Client client =
            Client::make(ClientOptions().base_url(kHost).api_key("sk-secret-7")).value();
        Result<ChatAnswer> answer = co_await client.chat(Chat("m").user("Hi"));
        EXPECT_EQ(answer.error(), LlmErrc::unauthorized);
        EXPECT_NE(message_of(answer).find("bad key: Bearer ***"), std::string::npos)
            << message_of(answer);
        answer = co_await collect(client, Chat("m").user("Hi"));
        EXPECT_EQ(answer.error(), LlmErrc::failed_in_stream);
        EXPECT_EQ(message_of(answer).find("sk-secret"), std::string::npos) << message_of(answer);
    });
}

TEST(LlmClientKeys, DoNotGoToOtherMachinesInPlain) {
    const auto why = [](const char* url) {
        Result<Client> client = Client::make(ClientOptions().base_url(url).api_key("k"));
        return client ? std::string("fine") : client.error().message();
    };
    for (const char* url : {"https://models.example/v1", "http://localhost:8080/v1",
                            "http://127.0.0.1/v1", "http://127.8.9.1/v1", "http://[::1]:1/v1",
                            "http://llm.localhost/", "http+unix://%2Frun%2Fllm.sock/v1"}) {
        EXPECT_EQ(why(url), "fine") << url;
    }
    for (const char* url : {"http://models.example/v1", "http://10.0.0.1/v1",
                            "http://127.example/v1", "http://localhost.example/v1"}) {
        EXPECT_NE(why(url).find("over plain HTTP"), std::string::npos) << url << why(url);
    }
    EXPECT_TRUE(Client::make(ClientOptions().base_url("http://10.0.0.1/v1")).has_value())
        << "without a key there is nothing to lose";
    EXPECT_TRUE(
        Client::make(
            ClientOptions().base_url("http://10.0.0.1/v1").api_key("k").key_over_plain_http())
            .has_value());
}

// --- limits --------------------------------------------------------------------------------------

TEST(LlmClientLimits, CallsWaitForTheLimiterAndTellHowLong) {
    http::alone([]() -> Task<void> {
        Limiter limiter(LimiterOptions().concurrency(1, 1));
        mock::Server server = mock::Server::listen(Endpoint::loopback(http::kPort),
                                                   mock::Script().time_to_first_token(2s).tokens(1))
                                  .value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve());
            Client client =
                Client::make(ClientOptions().base_url("http://127.0.0.1:8080/v1").limiter(limiter))
                    .value();
            const Chat chat = Chat("m").user("Hi");
            std::vector<Task<Result<ChatAnswer>>> calls;
            calls.push_back(client.chat(chat));
            calls.push_back(client.chat(chat));
            calls.push_back(collect(client, chat));
            const Instant start = Reactor::current().now();
            auto answers = co_await gather(std::move(calls));
            EXPECT_GE(http::since(start), 6s) << "one after the other";
            EXPECT_EQ((*answers)[0].report.timeline.limited, 0s);
            EXPECT_GE((*answers)[1].report.timeline.limited, 2s);
            EXPECT_EQ((*answers)[1].report.timeline.repeating, 0s);
            EXPECT_EQ(limiter.stats().in_flight, 0u);
            EXPECT_EQ(limiter.stats().admitted, 3u);
            group.cancel();
        });
    });
}

TEST(LlmClientLimits, ACallThatIsRepeatedGivesItsPlaceUpBefore) {
    http::alone([]() -> Task<void> {
        Limiter limiter(LimiterOptions().concurrency(1, 1));
        const auto script = mock::Script().close_in_body().faulty_calls(1);
        mock::Server server = mock::Server::listen(Endpoint::loopback(http::kPort), script).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve());
            ClientOptions options;
            options.base_url("http://127.0.0.1:8080/v1").limiter(limiter).repeat_broken_answers();
            Client client = Client::make(options).value();
            Result<ChatAnswer> answer = co_await client.chat(Chat("m").user("Hi"));
            EXPECT_TRUE(answer.has_value()) << message_of(answer);
            EXPECT_EQ(server.calls(), 2u);
            EXPECT_EQ(limiter.stats().in_flight, 0u);
            group.cancel();
        });
    });
}

TEST(LlmClientLimits, TheReportHasWhatTheServerSaysOfItsLimits) {
    const auto handler = [](http::Exchange& exchange) -> Task<void> {
        http::Headers headers;
        headers.add("x-ratelimit-limit-requests", "60");
        headers.add("x-ratelimit-remaining-requests", "59");
        std::ignore = co_await exchange.respond(200, std::move(headers), R"({"choices":[{}]})");
    };
    http::with_server(handler, [](http::Server&) -> Task<void> {
        Client client = Client::make(ClientOptions().base_url(kHost)).value();
        Result<ChatAnswer> answer = co_await client.chat(Chat("m").user("Hi"));
        EXPECT_EQ(answer->report.rate_limits->requests.limit, 60);
        EXPECT_EQ(answer->report.rate_limits->requests.remaining, 59);
    });
}
