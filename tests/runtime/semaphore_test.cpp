// SPDX-License-Identifier: MIT
#include <weir/runtime/sync/semaphore.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<Semaphore>);
static_assert(!std::is_aggregate_v<Permit>);
static_assert(!std::is_copy_constructible_v<Permit>);

TEST(Semaphore, AFreePermitIsTakenWithoutWaiting) {
    Semaphore semaphore(2);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit other([](Journal& log) -> Task<void> {
            log.note("other");
            co_return;
        }(journal));
        const Permit permit = co_await semaphore.acquire();
        journal.note("acquired");
        EXPECT_EQ(semaphore.available(), 1u);
        co_await other.join();
    });
    EXPECT_EQ(journal.text(), "acquired other");
    EXPECT_EQ(semaphore.available(), 2u);
}

TEST(Semaphore, LetsAtMostSoManyIn) {
    Semaphore semaphore(3);
    int inside = 0;
    int most = 0;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 20; ++i) {
                group.spawn([](Semaphore& gate, int& now_inside, int& high) -> Task<void> {
                    const Permit permit = co_await gate.acquire();
                    high = std::max(high, ++now_inside);
                    co_await sleep_for(1ms);
                    --now_inside;
                }(semaphore, inside, most));
            }
            co_return;
        });
    });
    EXPECT_EQ(most, 3);
    EXPECT_EQ(semaphore.available(), 3u);
}

TEST(Semaphore, ServesWaitersInTheOrderOfTheirComing) {
    Semaphore semaphore(1);
    Journal journal;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 4; ++i) {
                group.spawn([](Semaphore& gate, Journal& log, int number) -> Task<void> {
                    const Permit permit = co_await gate.acquire();
                    log.note(std::to_string(number));
                    co_await yield();
                }(semaphore, journal, i));
            }
            co_return;
        });
    });
    EXPECT_EQ(journal.text(), "0 1 2 3");
}

TEST(Semaphore, NobodyOvertakesAWaiterThatWasServed) {
    Semaphore semaphore(0);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit waiter([](Semaphore& gate, Journal& log) -> Task<void> {
            const Permit permit = co_await gate.acquire();
            log.note("waiter");
        }(semaphore, journal));
        co_await yield();
        semaphore.release();
        EXPECT_EQ(semaphore.available(), 0u);  // it is the waiter's, though that has not run yet
        const Permit permit = co_await semaphore.acquire();
        journal.note("late");
        co_await waiter.join();
    });
    EXPECT_EQ(journal.text(), "waiter late");
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Permit, IsGivenBackOnceWhenMovedOrReleasedEarly) {
    Semaphore semaphore(2);
    simulate([&]() -> Task<void> {
        Permit first = co_await semaphore.acquire();
        Permit second = co_await semaphore.acquire();
        EXPECT_EQ(semaphore.available(), 0u);
        first = std::move(second);  // gives the first one back
        EXPECT_EQ(semaphore.available(), 1u);
        first.release();
        first.release();
        EXPECT_EQ(semaphore.available(), 2u);
    });
    EXPECT_EQ(semaphore.available(), 2u);
}

}  // namespace
