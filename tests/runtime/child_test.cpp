// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/as_completed.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<int> give_after(Journal& journal, Duration delay, int value) {
    const Mark local(journal, std::to_string(value));
    co_await sleep_for(delay);
    co_return int(value);
}

Task<int> throw_after(Duration delay) {
    co_await sleep_for(delay);
    throw std::runtime_error("thrown by a child");
}

TEST(Child, JoinGivesTheValue) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Child<int> late = group.start(give_after(journal, 5ms, 1));
            Child<int> soon = group.start(give_after(journal, 1ms, 2));
            EXPECT_FALSE(soon.has_ended());
            const Result<int> first = co_await late.join();
            EXPECT_TRUE(soon.has_ended());
            const Result<int> second = co_await soon.join();
            EXPECT_EQ(*first, 1);
            EXPECT_EQ(*second, 2);
        });
    });
}

TEST(Child, CanBeCancelledAloneAndJoinSaysSo) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Child<int> one = group.start(give_after(journal, 1h, 1));
            Child<int> other = group.start(give_after(journal, 5ms, 2));
            co_await sleep_for(1ms);
            one.cancel();
            one.cancel();
            const Result<int> none = co_await one.join();
            EXPECT_TRUE(!none && none.error() == Errc::cancelled);
            const Result<int> value = co_await other.join();
            EXPECT_EQ(*value, 2);
            other.cancel();  // of one that has ended: nothing
        });
        EXPECT_EQ(journal.text(), "~1 ~2");
    });
}

TEST(Child, CancelledBeforeItBeginsItNeverRuns) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Child<int> child = group.start(give_after(journal, 1ms, 1));
            child.cancel();
            const Result<int> none = co_await child.join();
            EXPECT_FALSE(none);
        });
        EXPECT_EQ(journal.text(), "");
    });
}

TEST(Child, ItsFailureIsTheGroups) {
    simulate([]() -> Task<void> {
        Journal journal;
        bool has_thrown = false;
        try {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                Child<int> child = group.start(throw_after(1ms));
                static_cast<void>(co_await child.join());
                journal.note("never");
            });
        } catch (const std::runtime_error&) {
            has_thrown = true;
        }
        EXPECT_TRUE(has_thrown);
        EXPECT_EQ(journal.text(), "");
    });
}

TEST(Child, ThrowsWhereItIsJoinedOutsideItsGroup) {
    simulate([]() -> Task<void> {
        std::optional<Child<int>> child;
        bool group_threw = false;
        try {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                child.emplace(group.start(throw_after(1ms)));
                co_return;
            });
        } catch (const std::runtime_error&) {
            group_threw = true;
        }
        bool join_threw = false;
        try {
            static_cast<void>(co_await child->join());
        } catch (const std::runtime_error&) {
            join_threw = true;
        }
        EXPECT_TRUE(group_threw);
        EXPECT_TRUE(join_threw);
    });
}

TEST(Child, GoesOnWithoutItsHandle) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            {
                const Child<int> dropped = group.start(give_after(journal, 3ms, 1));
            }
            co_await sleep_for(1ms);
            EXPECT_EQ(group.live(), 2u);
        });
        EXPECT_EQ(journal.text(), "~1");
    });
}

TEST(Child, MayHaveSeveralWaitersOneOfWhomIsCancelled) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            Child<int> child = group.start(give_after(journal, 5ms, 1));
            const auto wait = [&]() -> Task<int> {
                const Result<int> value = co_await child.join();
                co_return value.value();
            };
            const Result<int> none = co_await timeout(1ms, wait());
            EXPECT_FALSE(none);
            const Result<int> value = co_await timeout(1h, wait());
            EXPECT_EQ(*value, 1);
        });
    });
}

// Erases the handle of the task in whose frame it lies.
class Erases {
public:
    Erases(std::map<int, Child<void>>& all, int key) : all_(all), key_(key) {}
    Erases(const Erases&) = delete;
    Erases& operator=(const Erases&) = delete;
    ~Erases() { all_.erase(key_); }

private:
    std::map<int, Child<void>>& all_;
    int key_;
};

TEST(Child, MayDropItsOwnHandleWhenItDies) {
    simulate([]() -> Task<void> {
        std::map<int, Child<void>> sessions;
        const auto session = [&](int key, Duration length) -> Task<void> {
            const Erases erases(sessions, key);
            co_await sleep_for(length);
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int key = 0; key < 4; ++key)
                sessions.emplace(key, group.start(session(key, key < 2 ? 1ms : 1h)));
            co_await sleep_for(5ms);
            EXPECT_EQ(sessions.size(), 2u);
            group.cancel();
        });
        EXPECT_TRUE(sessions.empty());
    });
}

TEST(Child, ItsHandleMayDieWhileATaskJoins) {
    simulate([]() -> Task<void> {
        Journal journal;
        int joined = 0;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            std::optional<Child<int>> child(group.start(give_after(journal, 5ms, 7)));
            const auto join = [&]() -> Task<void> {
                const Result<int> value = co_await child->join();
                joined = value.value();
            };
            Child<void> joiner = group.start(join());
            co_await yield();
            child.reset();
            static_cast<void>(co_await joiner.join());
        });
        EXPECT_EQ(joined, 7);
    });
}

