// SPDX-License-Identifier: MIT
#include "llm/mock/call.h"

#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/text.h>
#include <weir/runtime/timeout.h>

#include "tests/llm/mock/mock_world.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using llm::mock::Pace;
using llm::mock::Script;

namespace {

Asked chat(std::string_view more = "") {
    return Asked("POST", "/v1/chat/completions")
        .content(R"({"model":"m","messages":[{"role":"user","content":"Hi there"}])" +
                 std::string(more) + "}");
}

constexpr std::string_view kStreamed = ",\"stream\":true";

Script with_fault(std::string_view name) {
    Script script;
    script.tokens(8);
    EXPECT_TRUE(script.fault(name)) << name;
    return script;
}

/// How long an answer takes, of which the body is given too.
class Timed {
public:
    Timed() = default;

    std::string body;
    Duration took{};
};

Timed timed(const Script& script, const Asked& asked) {
    Timed timed;
    simulate_mock(script, [&](llm::mock::Server& server) -> Task<void> {
        const Instant begun = Reactor::current().now();
        timed.body = (co_await ask_mock(server, asked)).value().body;
        timed.took = Reactor::current().now() - begun;
    });
    return timed;
}

/// What is heard of an answer that does not end, within some time.
std::string heard_within(const Script& script, const Asked& asked, Duration limit) {
    std::string heard;
    const auto listen = [&](llm::mock::Server& server) -> Task<void> {
        http::Client client;
        const std::string origin = server.base_url().substr(0, server.base_url().size() - 3);
        http::Request request("POST", http::Url::parse(origin + asked.path).value());
        request.body(asked.body);
        Result<http::ResponseStream> stream = co_await client.open(std::move(request));
        EXPECT_TRUE(stream);
        if (!stream) co_return;
        for (;;) {
            auto piece = co_await stream->read();
            if (!piece || piece->empty()) co_return;
            heard += as_text(*piece);
        }
    };
    simulate_mock(script, [&](llm::mock::Server& server) -> Task<void> {
        Result<void> ended = co_await timeout(limit, listen(server));
        EXPECT_TRUE(!ended && ended.error() == Error::timed_out);
    });
    return heard;
}

}  // namespace

TEST(MockFaults, StallComesHalfWayAndDelaysTheRest) {
    const Timed streamed = timed(with_fault("stall:30s").token_interval(10ms), chat(kStreamed));
    EXPECT_GE(streamed.took, 30s);
    EXPECT_LE(streamed.took, 31s);
    EXPECT_TRUE(streamed.body.ends_with("data: [DONE]\n\n"));
}

TEST(MockFaults, MalformedIsNoJson) {
    const std::string body = answer_of(with_fault("malformed"), chat(kStreamed)).body;
    int bad = 0;
    for (const auto& [type, data] : events_of(body))
        bad += data != "[DONE]" && !llm::is_json(data) ? 1 : 0;
    EXPECT_EQ(bad, 1);
    EXPECT_FALSE(llm::is_json(answer_of(with_fault("malformed"), chat()).body));
}

TEST(MockFaults, ResetClosesBeforeAnyAnswer) {
    simulate_mock(with_fault("reset"), [](llm::mock::Server& server) -> Task<void> {
        const Result<http::Response> response = co_await ask_mock(server, chat());
        EXPECT_FALSE(response);
        EXPECT_EQ(server.calls(), 1u);
    });
}

TEST(MockFaults, SlowBodyComesByteByByte) {
    const Timed whole = timed(with_fault("slow:10ms"), chat());
    EXPECT_TRUE(llm::is_json(whole.body));
    EXPECT_GE(whole.took, 10ms * static_cast<int>(whole.body.size()));
    const Timed streamed = timed(with_fault("slow:10ms"), chat(kStreamed));
    EXPECT_GE(streamed.took, 10ms * static_cast<int>(streamed.body.size()));
    EXPECT_TRUE(streamed.body.ends_with("data: [DONE]\n\n"));
}

TEST(MockFaults, CommentsComeForEver) {
    const std::string heard = heard_within(with_fault("comments"), chat(kStreamed), 10500ms);
    EXPECT_EQ(count_of(heard, ": still here\n\n"), 11u);
    EXPECT_EQ(heard.size(), 11u * 14u);
    EXPECT_EQ(heard_within(with_fault("comments"), chat(), 3500ms), "\n\n\n\n");
}

TEST(MockFaults, StaysOpenAfterDone) {
    const std::string heard = heard_within(with_fault("open"), chat(kStreamed), 60s);
    EXPECT_TRUE(heard.ends_with("data: [DONE]\n\n")) << heard;
}

TEST(MockFaults, AnswersOfGatewaysHaveStatus200) {
    const http::Response error = answer_of(with_fault("error-200"), chat(kStreamed));
    EXPECT_EQ(error.status(), 200);
    EXPECT_TRUE(error.body.starts_with("{\"error\":{")) << error.body;
    const http::Response page = answer_of(with_fault("html"), chat(kStreamed));
    EXPECT_EQ(page.status(), 200);
    EXPECT_EQ(page.head.headers.get("content-type"), "text/html");
    EXPECT_TRUE(page.body.starts_with("<!DOCTYPE html>"));
}

