// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/base/time.h>

#include <chrono>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart = Instant(5s);

TEST(Time, SaturatingAddIsPlainInTheOrdinaryRange) {
    EXPECT_EQ(saturating_add(kStart, 2s), Instant(7s));
    EXPECT_EQ(saturating_add(kStart, -2s), Instant(3s));
    EXPECT_EQ(saturating_add(kStart, 0s), kStart);
}

TEST(Time, SaturatingAddStopsAtNever) {
    EXPECT_EQ(saturating_add(kStart, Duration::max()), kNever);
    EXPECT_EQ(saturating_add(kNever, 1ns), kNever);
    EXPECT_EQ(saturating_add(kNever, 0ns), kNever);
    EXPECT_EQ(saturating_add(kNever - 2ns, 1ns), kNever - 1ns);
}

TEST(Time, SecondsKeepTheFraction) {
    EXPECT_DOUBLE_EQ(to_seconds(1500ms), 1.5);
    EXPECT_DOUBLE_EQ(to_seconds(-1ns), -1e-9);
}

}  // namespace
