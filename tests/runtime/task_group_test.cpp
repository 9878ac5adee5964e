// SPDX-License-Identifier: MIT
//
// Groups that nobody cancels; those that are: cancellation_group_test.cpp.
#include <weir/runtime/task_group.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<TaskGroup>);
static_assert(!std::is_move_constructible_v<TaskGroup>);

Task<void> count_after(Duration span, int& counter) {
    co_await sleep_for(span);
    ++counter;
}

TEST(TaskGroup, EndsWhenTheLastChildHas) {
    int ended = 0;
    simulate([&]() -> Task<void> {
        const Instant begin = Reactor::current().now();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 1; i <= 10; ++i)
                group.spawn(count_after(i * 1ms, ended));
            co_return;
        });
        EXPECT_EQ(ended, 10);
        EXPECT_EQ(Reactor::current().now() - begin, 10ms);
    });
}

TEST(TaskGroup, WithoutChildrenEndsWithItsBody) {
    simulate([]() -> Task<void> {
        co_await with_group([](TaskGroup& group) -> Task<void> {
            EXPECT_EQ(group.live(), 1u);  // the body itself
            co_return;
        });
    });
}

TEST(TaskGroup, GivesTheValueOfItsBody) {
    int ended = 0;
    simulate([&]() -> Task<void> {
        const std::string value = co_await with_group([&](TaskGroup& group) -> Task<std::string> {
            group.spawn(count_after(5ms, ended));
            co_return std::string("from the body");
        });
        EXPECT_EQ(value, "from the body");
        EXPECT_EQ(ended, 1);
    });
}

TEST(TaskGroup, ChildrenMaySpawnSiblings) {
    int ended = 0;
    const auto parent = [](TaskGroup& group, int& counter) -> Task<void> {
        co_await sleep_for(1ms);
        group.spawn(count_after(1ms, counter));
        ++counter;
    };
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(parent(group, ended));
            co_return;
        });
    });
    EXPECT_EQ(ended, 2);
}

TEST(TaskGroup, BeginsChildrenInTheNextRound) {
    Journal journal;
    const auto child = [](Journal& log) -> Task<void> {
        log.note("child");
        co_return;
    };
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(child(journal));
            journal.note("body");
            co_await yield();
            journal.note("body-again");
        });
    });
    EXPECT_EQ(journal.text(), "body child body-again");
}

TEST(TaskGroup, FreesAChildsFrameWhenItEnds) {
    int ended = 0;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const std::size_t frames = detail::frames_live();
            for (int i = 0; i < 100; ++i)
                group.spawn(count_after(1ms, ended));
            co_await sleep_for(5ms);
            EXPECT_EQ(detail::frames_live(), frames);
            EXPECT_EQ(group.live(), 1u);
        });
    });
}

TEST(TaskGroup, AnErrorOfAChildIsAFailure) {
    const auto failing = []() -> Task<Result<void>> {
        co_await sleep_for(1ms);
        co_return Error(Errc::unsupported, "not here");
    };
    simulate([&]() -> Task<void> {
        const Result<void> joined =
            co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
                group.spawn(failing());
                co_await sleep_for(1h);
                co_return Result<void>();
            });
        EXPECT_TRUE(!joined && joined.error() == Errc::unsupported);
    });
}

TEST(TaskGroup, AnErrorOfItsBodyIsGivenBack) {
    int ended = 0;
    simulate([&]() -> Task<void> {
        const Result<int> joined = co_await with_group([&](TaskGroup& group) -> Task<Result<int>> {
            group.spawn(count_after(1h, ended));
            co_return Error(Errc::bad_argument);
        });
        EXPECT_TRUE(!joined && joined.error() == Errc::bad_argument);
        EXPECT_EQ(ended, 0);  // the failure has ended the child
    });
}

TEST(TaskGroup, ThrowsAnErrorThatItsTypeHasNoRoomFor) {
    const auto failing = []() -> Task<Result<void>> {
        co_return Error(Errc::unsupported);
    };
    simulate([&]() -> Task<void> {
        bool caught = false;
        try {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(failing());
                co_return;
            });
        } catch (const BadResultAccess& bad) {
            caught = bad.error() == Errc::unsupported;
        }
        EXPECT_TRUE(caught);
    });
}

TEST(TaskGroup, NestsAndJoinsInsideOut) {
    Journal journal;
    const auto child = [](Journal& log, std::string word, Duration span) -> Task<void> {
        co_await sleep_for(span);
        log.note(word);
    };
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& outer) -> Task<void> {
            outer.spawn(child(journal, "outer", 3ms));
            co_await with_group([&](TaskGroup& inner) -> Task<void> {
                inner.spawn(child(journal, "inner", 1ms));
                co_return;
            });
            journal.note("between");
        });
        journal.note("end");
    });
    EXPECT_EQ(journal.text(), "inner between outer end");
}

TEST(TaskGroup, HoldsAHundredThousandChildren) {
    int ended = 0;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 100'000; ++i)
                group.spawn(count_after((i % 100) * 1ms, ended));
            co_return;
        });
    });
    EXPECT_EQ(ended, 100'000);
}

TEST(TaskGroupDeath, SpawningAfterItsEndAborts) {
    const auto nothing = []() -> Task<void> {
        co_return;
    };
    const auto misuse = [&]() -> Task<void> {
        TaskGroup* kept = nullptr;
        Task<void> late = [](TaskGroup*& group, Task<void> task) -> Task<void> {
            co_await yield();
            group->spawn(std::move(task));
        }(kept, nothing());
        co_await with_group([&](TaskGroup& outer) -> Task<void> {
            outer.spawn(std::move(late));
            // Its frame, and the group in it, stay until this body goes on.
            co_await with_group([&](TaskGroup& inner) -> Task<void> {
                kept = &inner;
                co_return;
            });
        });
    };
    EXPECT_DEATH(run_simulated(misuse()), "spawn into a group whose scope has ended");
}

}  // namespace
