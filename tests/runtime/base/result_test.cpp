// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/base/result.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

using namespace weir;

namespace {

static_assert(!std::is_aggregate_v<Result<int>> && !std::is_aggregate_v<Result<void>>);
static_assert(is_result<Result<int>> && is_result<Result<void>> && !is_result<int>);
static_assert(!std::is_constructible_v<Result<int>, std::string>);

Result<int> parsed(bool is_good) {
    if (!is_good) return Error(Error::bad_argument, "not a number");
    return 7;
}

TEST(Result, HoldsAValueOrAnError) {
    const Result<int> good = parsed(true);
    ASSERT_TRUE(good.has_value());
    EXPECT_EQ(*good, 7);

    const Result<int> bad = parsed(false);
    ASSERT_FALSE(bad);
    EXPECT_TRUE(bad.error() == Error::bad_argument);
}

TEST(Result, ValueThrowsTheErrorWhereThereIsNone) {
    EXPECT_EQ(parsed(true).value(), 7);
    try {
        static_cast<void>(parsed(false).value());
        FAIL() << "value() did not throw";
    } catch (const BadResultAccess& access) {
        EXPECT_STREQ(access.what(), "not a number");
        EXPECT_TRUE(access.error() == Error::bad_argument);
    }
}

TEST(Result, ValueOrFallsBackOnlyOnError) {
    EXPECT_EQ(parsed(true).value_or(1), 7);
    EXPECT_EQ(parsed(false).value_or(1), 1);
}

TEST(Result, MovesValuesThatCannotBeCopied) {
    Result<std::unique_ptr<int>> made = std::make_unique<int>(3);
    const std::unique_ptr<int> taken = *std::move(made);
    EXPECT_EQ(*taken, 3);
}

TEST(Result, ConvertsWhatTheValueIsMadeFrom) {
    const Result<std::string> text = "abc";
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(text->size(), 3u);
}

TEST(Result, ErrorMovesOutWithItsMessage) {
    Result<int> bad = parsed(false);
    const Error error = std::move(bad).error().with_context("line 2");
    EXPECT_EQ(error.message(), "line 2: not a number");
}

TEST(Result, OfNothingIsSuccessByDefault) {
    const Result<void> good;
    EXPECT_TRUE(good.has_value());
    EXPECT_NO_THROW(good.value());

    const Result<void> bad = Error(Error::stream_ended);
    EXPECT_FALSE(bad);
    EXPECT_TRUE(bad.error() == Error::stream_ended);
    EXPECT_THROW(bad.value(), BadResultAccess);
}

TEST(ResultDeathTest, ReadingWhatIsNotThereAborts) {
    const Result<int> bad = parsed(false);
    EXPECT_DEATH(static_cast<void>(*bad), "broken contract");
    const Result<int> good = parsed(true);
    EXPECT_DEATH(static_cast<void>(good.error()), "broken contract");
    const Result<void> nothing;
    EXPECT_DEATH(static_cast<void>(nothing.error()), "broken contract");
}

}  // namespace
