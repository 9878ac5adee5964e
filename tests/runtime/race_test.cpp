// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/race.h>
#include <weir/runtime/run.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<int> give_after(Duration delay, int value) {
    co_await sleep_for(delay);
    co_return int(value);
}

Task<int> give_marked(Journal& journal, Duration delay, int value) {
    const Mark local(journal, "local" + std::to_string(value));
    co_await sleep_for(delay);
    co_return int(value);
}

Task<int> throw_after(Duration delay) {
    co_await sleep_for(delay);
    throw std::runtime_error("lost the way");
}

Task<Result<int>> fail_after(Duration delay) {
    co_await sleep_for(delay);
    co_return Error(Errc::limit_reached);
}

Task<std::string> text_after(Duration delay) {
    co_await sleep_for(delay);
    co_return std::string("text");
}

Task<void> nothing_after(Duration delay) {
    co_await sleep_for(delay);
}

TEST(Race, GivesTheFirstToEnd) {
    simulate([]() -> Task<void> {
        const Instant begun = Reactor::current().now();
        const int winner = co_await race(give_after(9ms, 1), give_after(3ms, 2), give_after(5s, 3));
        EXPECT_EQ(winner, 2);
        EXPECT_LT(Reactor::current().now() - begun, 5ms);
    });
}

TEST(Race, GoesOnOnlyWhenTheLosersAreGone) {
    simulate([]() -> Task<void> {
        Journal journal;
        const int winner = co_await race(give_marked(journal, 1ms, 1), give_marked(journal, 1h, 2));
        journal.note("won");
        EXPECT_EQ(winner, 1);
        EXPECT_EQ(journal.text(), "~local1 ~local2 won");
    });
}

TEST(Race, OfEqualsTheFirstArgumentWins) {
    simulate([]() -> Task<void> {
        const int winner = co_await race(give_after(3ms, 1), give_after(3ms, 2));
        EXPECT_EQ(winner, 1);
    });
}

TEST(Race, AFailureWinsAsAValueDoes) {
    simulate([]() -> Task<void> {
        bool has_thrown = false;
        try {
            static_cast<void>(co_await race(give_after(9ms, 1), throw_after(3ms)));
        } catch (const std::runtime_error&) {
            has_thrown = true;
        }
        EXPECT_TRUE(has_thrown);
        const Result<int> failed = co_await race(fail_after(1ms), fail_after(1h));
        EXPECT_TRUE(!failed && failed.error() == Errc::limit_reached);
    });
}

TEST(Race, OfDifferentTypesGivesAVariant) {
    simulate([]() -> Task<void> {
        const std::variant<int, std::string> word =
            co_await race(give_after(9ms, 1), text_after(3ms));
        EXPECT_EQ(std::get<1>(word), "text");
        const std::variant<int, std::monostate> none =
            co_await race(give_after(9ms, 1), nothing_after(3ms));
        EXPECT_EQ(none.index(), 1u);
    });
}

TEST(Race, OfDifferentTypesOneOfThemAResultGivesAResultOfAVariant) {
    simulate([]() -> Task<void> {
        const Result<std::variant<int, std::string>> failed =
            co_await race(fail_after(1ms), text_after(3ms));
        EXPECT_TRUE(!failed && failed.error() == Errc::limit_reached);
        const Result<std::variant<int, std::string>> won =
            co_await race(fail_after(5ms), text_after(3ms));
        EXPECT_TRUE(won && std::get<1>(*won) == "text");
    });
}

TEST(Race, OfAVectorTakesAnyNumber) {
    simulate([]() -> Task<void> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 100; ++i)
            tasks.push_back(give_after(1ms * (200 - i), i));
        const int winner = co_await race(std::move(tasks));
        EXPECT_EQ(winner, 99);
    });
}

TEST(RaceDeath, OfNobodyAborts) {
    EXPECT_DEATH(simulate([]() -> Task<void> {
                     static_cast<void>(co_await race(std::vector<Task<int>>()));
                 }),
                 "would never end");
}

Task<void> hold(Semaphore& semaphore, int& served) {
    const Permit permit = co_await semaphore.acquire();
    ++served;
}

// Both could be served in one turn: the loser must be cancelled in the winner's last step.
TEST(Race, TheLoserObtainsNothingInTheWinnersTurn) {
    simulate([]() -> Task<void> {
        Semaphore semaphore(0);
        int served = 0;
        const auto release_two = [&]() -> Task<void> {
            co_await sleep_for(1ms);
            semaphore.release();
            semaphore.release();
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(release_two());
            co_await race(hold(semaphore, served), hold(semaphore, served));
        });
        EXPECT_EQ(served, 1);
        EXPECT_EQ(semaphore.available(), 2u);
    });
}

TEST(Race, CancelledFromOutsideItCancelsAll) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto both = [&]() -> Task<int> {
            co_return co_await race(give_marked(journal, 1h, 1), give_marked(journal, 1h, 2));
        };
        const Result<int> value = co_await timeout(2ms, both());
        EXPECT_FALSE(value);
        EXPECT_EQ(journal.text(), "~local1 ~local2");
    });
}

using Shared = std::shared_ptr<int>;

Task<Shared> share_after(Duration delay, Shared value) {
    co_await sleep_for(delay);
    co_return std::move(value);
}
Task<Shared> shielded(Duration delay, Shared value) {
    Shared given = co_await shield(share_after(delay, std::move(value)));
    co_return std::move(given);
}

TEST(Race, WaitsForALoserThatIsShieldedAndDropsItsValue) {
    simulate([]() -> Task<void> {
        const Instant begun = Reactor::current().now();
        const Shared first = std::make_shared<int>(1);
        const Shared second = std::make_shared<int>(2);
        const Shared winner = co_await race(share_after(1ms, first), shielded(20ms, second));
        EXPECT_EQ(winner, first);
        EXPECT_EQ(second.use_count(), 1);
        EXPECT_GE(Reactor::current().now() - begun, 20ms);
    });
}

Task<Result<int>> shielded_failure() {
    Result<int> failed = co_await shield(fail_after(20ms));
    co_return std::move(failed).error();
}

TEST(Race, CountsAFailureThatCameTooLate) {
    simulate([]() -> Task<void> {
        const auto mixed = co_await race(give_after(1ms, 1), shielded_failure());
        EXPECT_TRUE(mixed);
        EXPECT_EQ(Reactor::current().stats().failures_dropped, 1u);
        std::vector<Task<Result<int>>> tasks;
        tasks.push_back(shielded_failure());
        tasks.push_back(fail_after(1ms));
        const Result<int> failed = co_await race(std::move(tasks));
        EXPECT_FALSE(failed);
        EXPECT_EQ(Reactor::current().stats().failures_dropped, 2u);
    });
}

}  // namespace
