// SPDX-License-Identifier: MIT
//
// The whole stack in one simulated world: an LLM client and the mock server, and between them a
// network that fails. Every call ends, with an answer or an error, nothing is left, and a world of
// the same seed does the same at the same times.
#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/server.h>
#include <weir/llm/mock/text.h>
#include <weir/runtime/simulate_seeds.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSeeds = 300;
constexpr int kCalls = 4;

class Tally {
public:
    Tally() = default;
    int answers = 0;
    int errors = 0;
    int wrong = 0;
};

Task<void> ask(Client& client, int number, Tally& tally) {
    const std::string question = "Question " + std::to_string(number);
    const Result<ChatAnswer> answer = co_await client.chat(Chat("m").user(question));
    if (!answer) {
        ++tally.errors;
        EXPECT_FALSE(answer.error().message().empty());
    } else {
        ++(answer->text == mock::expected_text(question, 20) ? tally.answers : tally.wrong);
    }
}

Task<void> ask_for_a_stream(Client& client, int number, Tally& tally) {
    const std::string question = "Question " + std::to_string(number);
    Result<ChatStream> stream = co_await client.stream(Chat("m").user(question));
    if (!stream) {
        ++tally.errors;
        co_return;
    }
    std::string text;
    for (;;) {
        Result<std::optional<Delta>> delta = co_await stream->next();
        if (!delta) {
            ++tally.errors;
            co_return;
        }
        if (!*delta) break;
        text += (*delta)->text;
    }
    ++(text == mock::expected_text(question, 20) ? tally.answers : tally.wrong);
}

Task<void> world(Tally& tally) {
    const auto script = mock::Script().tokens(20).time_to_first_token(200ms).token_interval(20ms);
    auto listening = mock::Server::listen(Endpoint::loopback(8080), script);
    while (!listening)  // out of descriptors just now
        listening = mock::Server::listen(Endpoint::loopback(8080), script);
    mock::Server server = *std::move(listening);
    const auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(server.serve());
        Client client =
            Client::make(ClientOptions().base_url("http://api.example:8080/v1").call_limit(120s))
                .value();
        const auto calls = [&](TaskGroup& callers) -> Task<void> {
            for (int i = 0; i < kCalls; i += 2) {
                callers.spawn(ask(client, i, tally));
                callers.spawn(ask_for_a_stream(client, i + 1, tally));
            }
            co_return;
        };
        co_await with_group(calls);
        group.cancel();
    };
    co_await with_group(body);
}

Simulation with_api() {
    return Simulation().latency(20ms, 10ms).host("api.example", Endpoint::loopback(0));
}

TEST(LlmWorld, EveryCallEndsWithAnAnswerOrAnError) {
    const std::size_t frames = weir::detail::frames_live();
    Tally tally;
    const auto ended = simulate_seeds(kSeeds, with_api().faults(Faults::heavy()).shuffle(),
                                      [&] { return world(tally); });
    EXPECT_TRUE(ended) << ended.error().message();
    EXPECT_EQ(weir::detail::frames_live(), frames);
    EXPECT_EQ(tally.answers + tally.errors, static_cast<int>(kSeeds) * kCalls);
    EXPECT_EQ(tally.wrong, 0);
    EXPECT_GT(tally.answers, 0);
    EXPECT_GT(tally.errors, 0);
}

TEST(LlmWorld, WithoutFaultsEveryCallIsAnswered) {
    Tally tally;
    const auto ended = simulate_seeds(20, with_api().shuffle(), [&] { return world(tally); });
    EXPECT_TRUE(ended) << ended.error().message();
    EXPECT_EQ(tally.answers, 20 * kCalls);
}

std::vector<std::string> trace_of(std::uint64_t seed) {
    std::vector<std::string> lines;
    Tally tally;
    run_simulated(
        world(tally),
        with_api()
            .seed(seed)
            .faults(Faults::heavy().refusals(0).unreachable_hosts(0).out_of_descriptors(0))
            .shuffle()
            .record(lines));
    return lines;
}

TEST(LlmWorld, OneSeedGivesTheSameEventsAtTheSameTimes) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const std::vector<std::string> lines = trace_of(seed);
        EXPECT_GT(lines.size(), 10u);
        EXPECT_EQ(trace_of(seed), lines) << "seed " << seed;
        EXPECT_NE(trace_of(seed + 100), lines) << "seed " << seed;
    }
}

}  // namespace
