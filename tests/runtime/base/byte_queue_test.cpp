// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/random.h>

#include <cstring>
#include <string>
#include <utility>

using namespace weir;

namespace {

TEST(ByteQueue, StartsEmptyAndWithoutMemory) {
    const ByteQueue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.size(), 0u);
    EXPECT_EQ(queue.capacity(), 0u);
    EXPECT_TRUE(queue.readable().empty());
}

TEST(ByteQueue, GivesBytesInTheOrderTheyCame) {
    ByteQueue queue;
    queue.append("hello ");
    queue.append("world");
    EXPECT_EQ(as_text(queue.readable()), "hello world");
    queue.consume(6);
    EXPECT_EQ(as_text(queue.readable()), "world");
}

TEST(ByteQueue, ShowsOnlyWhatWasCommitted) {
    ByteQueue queue;
    const MutableBytes room = queue.prepare(8);
    ASSERT_GE(room.size(), 8u);
    std::memcpy(room.data(), "abcdefgh", 8);
    EXPECT_TRUE(queue.empty());
    queue.commit(3);
    EXPECT_EQ(as_text(queue.readable()), "abc");
}

TEST(ByteQueue, GrowingKeepsUnreadBytes) {
    ByteQueue queue;
    queue.append("abcdef");
    queue.consume(2);
    const std::string many(1000, 'x');
    queue.append(many);
    EXPECT_EQ(as_text(queue.readable()), "cdef" + many);
}

TEST(ByteQueue, ReusesTheConsumedFrontInsteadOfGrowing) {
    ByteQueue queue;
    queue.append(std::string(100, 'a'));
    const std::size_t capacity = queue.capacity();
    for (int round = 0; round < 1000; ++round) {
        queue.consume(60);
        queue.append(std::string(60, 'b'));
    }
    EXPECT_EQ(queue.size(), 100u);
    EXPECT_LE(queue.capacity(), 2 * capacity);
}

TEST(ByteQueue, EmptyQueueGivesItsMemoryBack) {
    ByteQueue queue;
    queue.append("abc");
    queue.release_if_empty();
    EXPECT_EQ(as_text(queue.readable()), "abc");

    queue.consume(3);
    EXPECT_GT(queue.capacity(), 0u);
    queue.release_if_empty();
    EXPECT_EQ(queue.capacity(), 0u);
    queue.append("again");
    EXPECT_EQ(as_text(queue.readable()), "again");
}

TEST(ByteQueue, MoveLeavesTheOtherEmptyAndUsable) {
    ByteQueue first;
    first.append("abc");
    ByteQueue second = std::move(first);
    EXPECT_EQ(as_text(second.readable()), "abc");
    first.append("new");
    EXPECT_EQ(as_text(first.readable()), "new");

    second = std::move(first);
    EXPECT_EQ(as_text(second.readable()), "new");
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(first.capacity(), 0u);
}

TEST(ByteQueue, AppendingNothingAndClearingAreHarmless) {
    ByteQueue queue;
    queue.append(std::string_view());
    EXPECT_EQ(queue.capacity(), 0u);
    queue.append("abc");
    queue.clear();
    EXPECT_TRUE(queue.empty());
}

TEST(ByteQueue, AgreesWithAStringUnderRandomUse) {
    Random random(1);
    ByteQueue queue;
    std::string model;
    for (int step = 0; step < 20'000; ++step) {
        if (random.below(2) == 0) {
            const std::string piece(random.below(40), static_cast<char>('a' + random.below(26)));
            queue.append(piece);
            model += piece;
        } else {
            const std::size_t count = random.below(queue.size() + 1);
            queue.consume(count);
            model.erase(0, count);
        }
        ASSERT_EQ(as_text(queue.readable()), model) << "at step " << step;
    }
}

TEST(ByteQueueDeathTest, CommitAndConsumeStayInBounds) {
    ByteQueue queue;
    queue.append("abc");
    EXPECT_DEATH(queue.consume(4), "broken contract");
    EXPECT_DEATH(queue.commit(queue.capacity() - queue.size() + 1), "broken contract");
}

}  // namespace