// The last child's frame dies after its last step; what dies with it may still spawn.
class Spawner {
public:
    Spawner(TaskGroup& group, Journal& journal) : group_(&group), journal_(journal) {}
    Spawner(Spawner&& other) noexcept
        : group_(std::exchange(other.group_, nullptr)), journal_(other.journal_) {}
    Spawner& operator=(Spawner&&) = delete;
    ~Spawner() {
        if (group_ != nullptr) group_->spawn(last_words(journal_));
    }

private:
    static Task<void> last_words(Journal& journal) {
        co_await sleep_for(1ms);
        journal.note("last-words");
    }

    TaskGroup* group_;
    Journal& journal_;
};

TEST(TaskGroup, AnArgumentOfTheLastChildMaySpawnWhenItDies) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto child = [](Spawner) -> Task<void> {
            co_await sleep_for(2ms);
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(child(Spawner(group, journal)));
            co_return;
        });
        EXPECT_EQ(journal.text(), "last-words");
    });
}

// --- as_completed --------------------------------------------------------------------------------

std::vector<Task<int>> three(Journal& journal) {
    std::vector<Task<int>> tasks;
    tasks.push_back(give_after(journal, 9ms, 0));
    tasks.push_back(throw_after(6ms));
    tasks.push_back(give_after(journal, 3ms, 2));
    return tasks;
}

TEST(AsCompleted, GivesResultsInTheOrderOfTheirEnds) {
    simulate([]() -> Task<void> {
        Journal journal;
        Journal order;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            AsCompleted<int> results = as_completed(group, three(journal));
            for (;;) {
                const std::optional<Completed<int>> each = co_await results.next();
                if (!each) break;
                order.note(std::to_string(each->index) + (each->result ? "+" : "-"));
            }
        });
        EXPECT_EQ(order.text(), "2+ 1- 0+");
    });
}

TEST(AsCompleted, CarriesAnExceptionInsideItsError) {
    simulate([]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            std::vector<Task<int>> tasks;
            tasks.push_back(throw_after(1ms));
            AsCompleted<int> results = as_completed(group, std::move(tasks));
            const std::optional<Completed<int>> only = co_await results.next();
            EXPECT_TRUE(only->result.error() == Errc::task_threw);
            EXPECT_EQ(only->result.error().message(), "thrown by a child");
            EXPECT_THROW(static_cast<void>(only->result.value()), std::runtime_error);
        });
    });
}

TEST(AsCompleted, LeftEarlyCancelsTheRestWhichTheGroupWaitsFor) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            {
                std::vector<Task<int>> tasks;
                for (int i = 1; i <= 3; ++i)
                    tasks.push_back(give_after(journal, 1ms * i * i * i, i));
                AsCompleted<int> results = as_completed(group, std::move(tasks));
                const std::optional<Completed<int>> first = co_await results.next();
                EXPECT_EQ(first->index, 0u);
            }
            journal.note("left");
            co_return;
        });
        EXPECT_EQ(journal.text(), "~1 left ~2 ~3");
    });
}

TEST(AsCompleted, OfNothingIsAtItsEndAtOnce) {
    simulate([]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            AsCompleted<int> results = as_completed(group, std::vector<Task<int>>());
            const std::optional<Completed<int>> none = co_await results.next();
            EXPECT_FALSE(none);
        });
    });
}

TEST(AsCompleted, KeepsResultsThatCameInWhileNobodyWaited) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            AsCompleted<int> results = as_completed(group, three(journal));
            co_await sleep_for(1s);
            for (const std::size_t expected : {2u, 1u, 0u}) {
                const std::optional<Completed<int>> each = co_await results.next();
                EXPECT_EQ(each->index, expected);
            }
        });
    });
}

TEST(AsCompleted, BeginsInTheOrderOfTheTasks) {
    simulate([]() -> Task<void> {
        Journal order;
        const auto note = [&](int number) -> Task<int> {
            order.note(std::to_string(number));
            co_return int(number);
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            std::vector<Task<int>> tasks;
            for (int i = 0; i < 4; ++i)
                tasks.push_back(note(i));
            AsCompleted<int> results = as_completed(group, std::move(tasks));
            static_cast<void>(co_await results.next());
        });
        EXPECT_EQ(order.text(), "0 1 2 3");
    });
}

TEST(AsCompleted, MayBeDroppedWhileATaskWaitsInNext) {
    simulate([]() -> Task<void> {
        Journal journal;
        std::optional<AsCompleted<int>> results;
        const auto wait = [&]() -> Task<void> {
            const std::optional<Completed<int>> none = co_await results->next();
            journal.note(none ? "some" : "none");
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            results.emplace(as_completed(group, three(journal)));
            group.spawn(wait());
            co_await yield();
            results.reset();
        });
        EXPECT_TRUE(journal.has("none"));
    });
}

TEST(AsCompleted, CancelledWithItsGroupLeavesNothing) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            AsCompleted<int> results = as_completed(group, three(journal));
            static_cast<void>(co_await results.next());
            group.cancel();
            static_cast<void>(co_await results.next());
            journal.note("never");
        });
        EXPECT_EQ(journal.text(), "~2 ~0");
    });
}

}  // namespace
