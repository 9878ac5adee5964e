// SPDX-License-Identifier: MIT
#include <weir/llm/coalesce.h>

#include <gtest/gtest.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/simulate_seeds.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/timeout.h>

#include "tests/http/world.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using http::alone;
using http::since;

namespace {

// What works have done so far.
class Tally {
public:
    Tally() = default;
    int begun = 0;
    int ended = 0;
    int live = 0;
};

class Living {
public:
    explicit Living(int& live) noexcept : live_(live) { ++live_; }
    Living(const Living&) = delete;
    Living& operator=(const Living&) = delete;
    ~Living() { --live_; }

private:
    int& live_;
};

Task<Result<std::string>> work(Tally& tally, std::string text, Duration pause = 10ms) {
    ++tally.begun;
    const Living living(tally.live);
    co_await sleep_for(pause);
    ++tally.ended;
    if (text == "throw") throw std::runtime_error("thrown");
    if (text == "fail") co_return Error(Errc::bad_argument, "failed");
    co_return text;
}

Task<void> doze() {
    co_await sleep_for(1h);
}

using Answers = std::vector<Result<std::string>>;

TEST(Coalesce, EqualCallsInFlightShareOneWork) {
    alone([]() -> Task<void> {
        Tally tally;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Coalescer<std::string> calls(group);
            std::vector<Task<Result<std::string>>> tasks;
            for (int index = 0; index < 3; ++index)
                tasks.push_back(calls.call("a", work(tally, "A")));
            tasks.push_back(calls.call("b", work(tally, "B")));
            const Answers answers = co_await gather_settled(std::move(tasks));
            EXPECT_EQ(answers[0].value(), "A");
            EXPECT_EQ(answers[1].value(), "A");
            EXPECT_EQ(answers[2].value(), "A");
            EXPECT_EQ(answers[3].value(), "B");
            EXPECT_EQ(calls.in_flight(), 0U);
        });
        EXPECT_EQ(tally.begun, 2);
    });
}

TEST(Coalesce, LandedCallIsNotRemembered) {
    alone([]() -> Task<void> {
        Tally tally;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Coalescer<std::string> calls(group);
            const auto first = co_await calls.call("a", work(tally, "1"));
            const auto second = co_await calls.call("a", work(tally, "2"));
            EXPECT_EQ(first.value() + second.value(), "12");
        });
        EXPECT_EQ(tally.begun, 2);
    });
}

TEST(Coalesce, ErrorsAndExceptionsAreSharedAndFailNoGroup) {
    alone([]() -> Task<void> {
        Tally tally;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Coalescer<std::string> calls(group);
            std::vector<Task<Result<std::string>>> tasks;
            for (const char* text : {"fail", "fail", "throw", "throw"})
                tasks.push_back(calls.call(text, work(tally, text)));
            const Answers answers = co_await gather_settled(std::move(tasks));
            EXPECT_EQ(answers[0].error().message(), "failed");
            EXPECT_EQ(answers[1].error().message(), "failed");
            EXPECT_TRUE(answers[2].error() == Errc::task_threw);
            EXPECT_TRUE(answers[3].error() == Errc::task_threw);
            EXPECT_FALSE(group.is_cancelled());
        });
        EXPECT_EQ(tally.begun, 2);
    });
}

TEST(Coalesce, WorkGoesOnWhenItsFirstCallerIsCancelled) {
    alone([]() -> Task<void> {
        Tally tally;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Coalescer<std::string> calls(group);
            std::vector<Task<Result<std::string>>> tasks;
            auto impatient = [&]() -> Task<Result<std::string>> {
                co_return co_await timeout(2ms, calls.call("a", work(tally, "A")));
            };
            tasks.push_back(impatient());
            tasks.push_back(calls.call("a", work(tally, "never")));
            const Answers answers = co_await gather_settled(std::move(tasks));
            EXPECT_TRUE(answers[0].error() == Errc::timed_out);
            EXPECT_EQ(answers[1].value(), "A");
        });
        EXPECT_EQ(tally.begun, 1);
    });
}