TEST(MockFaults, CutAndErrorTakeTheirPlace) {
    const std::string failed = answer_of(with_fault("error:3"), chat(kStreamed)).body;
    EXPECT_EQ(count_of(failed, "\"content\":"), 3u);
    EXPECT_EQ(count_of(failed, "\"error\":"), 1u);
    const std::string at_half = answer_of(with_fault("error"), chat(kStreamed)).body;
    EXPECT_EQ(count_of(at_half, "\"content\":"), 4u);
    const std::string shorter =
        answer_of(with_fault("error"), chat(",\"stream\":true,\"max_tokens\":2")).body;
    EXPECT_EQ(count_of(shorter, "\"content\":"), 1u);
}

TEST(MockFaults, NamesWithValuesAreRead) {
    Script script;
    for (const char* name : {"cut:", "cut:40", "error:1", "stall", "stall:1.5s", "slow:1ms", "html",
                             "silent", "reset", "close", "no-done", "no-finish-reason", "open"}) {
        EXPECT_TRUE(script.fault(name)) << name;
    }
    for (const char* name : {"", "huh", "cut:x", "cut:-1", "stall:x", "html:1", "slow:2h"}) {
        const auto read = script.fault(name);
        EXPECT_FALSE(read) << name;
        EXPECT_TRUE(read.error() == Errc::bad_argument);
    }
}

TEST(MockFaults, RateOfErrorsIsDrawnByTheSeed) {
    const auto statuses = [](const Script& script) {
        std::vector<int> list;
        simulate_mock(script, [&](llm::mock::Server& server) -> Task<void> {
            for (int i = 0; i < 200; ++i) {
                Result<http::Response> response = co_await ask_mock(server, chat());
                list.push_back(response.value().status());
            }
        });
        return list;
    };
    const std::vector<int> first = statuses(Script().error_rate(0.2, 7));
    EXPECT_EQ(first, statuses(Script().error_rate(0.2, 7)));
    EXPECT_NE(first, statuses(Script().error_rate(0.2, 8)));
    const auto errors = std::count(first.begin(), first.end(), 500);
    EXPECT_GE(errors, 25);
    EXPECT_LE(errors, 55);
    EXPECT_EQ(std::count(first.begin(), first.end(), 200), 200 - errors);
    const std::vector<int> busy = statuses(Script().error_rate(0.2, 7).status(529));
    EXPECT_EQ(std::count(busy.begin(), busy.end(), 529), errors);
    EXPECT_EQ(std::count(busy.begin(), busy.end(), 500), 0);
}

TEST(MockFaults, RateMustBeAShare) {
    run_simulated([]() -> Task<void> {
        EXPECT_FALSE(llm::mock::Server::listen(Endpoint::loopback(0), Script().error_rate(1.5)));
        EXPECT_FALSE(llm::mock::Server::listen(Endpoint::loopback(0), Script().error_rate(-1)));
        co_return;
    }());
}

TEST(MockFaults, RetryAfterMayBeAskedForOnce) {
    simulate_mock(Script().status(429).retry_after("2").faulty_calls(1),
                  [](llm::mock::Server& server) -> Task<void> {
                      const http::Response first = (co_await ask_mock(server, chat())).value();
                      EXPECT_EQ(first.status(), 429);
                      EXPECT_EQ(first.head.headers.get("retry-after"), "2");
                      const http::Response next = (co_await ask_mock(server, chat())).value();
                      EXPECT_EQ(next.status(), 200);
                  });
    Asked asked = chat();
    asked.header("x-mock-status", "503").header("X-Mock-Retry-After", "7");
    EXPECT_EQ(answer_of(Script(), asked).head.headers.get("retry-after"), "7");
}

TEST(MockFaults, UnknownHeaderIsRefused) {
    Asked asked = chat();
    asked.header("x-mock-fualt", "cut");
    const http::Response answer = answer_of(Script(), asked);
    EXPECT_EQ(answer.status(), 400);
    EXPECT_TRUE(has(answer.body, "x-mock-fault"));
}

TEST(MockPacing, IsDrawnAnewAndTheSameInEachRun) {
    const Script script = Script()
                              .tokens(4)
                              .time_to_first_token(Pace::exponential(1s))
                              .token_interval(Pace::lognormal(100ms, 0.5));
    const Timed first = timed(script, chat(kStreamed));
    EXPECT_EQ(first.took, timed(script, chat(kStreamed)).took);
    EXPECT_NE(first.took, timed(Script(script).seed(2), chat(kStreamed)).took);
    EXPECT_GT(first.took, 50ms);
    const Duration difference = first.took - timed(script, chat()).took;
    EXPECT_LE(difference < Duration::zero() ? -difference : difference, 5ms);
}

TEST(MockPacing, ReasoningComesFirstAndCounts) {
    const std::string body = answer_of(Script().tokens(2).reasoning(5), chat()).body;
    EXPECT_TRUE(has(body, R"("completion_tokens":7,"total_tokens":9,)"
                          R"("completion_tokens_details":{"reasoning_tokens":5})"))
        << body;
}
