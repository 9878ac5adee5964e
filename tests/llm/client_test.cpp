// SPDX-License-Identifier: MIT
#include <weir/llm/client.h>

#include <gtest/gtest.h>
#include <weir/llm/mock/server.h>
#include <weir/llm/mock/text.h>
#include <weir/runtime/gather.h>

#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using http::HttpErrc;
using http::since;

namespace {

static_assert(!std::is_aggregate_v<llm::ClientOptions> && !std::is_aggregate_v<RawAnswer>);

constexpr const char* kMockUrl = "http://127.0.0.1:8080/v1";
// Each call is made once: attempts have tests of their own (client_retry_test.cpp).
Client client_of(std::string url = kMockUrl, Duration limit = 600s) {
    ClientOptions options;
    options.base_url(std::move(url)).call_limit(limit).retry(RetryPolicy().attempts_max(1));
    return Client::make(std::move(options)).value();
}

Chat hello() {
    return Chat("m").user("Hello");
}

// Runs `body(client, server)` beside a mock server that keeps to the script.
template <typename Body>
void with_mock(mock::Script script, Body body) {
    http::alone([&]() -> Task<void> {
        mock::Server server = mock::Server::listen(Endpoint::loopback(http::kPort), script).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve());
            Client client = client_of();
            co_await body(client, server);
            group.cancel();
        });
    });
}

// A stream as one text, and how it ended.
class Collected {
public:
    Collected() = default;
    std::string text;
    std::string finish;
    std::optional<Usage> usage;
    std::optional<Error> error;
};

Task<Collected> collect(Client& client, Chat chat) {
    Collected all;
    Result<ChatStream> stream = co_await client.stream(chat);
    if (!stream) {
        all.error = std::move(stream).error();
        co_return all;
    }
    for (;;) {
        Result<std::optional<Delta>> delta = co_await stream->next();
        if (!delta) {
            all.error = std::move(delta).error();
            co_return all;
        }
        if (!*delta) break;
        all.text += (*delta)->text;
        if ((*delta)->finish_reason) all.finish = *(*delta)->finish_reason;
        if ((*delta)->usage) all.usage = (*delta)->usage;
    }
    Result<std::optional<Delta>> again = co_await stream->next();
    EXPECT_TRUE(again && !*again) << "the end stays the end";
    co_return all;
}

template <typename Code>
void expect_error(const std::optional<Error>& error, Code code, std::string_view part) {
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(*error, code) << error->message();
    EXPECT_NE(error->message().find(part), std::string::npos) << error->message();
}

std::string whole(std::string_view type, std::string_view body, std::string_view fields = "") {
    return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) + "\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string stream_of(std::string_view body) {
    return whole("text/event-stream", body);
}

constexpr std::string_view kHi = R"(data: {"choices":[{"index":0,"delta":{"content":"hi"}}]})";
constexpr std::string_view kStop =
    R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";

std::string lines(std::initializer_list<std::string_view> events) {
    std::string text;
    for (std::string_view each : events)
        text.append(each).append("\n\n");
    return text;
}

// What a stream of these bytes comes to.
Collected collected(std::string script) {
    Collected all;
    http::with_scripts({std::move(script)}, [&]() -> Task<void> {
        Client client = client_of();
        all = co_await collect(client, hello());
    });
    return all;
}

// --- answers -------------------------------------------------------------------------------------

TEST(LlmClient, GivesAWholeAnswer) {
    with_mock(mock::Script().tokens(7), [](Client& client, mock::Server&) -> Task<void> {
        Result<ChatAnswer> answer = co_await client.chat(hello());
        EXPECT_EQ(answer->text, mock::expected_text("Hello", 7));
        EXPECT_EQ(answer->finish_reason, "stop");
        EXPECT_EQ(answer->usage->output_tokens, 7);
    });
}

TEST(LlmClient, StreamsAnAnswerAtTheServersPace) {
    const auto script = mock::Script().tokens(10).time_to_first_token(2s).token_interval(100ms);
    with_mock(script, [](Client& client, mock::Server&) -> Task<void> {
        const Instant start = Reactor::current().now();
        Collected all = co_await collect(client, hello());
        EXPECT_FALSE(all.error.has_value());
        EXPECT_EQ(all.text, mock::expected_text("Hello", 10));
        EXPECT_EQ(all.usage->output_tokens, 10);
        EXPECT_GE(since(start), 2900ms);
        EXPECT_LT(since(start), 3s);
    });
}

