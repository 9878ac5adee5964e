// SPDX-License-Identifier: MIT
#include <weir/runtime/sync/ring.h>

#include <gtest/gtest.h>

#include <string>

using namespace weir;

namespace {

TEST(Ring, TakesMemoryByNeedAndGivesALargeBlockBackWhenItRunsEmpty) {
    detail::Ring<int> ring;
    EXPECT_EQ(ring.room(), 0u);
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 1000; ++i)
            ring.push(int(i));
        EXPECT_EQ(ring.room(), 1024u);
        for (int i = 0; i < 1000; ++i)
            EXPECT_EQ(ring.pop(), i);
        EXPECT_EQ(ring.room(), 0u);
    }
    for (int i = 0; i < 1000; ++i) {  // a small one stays
        ring.push(int(i));
        EXPECT_EQ(ring.pop(), i);
        EXPECT_EQ(ring.room(), 4u);
    }
}

TEST(Ring, KeepsItsOrderWhenItGrowsAcrossItsSeam) {
    detail::Ring<std::string> ring;
    int next_in = 0;
    int next_out = 0;
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 3; ++i)
            ring.push(std::to_string(next_in++));
        EXPECT_EQ(ring.pop(), std::to_string(next_out++));
    }
    while (ring.size() > 0)
        EXPECT_EQ(ring.pop(), std::to_string(next_out++));
    EXPECT_EQ(next_out, next_in);
}

}  // namespace
