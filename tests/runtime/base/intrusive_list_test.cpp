// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/base/intrusive_list.h>

using namespace weir;

namespace {

struct Waiter : IntrusiveNode {
    explicit Waiter(int waiter_number) : number(waiter_number) {}
    int number;
};

TEST(IntrusiveList, GivesElementsInTheOrderTheyJoined) {
    Waiter one(1), two(2), three(3);
    IntrusiveList<Waiter> list;
    EXPECT_TRUE(list.empty());
    list.push_back(one);
    list.push_back(two);
    list.push_back(three);

    EXPECT_EQ(list.front().number, 1);
    EXPECT_EQ(list.back().number, 3);
    EXPECT_EQ(list.pop_front().number, 1);
    EXPECT_EQ(list.pop_front().number, 2);
    EXPECT_EQ(list.pop_front().number, 3);
    EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, ElementLeavesFromAnywhereWithoutItsList) {
    Waiter one(1), two(2), three(3);
    IntrusiveList<Waiter> list;
    list.push_back(one);
    list.push_back(two);
    list.push_back(three);

    two.unlink();
    EXPECT_FALSE(two.is_linked());
    three.unlink();
    EXPECT_EQ(&list.pop_front(), &one);
    EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, ElementMayJoinAgainAfterItLeft) {
    Waiter one(1);
    IntrusiveList<Waiter> first;
    IntrusiveList<Waiter> second;
    first.push_back(one);
    EXPECT_TRUE(one.is_linked());
    one.unlink();
    second.push_back(one);
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(&second.pop_front(), &one);
}

TEST(IntrusiveListDeathTest, MustBeEmptyWhenItDies) {
    EXPECT_DEATH(
        {
            Waiter one(1);
            IntrusiveList<Waiter> list;
            list.push_back(one);
        },
        "broken contract");
}

}  // namespace
