// SPDX-License-Identifier: MIT
#include "llm/limiter_bucket.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;
using weir::llm::detail::Bucket;

namespace {

constexpr Instant kStart = Instant(1000s);

RateLimit says(std::optional<std::int64_t> limit, std::optional<std::int64_t> remaining) {
    RateLimit found;
    found.limit = limit;
    found.remaining = remaining;
    return found;
}

Bucket full(std::int64_t limit, double headroom = 0) {
    Bucket bucket(says(limit, std::nullopt), headroom);
    bucket.advance(kStart);
    return bucket;
}

TEST(LimiterBucket, IsRefilledAllTheTimeUpToItsLimit) {
    Bucket bucket = full(60);
    bucket.take(60);
    bucket.advance(kStart + 1500ms);
    EXPECT_NEAR(bucket.level(), 1.5, 1e-9);
    bucket.advance(kStart + 1s);  // an older instant
    EXPECT_NEAR(bucket.level(), 1.5, 1e-9);
    bucket.advance(kStart + 1h);
    EXPECT_NEAR(bucket.level(), 60, 1e-9);
}

TEST(LimiterBucket, KnowsWhenADemandFits) {
    Bucket bucket = full(60);
    bucket.take(60);
    EXPECT_EQ(bucket.time_until(2), 2s);
    EXPECT_EQ(bucket.time_until(0), 0s);
    bucket.advance(kStart + 1999ms);
    EXPECT_FALSE(bucket.fits(2));
    bucket.advance(kStart + 2s);
    EXPECT_TRUE(bucket.fits(2));
}

TEST(LimiterBucket, KeepsTheHeadroomBack) {
    Bucket bucket = full(100, 0.1);
    EXPECT_NEAR(bucket.level(), 90, 1e-9);
    EXPECT_TRUE(bucket.fits(100)) << "more than is let out, not more than the limit";
    EXPECT_FALSE(bucket.is_too_much(100));
    EXPECT_TRUE(bucket.is_too_much(101));
}

TEST(LimiterBucket, WithoutALimitEverythingFits) {
    Bucket bucket;
    bucket.take(1e9);
    EXPECT_TRUE(bucket.fits(1e9));
    EXPECT_FALSE(bucket.is_too_much(1e12));
    bucket.learn(says(std::nullopt, 5), 0, kStart);
    EXPECT_FALSE(bucket.is_limited()) << "what is left of an unknown limit says nothing";
}

TEST(LimiterBucket, LearnsALimitAndSubtractsWhatWasSentSince) {
    Bucket bucket;
    bucket.advance(kStart);
    const double mark = bucket.take(10);
    bucket.take(25);  // sent later, so the server had not seen it
    bucket.advance(kStart + 1s);
    bucket.learn(says(600, 590), mark, kStart);
    EXPECT_NEAR(bucket.level(), 590 - 25 + 10, 1e-9);
    bucket.advance(kStart + 2s);
    EXPECT_NEAR(bucket.level(), 590 - 25 + 20, 1e-9);
}

TEST(LimiterBucket, BelievesLessAtOnceAndMoreByAndBy) {
    Bucket bucket = full(600);
    double mark = bucket.take(100);
    bucket.learn(says(600, 300), mark, kStart);
    EXPECT_NEAR(bucket.level(), 300, 1e-9);
    mark = bucket.take(0);
    bucket.learn(says(600, 400), mark, kStart);
    EXPECT_NEAR(bucket.level(), 325, 1e-9);
}

TEST(LimiterBucket, TheSameErrorIsNotCorrectedTwice) {
    Bucket bucket = full(600);
    const double first = bucket.take(10);
    const double second = bucket.take(10);
    bucket.learn(says(600, 490), first, kStart);
    EXPECT_NEAR(bucket.level(), 480, 1e-9);
    bucket.learn(says(600, 480), second, kStart + 1ns);
    EXPECT_NEAR(bucket.level(), 480, 1e-9);
}

TEST(LimiterBucket, HeadersOfAnEarlierCallAreOutOfDate) {
    Bucket bucket = full(600);
    const double first = bucket.take(10);
    const double second = bucket.take(10);
    bucket.learn(says(600, 580), second, kStart + 1s);
    bucket.learn(says(600, 100), first, kStart);
    EXPECT_NEAR(bucket.level(), 580, 1e-9);
}

TEST(LimiterBucket, WhatIsConfiguredIsACeiling) {
    Bucket bucket = full(100);
    double mark = bucket.take(50);
    bucket.learn(says(600, 590), mark, kStart);
    EXPECT_NEAR(bucket.level(), 50, 1e-9) << "the server has more, and we have what we were given";
    mark = bucket.take(10);
    bucket.learn(says(600, 8), mark, kStart);
    EXPECT_NEAR(bucket.level(), 8, 1e-9);
    for (int i = 0; i < 100; ++i)
        bucket.learn(says(600, 590), bucket.take(0), kStart);
    EXPECT_NEAR(bucket.level(), 40, 1e-6) << "what headers took away they give back";
    bucket.learn(says(50, 40), bucket.take(0), kStart);
    EXPECT_NEAR(bucket.limit(), 50, 1e-9);
}

TEST(LimiterBucket, PlansWithWhatOthersTake) {
    Bucket bucket;
    Instant now = kStart;
    double left = 600;
    for (int i = 0; i < 200; ++i, now += 1s) {
        bucket.advance(now);
        const double mark = bucket.take(7);
        left = std::min(left + 10, 600.0) - 7 - 4;  // others take 4 a second
        bucket.learn(says(600, static_cast<std::int64_t>(left)), mark, now);
    }
    const double before = bucket.level();
    bucket.advance(now + 9s);
    EXPECT_NEAR(bucket.level() - before, 10 * (10 - 4), 2) << "ten seconds without a header";
}

TEST(LimiterBucket, UnusedTokensComeBackUnlessHeadersDecide) {
    Bucket own = full(600);
    own.take(100);
    own.settle(100, 40);
    EXPECT_NEAR(own.level(), 560, 1e-9);
    Bucket told;
    told.advance(kStart);
    told.learn(says(600, 500), told.take(100), kStart);
    told.settle(100, 40);
    EXPECT_NEAR(told.level(), 500, 1e-9);
    told.settle(100, 130);
    EXPECT_NEAR(told.level(), 470, 1e-9) << "what was used beyond the reservation counts at once";
}

TEST(LimiterBucket, ARefusalWithoutHeadersMeansThatItWasEmpty) {
    Bucket bucket = full(600);
    const double first = bucket.take(10);
    const double second = bucket.take(10);
    bucket.put_back(10);
    bucket.learn_empty(first + 10);
    EXPECT_NEAR(bucket.level(), -10, 1e-9) << "nothing, and the other one is on its way";
    bucket.put_back(10);
    bucket.learn_empty(second + 10);
    EXPECT_NEAR(bucket.level(), 10 - 10, 1e-9);
}

TEST(LimiterBucket, LearnsAWindowOfADay) {
    Bucket bucket;
    bucket.advance(kStart);
    RateLimit found = says(14'400, 1);
    found.window = 24h;
    bucket.learn(found, bucket.take(1), kStart);
    EXPECT_EQ(bucket.time_until(2), 6s);
}

}  // namespace
