// SPDX-License-Identifier: MIT
//
// Destructors that act on groups and semaphores while the loop unwinds the frame they lie in.
#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>

#include <functional>
#include <string>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<void> sleeper(Journal& journal, std::string name, Duration span) {
    const Mark local(journal, std::move(name));
    co_await sleep_for(span);
    journal.note("woke");
}

/// Does something when it dies.
class AtDeath {
public:
    explicit AtDeath(std::function<void()> act) : act_(std::move(act)) {}
    AtDeath(AtDeath&& other) noexcept : act_(std::exchange(other.act_, nullptr)) {}
    AtDeath& operator=(AtDeath&&) = delete;
    ~AtDeath() {
        if (act_) act_();
    }

private:
    std::function<void()> act_;
};

Task<void> sleep_holding(AtDeath) {
    co_await sleep_for(40ms);
}

// A group with a child that acts when it dies, cancelled from inside or from outside.
void run_scene(const std::function<void(TaskGroup&)>& act, bool from_outside) {
    simulate([&]() -> Task<void> {
        TaskGroup* inside = nullptr;
        Unit unit(
            [](const std::function<void(TaskGroup&)>& at_death, TaskGroup*& place) -> Task<void> {
                co_await with_group([&](TaskGroup& group) -> Task<void> {
                    place = &group;
                    group.spawn(sleep_holding(AtDeath([&] { at_death(group); })));
                    group.spawn(sleep_holding(AtDeath([] {})));
                    group.spawn(sleep_holding(AtDeath([&] { at_death(group); })));
                    co_return;
                });
            }(act, inside));
        co_await yield_times(3);
        from_outside ? unit.cancel() : inside->cancel();
        co_await unit.join();
        EXPECT_EQ(unit.was_unwound(), from_outside);
    });
}

class ActingDestructors : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(CancelledFromOutside, ActingDestructors, testing::Bool());

TEST_P(ActingDestructors, MaySpawnIntoTheirGroup) {
    // The last child's too: its owner is told only when its frame is gone.
    Journal journal;
    run_scene([&](TaskGroup& group) { group.spawn(sleeper(journal, "late", 3ms)); }, GetParam());
    EXPECT_EQ(journal.text(), "");  // born cancelled
}

TEST_P(ActingDestructors, MayCancelTheirGroup) {
    int calls = 0;
    run_scene([&](TaskGroup& group) { ++calls, group.cancel(); }, GetParam());
    EXPECT_EQ(calls, 2);
}

TEST_P(ActingDestructors, MayReleaseAPermitToASibling) {
    Semaphore semaphore(0);
    run_scene(
        [&](TaskGroup& group) {
            group.spawn([](Semaphore& queue) -> Task<void> {
                const Permit permit = co_await queue.acquire();
            }(semaphore));
            semaphore.release();
        },
        GetParam());
    EXPECT_EQ(semaphore.available(), 2u);
}

TEST(ActingDestructor, OfAnArgumentMaySpawnWhenItsTaskReturns) {
    Journal journal;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn([](AtDeath, TaskGroup&) -> Task<void> {
                co_await sleep_for(1ms);
            }(AtDeath([&] { group.spawn(sleeper(journal, "late", 3ms)); }), group));
            group.spawn(sleeper(journal, "longer", 2ms));
            co_return;
        });
    });
    EXPECT_EQ(journal.text(), "woke ~longer woke ~late");
}

}  // namespace
