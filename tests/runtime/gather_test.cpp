// SPDX-License-Identifier: MIT
#include <weir/runtime/gather.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<GatherRequest<int>>);

Task<int> value_after(Duration span, int value) {
    co_await sleep_for(span);
    co_return int(value);
}

Task<Result<int>> result_after(Duration span, Result<int> result) {
    co_await sleep_for(span);
    co_return std::move(result);
}

TEST(Gather, GivesValuesInTheOrderOfTheTasks) {
    std::vector<int> values;
    simulate([&]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 5; ++i)
            tasks.push_back(value_after((5 - i) * 1ms, i));
        values = co_await gather(std::move(tasks));
        EXPECT_EQ(Reactor::current().now() - begin, 5ms);  // all at once
    });
    EXPECT_EQ(values, (std::vector{0, 1, 2, 3, 4}));
}

TEST(Gather, OfNothingGivesNothing) {
    simulate([]() -> Task<void> {
        std::vector<Task<int>> none;
        const std::vector<int> values = co_await gather(std::move(none));
        EXPECT_TRUE(values.empty());
    });
}

TEST(Gather, OfTenThousand) {
    long sum = 0;
    simulate([&]() -> Task<void> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 10'000; ++i)
            tasks.push_back(value_after((i % 7) * 1ms, i));
        const std::vector<int> values = co_await gather(std::move(tasks));
        for (const int value : values)
            sum += value;
    });
    EXPECT_EQ(sum, 9999L * 10'000 / 2);
}

TEST(Gather, OfTasksWithoutValues) {
    int ended = 0;
    const auto count = [](int& counter) -> Task<void> {
        co_await yield();
        ++counter;
    };
    simulate([&]() -> Task<void> {
        std::vector<Task<void>> tasks;
        for (int i = 0; i < 3; ++i)
            tasks.push_back(count(ended));
        co_await gather(std::move(tasks));
    });
    EXPECT_EQ(ended, 3);
}

TEST(Gather, OfMoveOnlyValues) {
    const auto boxed = [](int number) -> Task<std::unique_ptr<int>> {
        co_return std::make_unique<int>(number);
    };
    simulate([&]() -> Task<void> {
        std::vector<Task<std::unique_ptr<int>>> tasks;
        tasks.push_back(boxed(1));
        tasks.push_back(boxed(2));
        const std::vector<std::unique_ptr<int>> values = co_await gather(std::move(tasks));
        EXPECT_EQ(*values[1], 2);
    });
}

TEST(Gather, OfResultsGivesAllValues) {
    simulate([]() -> Task<void> {
        std::vector<Task<Result<int>>> tasks;
        tasks.push_back(result_after(2ms, 1));
        tasks.push_back(result_after(1ms, 2));
        const Result<std::vector<int>> values = co_await gather(std::move(tasks));
        EXPECT_TRUE(values.has_value());
        EXPECT_EQ(values.value(), (std::vector{1, 2}));
    });
}

TEST(Gather, OfResultsGivesTheFirstErrorAndEndsTheRest) {
    simulate([]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        std::vector<Task<Result<int>>> tasks;
        tasks.push_back(result_after(1h, 1));
        tasks.push_back(result_after(2ms, Error(Errc::unsupported)));
        tasks.push_back(result_after(1ms, Error(Errc::bad_argument)));
        const Result<std::vector<int>> values = co_await gather(std::move(tasks));
        EXPECT_TRUE(!values && values.error() == Errc::bad_argument);
        EXPECT_EQ(Reactor::current().now() - begin, 1ms);
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    });
}

TEST(Gather, ThrowsTheFirstExceptionWhenAllHaveEnded) {
    const auto failing = [](Duration span) -> Task<int> {
        co_await sleep_for(span);
        throw std::runtime_error("failed");
    };
    simulate([&]() -> Task<void> {
        const std::size_t frames = detail::frames_live();
        std::vector<Task<int>> tasks;
        tasks.push_back(value_after(1h, 1));
        tasks.push_back(failing(1ms));
        bool caught = false;
        try {
            static_cast<void>(co_await gather(std::move(tasks)));
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
        EXPECT_EQ(detail::frames_live(), frames);
    });
}

Task<int> throwing_after(Duration span) {
    co_await sleep_for(span);
    throw std::runtime_error("failed");
}

TEST(GatherSettled, GivesAResultForEachAndCancelsNobody) {
    simulate([]() -> Task<void> {
        std::vector<Task<int>> tasks;
        tasks.push_back(value_after(3ms, 1));
        tasks.push_back(throwing_after(1ms));
        tasks.push_back(value_after(2ms, 3));
        const std::vector<Result<int>> results = co_await gather_settled(std::move(tasks));
        EXPECT_EQ(*results[0], 1);
        EXPECT_TRUE(!results[1] && results[1].error() == Errc::task_threw);
        EXPECT_THROW(static_cast<void>(results[1].value()), std::runtime_error);
        EXPECT_EQ(*results[2], 3);
    });
}

TEST(GatherSettled, OfResultsKeepsTheirType) {
    simulate([]() -> Task<void> {
        std::vector<Task<Result<int>>> tasks;
        tasks.push_back(result_after(2ms, Error(Errc::unsupported)));
        tasks.push_back(result_after(1ms, 1));
        const std::vector<Result<int>> results = co_await gather_settled(std::move(tasks));
        EXPECT_TRUE(!results[0] && results[0].error() == Errc::unsupported);
        EXPECT_EQ(*results[1], 1);
    });
}

TEST(GatherSettled, OfNothingGivesNothing) {
    simulate([]() -> Task<void> {
        const auto none = co_await gather_settled(std::vector<Task<int>>());
        EXPECT_TRUE(none.empty());
    });
}

TEST(Gather, BeginsInTheOrderOfTheTasks) {
    simulate([]() -> Task<void> {
        std::vector<int> order;
        const auto note = [&](int number) -> Task<void> {
            order.push_back(number);
            co_return;
        };
        std::vector<Task<void>> tasks;
        for (int i = 0; i < 4; ++i)
            tasks.push_back(note(i));
        co_await gather(std::move(tasks));
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
    });
}

TEST(Gather, OfAHundredThousand) {
    simulate([]() -> Task<void> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 100'000; ++i)
            tasks.push_back(value_after(1ms * (i % 7), i));
        const std::vector<int> values = co_await gather(std::move(tasks));
        EXPECT_EQ(values.size(), 100'000u);
        EXPECT_EQ(values[99'999], 99'999);
    });
}

}  // namespace
