// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <stdexcept>
#include <string>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<int> slow(Journal& journal, Duration delay) {
    const Mark local(journal, "slow");
    co_await sleep_for(delay);
    journal.note("done");
    co_return 7;
}

Task<Result<int>> failing(Duration delay) {
    co_await sleep_for(delay);
    co_return Error(Errc::limit_reached);
}

TEST(Shield, GivesTheValueOfItsTask) {
    simulate([]() -> Task<void> {
        Journal journal;
        const int value = co_await shield(slow(journal, 2ms));
        EXPECT_EQ(value, 7);
        const Result<int> failed = co_await shield(failing(1ms));
        EXPECT_FALSE(failed);
    });
}

TEST(Shield, RunsToItsEndInACancelledTaskWhichGoesOnToItsNextWait) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto work = [&]() -> Task<void> {
            const Mark local(journal, "work");
            const int value = co_await shield(slow(journal, 20ms));
            journal.note("got" + std::to_string(value));
            co_await yield();
            journal.note("never");
        };
        Unit unit(work());
        co_await sleep_for(2ms);
        unit.cancel();
        co_await sleep_for(5ms);
        EXPECT_FALSE(unit.has_ended());
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
        EXPECT_EQ(journal.text(), "done ~slow got7 ~work");
    });
}

TEST(Shield, DoesNotBeginInATaskThatIsCancelledAlready) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.cancel();
            static_cast<void>(co_await shield(slow(journal, 1ms)));
            journal.note("never");
        });
        EXPECT_EQ(journal.text(), "");
    });
}

TEST(Shield, NoDeadlineFromOutsideEndsItButOneInsideDoes) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto outer = [&]() -> Task<int> {
            co_return co_await shield(slow(journal, 20ms));
        };
        const Instant begun = Reactor::current().now();
        const Result<int> late = co_await timeout(5ms, outer());
        EXPECT_EQ(*late, 7);  // late, but it came to its end: a value is never thrown away
        EXPECT_GE(Reactor::current().now() - begun, 20ms);
        EXPECT_TRUE(journal.has("done"));

        const auto limited = [&]() -> Task<Result<int>> {
            co_return co_await timeout(3ms, slow(journal, 1h));
        };
        const Result<int> ended = co_await shield(limited());
        EXPECT_TRUE(!ended && ended.error() == Errc::timed_out);
    });
}

TEST(Shield, AScopeWaitsForWhatIsShieldedInIt) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto child = [&]() -> Task<void> {
            static_cast<void>(co_await shield(slow(journal, 20ms)));
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(child());
            co_await sleep_for(1ms);
            group.cancel();
        });
        EXPECT_EQ(journal.text(), "done ~slow");
    });
}

TEST(Shield, AFailureOfTheGroupIsNotReplacedByALaterOneFromAShield) {
    simulate([]() -> Task<void> {
        const auto late = [&]() -> Task<Result<void>> {
            const Result<int> failed = co_await shield(failing(20ms));
            co_return failed.error();
        };
        const auto early = [&]() -> Task<Result<void>> {
            co_await sleep_for(1ms);
            co_return Error(Errc::bad_argument);
        };
        const Result<void> result =
            co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
                group.spawn(late());
                group.spawn(early());
                co_return Result<void>();
            });
        EXPECT_TRUE(!result && result.error() == Errc::bad_argument);
        EXPECT_EQ(Reactor::current().stats().failures_dropped, 1u);
    });
}

// --- finally -------------------------------------------------------------------------------------

Task<void> clean(Journal& journal, Duration delay) {
    journal.note("cleaning");
    co_await sleep_for(delay);
    journal.note("clean");
}

Task<Result<void>> clean_in_vain(Journal& journal) {
    co_await sleep_for(1ms);
    journal.note("in-vain");
    co_return Error(Errc::stream_ended);
}

TEST(Finally, CleansUpAfterAValue) {
    simulate([]() -> Task<void> {
        Journal journal;
        const int value = co_await finally(slow(journal, 1ms), clean(journal, 1ms));
        EXPECT_EQ(value, 7);
        EXPECT_EQ(journal.text(), "done ~slow cleaning clean");
    });
}

TEST(Finally, CleansUpAfterAnException) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto throwing = []() -> Task<int> {
            co_await yield();
            throw std::runtime_error("from the task");
        };
        std::string caught;
        try {
            static_cast<void>(co_await finally(throwing(), clean_in_vain(journal)));
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
        EXPECT_EQ(caught, "from the task");  // it came first
        EXPECT_EQ(journal.text(), "in-vain");
    });
}

TEST(Finally, AFailedCleanUpIsTheFailureOfATaskThatHadNone) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto fine = []() -> Task<Result<int>> {
            co_return 1;
        };
        const Result<int> value = co_await finally(fine(), clean_in_vain(journal));
        EXPECT_TRUE(!value && value.error() == Errc::stream_ended);
    });
}

TEST(Finally, CleansUpAfterACancellationAndIsNotCancelledItself) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto work = [&]() -> Task<void> {
            const Mark local(journal, "work");
            static_cast<void>(co_await finally(slow(journal, 1h), clean(journal, 20ms)));
            journal.note("never");
        };
        Unit unit(work());
        co_await sleep_for(2ms);
        unit.cancel();
        co_await sleep_for(2ms);
        unit.cancel();  // again, in the middle of the clean-up
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
        EXPECT_EQ(journal.text(), "~slow cleaning clean ~work");
    });
}

TEST(Finally, CancelledDuringTheCleanUpEndsTheTaskAfterIt) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto work = [&]() -> Task<void> {
            static_cast<void>(co_await finally(slow(journal, 1ms), clean(journal, 20ms)));
            journal.note("never");
        };
        Unit unit(work());
        co_await sleep_for(5ms);
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
        EXPECT_EQ(journal.text(), "done ~slow cleaning clean");
    });
}

TEST(Finally, CleansUpEvenIfItsTaskWasCancelledBeforeItBegan) {
    simulate([]() -> Task<void> {
        Journal journal;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.cancel();
            static_cast<void>(co_await finally(slow(journal, 1ms), clean(journal, 1ms)));
            journal.note("never");
        });
        EXPECT_EQ(journal.text(), "cleaning clean");
    });
}

// --- is_unwinding --------------------------------------------------------------------------------

class Witness {
public:
    explicit Witness(Journal& journal) : journal_(journal) {}
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() {
        EXPECT_EQ(std::uncaught_exceptions(), 0);
        journal_.note(is_unwinding() ? "unwinding" : "ending");
    }

private:
    Journal& journal_;
};

TEST(IsUnwinding, TellsADestructorOfACancelledTaskFromOthers) {
    simulate([]() -> Task<void> {
        Journal journal;
        const auto work = [&](Duration delay) -> Task<void> {
            const Witness witness(journal);
            co_await sleep_for(delay);
        };
        co_await work(1ms);
        const Result<void> late = co_await timeout(1ms, work(1h));
        EXPECT_FALSE(late);
        EXPECT_FALSE(is_unwinding());
        co_await work(1ms);
        EXPECT_EQ(journal.text(), "ending unwinding ending");
    });
}

}  // namespace