TEST(LlmClient, UsesOneConnectionForAllCallsInTurn) {
    with_mock(mock::Script(), [](Client& client, mock::Server& server) -> Task<void> {
        for (int i = 0; i < 3; ++i) {
            Result<ChatAnswer> answer = co_await client.chat(hello());
            EXPECT_TRUE(answer.has_value());
            Collected all = co_await collect(client, hello());
            EXPECT_FALSE(all.error.has_value());
        }
        EXPECT_EQ(client.http().opened(), 1u);
        EXPECT_EQ(server.calls(), 6u);
    });
}

TEST(LlmClient, RunsAThousandStreamsAtOnce) {
    const auto script = mock::Script().tokens(5).time_to_first_token(1s).token_interval(100ms);
    with_mock(script, [](Client& client, mock::Server& server) -> Task<void> {
        const auto one = [&](int number) -> Task<int> {
            const std::string prompt = "prompt " + std::to_string(number);
            Collected all = co_await collect(client, Chat("m").user(prompt));
            co_return all.text == mock::expected_text(prompt, 5) ? 1 : 0;
        };
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 1000; ++i)
            tasks.push_back(one(i));
        int right = 0;
        for (const int each : co_await gather(std::move(tasks)))
            right += each;
        EXPECT_EQ(right, 1000);
        EXPECT_EQ(server.calls(), 1000u);
    });
}

TEST(LlmClient, SendsItsKeyAndAsksForWhatItNeeds) {
    http::RequestHead seen;
    const auto handler = [&](http::Exchange& exchange) -> Task<void> {
        seen = exchange.request();
        std::ignore = co_await exchange.respond(200, http::Headers(), R"({"choices":[{}]})");
    };
    http::with_server(handler, [&](http::Server&) -> Task<void> {
        Client client =
            Client::make(ClientOptions().base_url("http://localhost:8080/openai/v1/").api_key("k"))
                .value();
        Result<ChatAnswer> answer = co_await client.chat(hello());
        EXPECT_TRUE(answer.has_value()) << answer.error().message();
    });
    EXPECT_EQ(seen.method + " " + seen.target, "POST /openai/v1/chat/completions");
    EXPECT_EQ(seen.headers.get("authorization"), "Bearer k");
    EXPECT_EQ(seen.headers.get("content-type"), seen.headers.get("accept"));
    EXPECT_EQ(seen.headers.get("accept"), "application/json");
}

TEST(LlmClient, PostsToThePathThatABatchFileNames) {
    const auto handler = [](http::Exchange& exchange) -> Task<void> {
        http::Headers headers;
        headers.add("x-request-id", "r1");
        headers.add("retry-after", "7");
        std::ignore = co_await exchange.respond(429, std::move(headers), exchange.request().target);
    };
    http::with_server(handler, [](http::Server&) -> Task<void> {
        const std::string host = "http://localhost:8080";
        for (const char* base : {"", "/", "/v1", "/v1/"}) {
            Client client = client_of(host + base);
            Result<RawAnswer> answer = co_await client.post("/v1/chat/completions", "{}");
            EXPECT_EQ(answer->body, "/v1/chat/completions") << base;
        }
        Client client = client_of(host + "/beta/openai");
        Result<RawAnswer> answer = co_await client.post("/v1/embeddings", "{}");
        EXPECT_EQ(answer->body, "/beta/openai/embeddings");
        EXPECT_EQ(answer->status, 429);
        EXPECT_EQ(answer->request_id, "r1");
        EXPECT_EQ(answer->failure(), LlmErrc::rate_limited);
        EXPECT_EQ(answer->failure().retry_after(), 7s);
    });
}

// --- failures ------------------------------------------------------------------------------------