TEST(Coalesce, WorkIsCancelledWithItsLastCallerAndAnEqualCallBeginsAnew) {
    alone([]() -> Task<void> {
        Tally tally;
        const Instant start = Reactor::current().now();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Coalescer<std::string> calls(group);
            const auto late = co_await timeout(2ms, calls.call("a", work(tally, "old", 1h)));
            EXPECT_TRUE(late.error() == Errc::timed_out);
            EXPECT_EQ(calls.in_flight(), 0U);
            const auto next = co_await calls.call("a", work(tally, "new"));
            EXPECT_EQ(next.value(), "new");
            EXPECT_EQ(tally.live, 0);
        });
        EXPECT_EQ(tally.begun, 2);
        EXPECT_EQ(tally.ended, 1);
        EXPECT_EQ(since(start), 12ms);
    });
}

TEST(Coalesce, CallersLearnThatTheGroupWasCancelled) {
    alone([]() -> Task<void> {
        Tally tally;
        std::optional<Result<std::string>> running;
        std::optional<Result<std::string>> unborn;
        std::optional<Coalescer<std::string>> calls;
        TaskGroup* works = nullptr;
        Event is_open;
        auto hold = [&]() -> Task<void> {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                calls.emplace(group);
                works = &group;
                is_open.set();
                co_await shield(doze());  // so the group lives on for a while when cancelled
            });
        };
        auto ask = [&]() -> Task<void> {
            co_await is_open.wait();
            auto end = [&]() -> Task<void> {
                co_await sleep_for(2ms);
                works->cancel();
            };
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(end());
                running = co_await calls->call("a", work(tally, "A"));
            });
            unborn = co_await calls->call("b", work(tally, "B"));
        };
        std::vector<Task<void>> both;
        both.push_back(hold());
        both.push_back(ask());
        co_await gather(std::move(both));
        EXPECT_TRUE(running && running->error() == Errc::cancelled);
        EXPECT_EQ(tally.live, 0);
        EXPECT_TRUE(unborn && unborn->error() == Errc::cancelled);
        EXPECT_EQ(tally.begun, 1);
    });
}

// Asks for one of a few keys again and again, with too little time now and then.
Task<void> user(Coalescer<std::string>& calls, Tally& tally, Random& random, int& answers) {
    for (int round = 0; round < 8; ++round) {
        const std::string key(1, static_cast<char>('a' + random.below(3)));
        const Duration limit = std::chrono::milliseconds(random.below(20));
        const Duration pause = std::chrono::milliseconds(random.below(15));
        const auto answer = co_await timeout(limit, calls.call(key, work(tally, key, pause)));
        if (answer) {
            ++answers;
            EXPECT_EQ(*answer, key);
        } else {
            EXPECT_TRUE(answer.error() == Errc::timed_out);
        }
    }
}

TEST(Coalesce, RandomCancelsLeaveNothingBehindInAnyWorld) {
    int answers = 0;
    int begun = 0;
    int ended = 0;
    auto world = [&](std::uint64_t seed) -> Task<void> {
        Random random(seed);
        Tally tally;
        co_await with_group([&](TaskGroup& works) -> Task<void> {
            Coalescer<std::string> calls(works);
            co_await with_group([&](TaskGroup& users) -> Task<void> {
                for (int index = 0; index < 6; ++index)
                    users.spawn(user(calls, tally, random, answers));
                co_await sleep_for(std::chrono::milliseconds(random.below(120)));
                if (random.below(2) == 0) users.cancel();
            });
            EXPECT_EQ(calls.in_flight(), 0U);
        });
        EXPECT_EQ(tally.live, 0);
        begun += tally.begun;
        ended += tally.ended;
    };
    const Result<void> all = simulate_seeds(200, Simulation().shuffle(), world);
    EXPECT_TRUE(all) << all.error().message();
    EXPECT_GT(answers, ended) << "some were shared";
    EXPECT_GT(begun, ended) << "some were cancelled";
}

}  // namespace
