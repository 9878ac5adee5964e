// SPDX-License-Identifier: MIT
#include <weir/runtime/buffers.h>

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

using namespace weir;
using detail::BufferPool;

namespace {

static_assert(!std::is_aggregate_v<Lease>);
static_assert(!std::is_copy_constructible_v<Lease>);
static_assert(std::is_nothrow_move_constructible_v<Lease>);

TEST(BufferPool, GivesItsOwnBuffersFirst) {
    BufferPool pool(4, 64, 10);
    std::set<std::byte*> own;
    std::vector<BufferPool::Buffer> taken;
    for (int i = 0; i < 4; ++i) {
        taken.push_back(pool.take());
        EXPECT_NE(taken.back().number, BufferPool::kFromHeap);
        EXPECT_EQ(taken.back().data, pool.buffer(taken.back().number));
        own.insert(taken.back().data);
    }
    EXPECT_EQ(own.size(), 4u);
    taken.push_back(pool.take());
    EXPECT_EQ(taken.back().number, BufferPool::kFromHeap);
    for (const BufferPool::Buffer& buffer : taken)
        pool.give_back(buffer);
    EXPECT_EQ(pool.at_home().size(), 4u);
}

TEST(BufferPool, TakesFromTheHeapUpToItsLimit) {
    BufferPool pool(1, 64, 2);
    const BufferPool::Buffer own = pool.take();
    const BufferPool::Buffer first = pool.take();
    const BufferPool::Buffer second = pool.take();
    EXPECT_NE(second.data, nullptr);
    EXPECT_EQ(pool.take().data, nullptr);
    pool.give_back(first);
    const BufferPool::Buffer third = pool.take();
    EXPECT_NE(third.data, nullptr);
    for (const BufferPool::Buffer& buffer : {own, second, third})
        pool.give_back(buffer);
}

TEST(BufferPool, TakesBackNothingInsteadOfABuffer) {
    BufferPool pool(1, 64, 0);
    pool.give_back(BufferPool::Buffer());
    EXPECT_EQ(pool.at_home().size(), 1u);
}

TEST(Lease, ShowsItsBytesAndSendsTheBufferHome) {
    BufferPool pool(1, 64, 0);
    {
        const BufferPool::Buffer buffer = pool.take();
        std::memcpy(buffer.data, "hello", 5);
        const Lease lease(pool, buffer, 5);
        EXPECT_EQ(as_text(lease.bytes()), "hello");
        EXPECT_EQ(lease.size(), 5u);
        EXPECT_FALSE(lease.empty());
        EXPECT_EQ(pool.leased(), 1u);
        EXPECT_TRUE(pool.at_home().empty());
    }
    EXPECT_EQ(pool.leased(), 0u);
    EXPECT_EQ(pool.at_home().size(), 1u);
}

TEST(Lease, MovesWithoutGivingTheBufferBackTwice) {
    BufferPool pool(2, 64, 0);
    Lease first(pool, pool.take(), 1);
    Lease second(pool, pool.take(), 2);
    first = std::move(second);
    EXPECT_EQ(first.size(), 2u);
    EXPECT_EQ(pool.leased(), 1u);
    const Lease third(std::move(first));
    EXPECT_EQ(third.size(), 2u);
    EXPECT_EQ(pool.leased(), 1u);
    EXPECT_EQ(pool.at_home().size(), 1u);
}

TEST(Lease, ThatIsEmptyHoldsNothing) {
    const Lease lease;
    EXPECT_TRUE(lease.empty());
    EXPECT_TRUE(lease.bytes().empty());
}

TEST(LeaseDeath, ThatOutlivesItsPoolAborts) {
    EXPECT_DEATH(
        {
            Lease lease;
            BufferPool pool(1, 64, 0);
            lease = Lease(pool, pool.take(), 1);
        },
        "must not outlive");
}

}  // namespace