TEST(LlmClient, TellsTheErrorStatusesApart) {
    struct Case {
        int status;
        LlmErrc error;
        const char* part;
    };
    const std::vector<Case> cases = {
        {401, LlmErrc::unauthorized, "the server answered 401: "},
        {429, LlmErrc::rate_limited, "the server answered 429: "},
        {500, LlmErrc::server_error, "the server answered 500: "},
        {400, LlmErrc::bad_request, "the server answered 400: "},
        {503, LlmErrc::overloaded, "the server answered 503: "},
    };
    for (const Case& each : cases) {
        const auto script = mock::Script().status(each.status).retry_after("3");
        with_mock(script, [&](Client& client, mock::Server&) -> Task<void> {
            Result<ChatAnswer> answer = co_await client.chat(hello());
            expect_error(answer.error(), each.error, each.part);
            EXPECT_EQ(answer.error().retry_after(), 3s);
            Collected all = co_await collect(client, hello());
            expect_error(all.error, each.error, each.part);
            EXPECT_EQ(client.http().opened(), 1u) << "an error is read to its end";
        });
    }
}

TEST(LlmClient, ReportsAnAnswerWhoseBodyIsCut) {
    with_mock(mock::Script().close_in_body(), [](Client& client, mock::Server&) -> Task<void> {
        Result<ChatAnswer> answer = co_await client.chat(hello());
        expect_error(answer.error(), HttpErrc::body_cut, "http://127.0.0.1:8080: ");
        EXPECT_EQ(answer.error().worth_retry(), true);
        Collected all = co_await collect(client, hello());
        expect_error(all.error, LlmErrc::stream_truncated, "the connection broke");
    });
}

TEST(LlmClient, ReportsAStreamThatStopsHalfWay) {
    with_mock(mock::Script().cut_after(3), [](Client& client, mock::Server&) -> Task<void> {
        Collected all = co_await collect(client, hello());
        EXPECT_EQ(all.text, mock::expected_text("Hello", 3));
        expect_error(all.error, LlmErrc::stream_truncated, "the connection broke");
        EXPECT_EQ(all.error->worth_retry(), true);
        EXPECT_EQ(client.http().idle(), 0u);
    });
}

TEST(LlmClient, ReportsAStreamWithNeitherDoneNorFinishReason) {
    const auto script = mock::Script().without_done().without_finish_reason();
    with_mock(script, [](Client& client, mock::Server&) -> Task<void> {
        Collected all = co_await collect(client, hello());
        expect_error(all.error, LlmErrc::stream_truncated, "without [DONE] and without a finish");
    });
}

TEST(LlmClient, ReportsAnErrorInTheMidstOfAStream) {
    with_mock(mock::Script().fail_in_stream(2), [](Client& client, mock::Server&) -> Task<void> {
        Collected all = co_await collect(client, hello());
        EXPECT_EQ(all.text, mock::expected_text("Hello", 2));
        expect_error(all.error, LlmErrc::failed_in_stream, "inside its answer");
    });
}

TEST(LlmClient, ReportsAServerThatNeverAnswers) {
    with_mock(mock::Script().silent(), [](Client&, mock::Server&) -> Task<void> {
        Client client = client_of(kMockUrl, 30s);
        const Instant start = Reactor::current().now();
        Result<ChatAnswer> answer = co_await client.chat(hello());
        expect_error(answer.error(), Errc::timed_out,
                     "the call's deadline passed while it waited for any answer");
        Collected all = co_await collect(client, hello());
        expect_error(all.error, Errc::timed_out, "waited for any answer");
        EXPECT_GE(since(start), 60s);
        EXPECT_LT(since(start), 61s);
    });
}

TEST(LlmClient, ReportsAServerThatIsNotThere) {
    http::alone([]() -> Task<void> {
        Client client = client_of();
        Result<ChatAnswer> answer = co_await client.chat(hello());
        expect_error(answer.error(), std::errc::connection_refused, "http://127.0.0.1:8080: ");
        EXPECT_EQ(answer.error().worth_retry(), true);
        Client nowhere = client_of("http://nobody/v1");
        Result<ChatStream> stream = co_await nowhere.stream(hello());
        expect_error(stream.error(), Errc::name_not_found, "\"nobody\"");
        EXPECT_EQ(stream.error().worth_retry(), false);
    });
}

