// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/base/random.h>

#include <array>
#include <cstdint>

using namespace weir;

namespace {

// The reference sequence of splitmix64 for this seed: a run that a seed names must stay the same
// run on every machine and in every later version.
TEST(Random, FollowsTheReferenceSequence) {
    Random random(1234567);
    EXPECT_EQ(random.next(), 6457827717110365317u);
    EXPECT_EQ(random.next(), 3203168211198807973u);
    EXPECT_EQ(random.next(), 9817491932198370423u);
    EXPECT_EQ(random.next(), 4593380528125082431u);
    EXPECT_EQ(random.next(), 16408922859458223821u);
}

TEST(Random, SeedZeroIsAsGoodAsAnother) {
    Random random(0);
    EXPECT_EQ(random.next(), 0xe220a8397b1dcdafu);
}

TEST(Random, StaysBelowItsBound) {
    Random random(7);
    for (const std::uint64_t bound : {1ull, 2ull, 10ull, 1ull << 40, ~0ull}) {
        for (int draw = 0; draw < 1000; ++draw)
            ASSERT_LT(random.below(bound), bound);
    }
}

TEST(Random, BelowReachesEachNumberAboutEquallyOften) {
    Random random(42);
    std::array<int, 10> counts{};
    for (int draw = 0; draw < 10'000; ++draw)
        ++counts[random.below(counts.size())];
    for (const int count : counts) {
        EXPECT_GT(count, 850);
        EXPECT_LT(count, 1150);
    }
}

}  // namespace
