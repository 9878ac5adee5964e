// SPDX-License-Identifier: MIT
#include <weir/llm/chain.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/timeout.h>

#include "tests/http/world.h"

#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using http::alone;
using http::since;

namespace {

static_assert(!std::is_aggregate_v<Step<int, int>>);

Task<Result<std::string>> echo(std::string prompt) {
    co_await sleep_for(1ms);
    co_return "<" + prompt + ">";
}

Result<int> to_number(const std::string& text) {
    int number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size()) {
        return Error(Errc::bad_argument, "no number: " + text);
    }
    return number;
}

// Waits as many milliseconds as it is given; fails for those below zero.
class Waiter {
public:
    Waiter() = default;
    Task<Result<int>> operator()(int milliseconds) {
        ++*begun;
        *running_max = std::max(*running_max, ++*running);
        co_await sleep_for(std::chrono::milliseconds(std::abs(milliseconds)));
        --*running;
        if (milliseconds == -13) throw std::runtime_error("thirteen");
        if (milliseconds < 0) {
            co_return Error(Errc::bad_argument, "below zero: " + std::to_string(milliseconds));
        }
        co_return milliseconds * 10;
    }

    int* begun = nullptr;
    int* running = nullptr;
    int* running_max = nullptr;
};

class Counts {
public:
    Counts() = default;
    Step<int, int> step() {
        Waiter waiter;
        waiter.begun = &begun;
        waiter.running = &running;
        waiter.running_max = &running_max;
        return Step<int, int>(waiter);
    }

    int begun = 0;
    int running = 0;
    int running_max = 0;
};

TEST(Chain, TemplateModelAndParserAreOneStep) {
    alone([]() -> Task<void> {
        const std::string suffix = "!";
        auto parse = [suffix](const std::string& text) {
            return text + suffix;
        };
        Step<PromptValues, std::string> chain =
            prompt_step(PromptTemplate::parse("About {topic}").value()).then(echo).then(parse);
        const PromptValues values = {{"topic", "tea"}};
        const Result<std::string> answer = co_await chain.run(values);
        EXPECT_EQ(answer.value(), "<About tea>!");
        const PromptValues wrong = {{"subject", "tea"}};
        const Result<std::string> none = co_await chain.run(wrong);
        EXPECT_TRUE(none.error() == Errc::bad_argument);
    });
}

TEST(Chain, StepsJoinedFromTheRightAreTheSame) {
    alone([]() -> Task<void> {
        auto length = [](const std::string& text) {
            return text.size();
        };
        Step<std::string, std::size_t> right = Step<std::string, std::string>(echo).then(length);
        Step<int, std::size_t> chain =
            Step<int, std::string>([](int n) { return std::to_string(n); }).then(std::move(right));
        const Result<std::size_t> size = co_await chain.run(123);
        EXPECT_EQ(size.value(), 5U);
    });
}

TEST(Chain, FirstErrorEndsItBeforeLaterStepsBegin) {
    alone([]() -> Task<void> {
        int later = 0;
        auto count = [&later](int number) {
            return later += number;
        };
        Step<std::string, int> chain = Step<std::string, int>(to_number).then(count);
        const Result<int> good = co_await chain.run("7");
        EXPECT_EQ(good.value(), 7);
        const Result<int> bad = co_await chain.run("x");
        EXPECT_EQ(bad.error().message(), "no number: x");
        EXPECT_EQ(later, 7);
    });
}

TEST(Chain, OwnsWhatItsFunctionsCaptureAndMayMoveWhileItRuns) {
    alone([]() -> Task<void> {
        std::optional<Step<std::string, std::string>> chain;
        {
            auto secret = std::make_unique<std::string>("a text too long to lie in the object");
            auto model = [secret =
                              std::move(secret)](std::string prompt) -> Task<Result<std::string>> {
                co_await sleep_for(1ms);
                co_return prompt + *secret;
            };
            chain.emplace(std::move(model));
        }
        Task<Result<std::string>> task = chain->run("1 ");
        const Step<std::string, std::string> moved = *std::move(chain);
        chain.reset();
        const Result<std::string> answer = co_await std::move(task);
        EXPECT_EQ(answer.value(), "1 a text too long to lie in the object");
    });
}

TEST(Chain, MapKeepsTheOrderAndTheWindow) {
    alone([]() -> Task<void> {
        Counts counts;
        Step<int, int> step = counts.step();
        std::vector<int> inputs = {9, 1, 5, 2, 7, 3};
        const Result<std::vector<int>> outputs = co_await map(step, std::move(inputs), 3);
        EXPECT_EQ(outputs.value(), (std::vector<int>{90, 10, 50, 20, 70, 30}));
        EXPECT_EQ(counts.running_max, 3);
    });
}

TEST(Chain, MapOfNothingIsNothingAndAWideWindowIsNoWider) {
    alone([]() -> Task<void> {
        Counts counts;
        Step<int, int> step = counts.step();
        std::vector<int> inputs;
        const Result<std::vector<int>> none = co_await map(step, inputs, 3);
        EXPECT_TRUE(none.value().empty());
        inputs = {1, 2};
        const Result<std::vector<int>> both = co_await map(step, inputs, 1000);
        EXPECT_EQ(both.value(), (std::vector<int>{10, 20}));
    });
}

TEST(Chain, FirstFailureOfAMapCancelsTheRest) {
    alone([]() -> Task<void> {
        Counts counts;
        Step<int, int> step = counts.step();
        const Instant start = Reactor::current().now();
        std::vector<int> inputs = {500, -3, 400, 300};
        const Result<std::vector<int>> outputs = co_await map(step, std::move(inputs), 2);
        EXPECT_EQ(outputs.error().message(), "below zero: -3");
        EXPECT_EQ(since(start), 3ms);
        EXPECT_EQ(counts.begun, 2);
    });
}

TEST(Chain, SettledMapGivesAResultForEach) {
    alone([]() -> Task<void> {
        Counts counts;
        Step<int, int> step = counts.step();
        std::vector<int> inputs = {3, -2, -13, 1};
        const std::vector<Result<int>> results = co_await map_settled(step, std::move(inputs), 2);
        EXPECT_EQ(results.size(), 4U);
        EXPECT_EQ(results[0].value(), 30);
        EXPECT_EQ(results[1].error().message(), "below zero: -2");
        EXPECT_TRUE(results[2].error() == Errc::task_threw);
        EXPECT_EQ(results[3].value(), 10);
    });
}

TEST(Chain, CancelledMapLeavesNothingRunning) {
    alone([]() -> Task<void> {
        Counts counts;
        Step<int, int> step = counts.step();
        std::vector<int> inputs = {100, 100, 100};
        const auto late = co_await timeout(50ms, map(step, std::move(inputs), 2));
        EXPECT_TRUE(late.error() == Errc::timed_out);
        EXPECT_EQ(counts.begun, 2);
    });
}

}  // namespace