TEST(LlmClient, OneDeadlineHoldsForAWholeStream) {
    const auto script = mock::Script().tokens(100).token_interval(1s);
    with_mock(script, [](Client&, mock::Server&) -> Task<void> {
        Client client = client_of(kMockUrl, 10500ms);
        const Instant start = Reactor::current().now();
        Collected all = co_await collect(client, hello());
        EXPECT_EQ(all.text, mock::expected_text("Hello", 11));
        expect_error(all.error, Errc::timed_out, "while it waited for more of the answer");
        EXPECT_LT(since(start), 10600ms);
    });
}

TEST(LlmClient, RefusesOptionsThatCannotWork) {
    const auto why = [](ClientOptions options) {
        Result<Client> client = Client::make(std::move(options));
        return client ? std::string() : client.error().message();
    };
    EXPECT_NE(why(ClientOptions()).find("set OPENAI_BASE_URL"), std::string::npos);
    EXPECT_EQ(why(ClientOptions().api_key("k")), "");
    EXPECT_NE(why(ClientOptions().api_key("k\n")).find("line break"), std::string::npos);
    EXPECT_EQ(why(ClientOptions().base_url("localhost")).find("the base URL"), 0u);
}

// --- what servers do -----------------------------------------------------------------------------

TEST(LlmClient, EndsAtDoneThoughTheSocketStaysOpen) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    const std::string body = lines({kHi, kStop, "data: [DONE]"});
    http::with_scripts({head + body + std::string(http::kStayOpen)}, []() -> Task<void> {
        Client client = client_of();
        const Instant start = Reactor::current().now();
        Collected all = co_await collect(client, hello());
        EXPECT_FALSE(all.error.has_value());
        EXPECT_EQ(all.text, "hi");
        EXPECT_LT(since(start), 200ms);
        EXPECT_EQ(client.http().idle(), 0u);
    });
}

TEST(LlmClient, TakesAStreamThatLacksDoneOrItsLastBlankLine) {
    for (const std::string& body :
         {lines({kHi, kStop}), lines({kHi}) + std::string(kStop), lines({kHi}) + "data: [DONE]",
          lines({kHi, "data: [DONE] ", "data: junk"})}) {
        const Collected all = collected(stream_of(body));
        EXPECT_FALSE(all.error.has_value()) << body << all.error->message();
        EXPECT_EQ(all.text, "hi");
    }
}

TEST(LlmClient, CallsAHalfEventAtTheEndACut) {
    const Collected all = collected(stream_of(lines({kHi}) + R"(data: {"choices":)"));
    EXPECT_EQ(all.text, "hi");
    expect_error(all.error, LlmErrc::stream_truncated, "without [DONE]");
}

TEST(LlmClient, TakesTheAnswerOfAServerThatDoesNotStream) {
    const Collected all =
        collected(whole("application/json; charset=utf-8",
                        R"({"choices":[{"message":{"content":"all"},"finish_reason":"stop"}],)"
                        R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})"));
    EXPECT_FALSE(all.error.has_value());
    EXPECT_EQ(all.text, "all");
    EXPECT_EQ(all.finish, "stop");
    EXPECT_EQ(all.usage, Usage(1, 2));
}

TEST(LlmClient, FindsTheErrorOfAServerThatDoesNotStream) {
    const Collected all =
        collected(whole("application/json", R"({"error":{"message":"out of cheese"}})"));
    expect_error(all.error, LlmErrc::failed_in_stream, "out of cheese");
}

TEST(LlmClient, ShowsAPageThatCameInPlaceOfAStream) {
    const Collected all = collected(whole("text/html", "<html><title>Log in here</title></html>"));
    expect_error(all.error, LlmErrc::malformed_answer, "\"Log in here\"");
}

TEST(LlmClient, KeepsTheRequestId) {
    const std::string script =
        whole("text/event-stream", lines({kHi, "data: [DONE]"}), "Request-Id: req_7\r\n");
    http::with_scripts({script}, []() -> Task<void> {
        Client client = client_of();
        Result<ChatStream> stream = co_await client.stream(hello());
        EXPECT_EQ(stream->request_id(), "req_7");
    });
}

}  // namespace
