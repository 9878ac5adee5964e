// SPDX-License-Identifier: MIT
#include "llm/concurrency.h"

#include <gtest/gtest.h>

using namespace weir::llm;
using weir::llm::detail::Concurrency;

namespace {

/// A whole window of calls enters, is answered well, and leaves.
void one_round(Concurrency& concurrency, std::int64_t tokens = 100) {
    const std::size_t calls = concurrency.window();
    for (std::size_t i = 0; i < calls; ++i)
        concurrency.enter(tokens);
    for (std::size_t i = 0; i < calls; ++i) {
        concurrency.succeeded(tokens);
        concurrency.leave(tokens);
        concurrency.enter(tokens);  // another one takes its place, as under load
    }
    for (std::size_t i = 0; i < calls; ++i)
        concurrency.leave(tokens);
}

/// Fills the window, and the call of this number is refused.
void refuse(Concurrency& concurrency, std::uint64_t number, std::uint64_t next,
            std::int64_t tokens = 100) {
    const std::size_t calls = concurrency.window();
    for (std::size_t i = 0; i < calls; ++i)
        concurrency.enter(tokens);
    concurrency.refused(number, next);
    for (std::size_t i = 0; i < calls; ++i)
        concurrency.leave(tokens);
}

TEST(Concurrency, DoublesWithEachRoundUntilARefusal) {
    Concurrency concurrency(LimiterOptions().concurrency_start(4));
    EXPECT_EQ(concurrency.window(), 4u);
    one_round(concurrency);
    EXPECT_EQ(concurrency.window(), 8u);
    one_round(concurrency);
    EXPECT_EQ(concurrency.window(), 16u);
    refuse(concurrency, 0, 30);
    EXPECT_EQ(concurrency.window(), 11u);
    one_round(concurrency);
    EXPECT_EQ(concurrency.window(), 12u);
    one_round(concurrency);
    EXPECT_EQ(concurrency.window(), 13u);
}

TEST(Concurrency, IsCutOnceInARound) {
    Concurrency concurrency(LimiterOptions().concurrency_start(100));
    refuse(concurrency, 0, 100);
    EXPECT_EQ(concurrency.window(), 70u);
    refuse(concurrency, 99, 130);  // was sent before that cut
    EXPECT_EQ(concurrency.window(), 70u);
    refuse(concurrency, 100, 130);
    EXPECT_EQ(concurrency.window(), 49u);
}

TEST(Concurrency, StaysWithinItsBounds) {
    Concurrency concurrency(LimiterOptions().concurrency(3, 10));
    for (int i = 0; i < 5; ++i)
        one_round(concurrency);
    EXPECT_EQ(concurrency.window(), 10u);
    for (std::uint64_t i = 0; i < 20; ++i)
        refuse(concurrency, i, i + 1);
    EXPECT_EQ(concurrency.window(), 3u);
}

TEST(Concurrency, DoesNotGrowWhileItIsNotUsed) {
    Concurrency concurrency(LimiterOptions().concurrency_start(100));
    for (int i = 0; i < 1000; ++i) {
        concurrency.enter(1);
        concurrency.succeeded(1);
        concurrency.leave(1);
    }
    EXPECT_EQ(concurrency.window(), 100u);
}

TEST(Concurrency, AWindowThatWasNeverFilledIsNoMeasure) {
    Concurrency concurrency(LimiterOptions().concurrency_start(100));
    for (int i = 0; i < 10; ++i)
        concurrency.enter(1);
    concurrency.refused(0, 10);
    EXPECT_EQ(concurrency.window(), 14u);
}

TEST(Concurrency, TokensInFlightAreCutAndGrowInTheSameWay) {
    Concurrency concurrency(LimiterOptions().concurrency_start(10).tokens_in_flight(1'000'000));
    EXPECT_EQ(concurrency.token_window(), 1'000'000);
    refuse(concurrency, 0, 10, 1'000);  // 10,000 in flight: twice as much is what may have been
    EXPECT_NEAR(concurrency.token_window(), 14'000, 1e-6);
    for (int i = 0; i < 14; ++i)
        concurrency.enter(1'000);
    EXPECT_FALSE(concurrency.has_room_for(1));
    for (int i = 0; i < 14; ++i)
        concurrency.succeeded(1'000);
    EXPECT_NEAR(concurrency.token_window(), 15'000, 100) << "one call more in a round";
}

TEST(Concurrency, ACallLargerThanTheWindowIsLetInAlone) {
    Concurrency concurrency(LimiterOptions().tokens_in_flight(100));
    EXPECT_TRUE(concurrency.has_room_for(500));
    concurrency.enter(50);
    EXPECT_TRUE(concurrency.has_room_for(50));
    EXPECT_FALSE(concurrency.has_room_for(51));
}

}  // namespace
