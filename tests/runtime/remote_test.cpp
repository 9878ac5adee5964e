// SPDX-License-Identifier: MIT
#include <weir/runtime/remote.h>

#include <gtest/gtest.h>
#include <weir/runtime/reactor_group.h>
#include <weir/runtime/remote_run.h>
#include <weir/runtime/sleep.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<void> run_it(Remote remote, std::vector<std::string>& log) {
    const auto factory = []() -> Task<int> {
        co_await sleep_for(2ms);
        co_return 7;
    };
    const Result<int> seven = co_await remote.run(factory);
    log.push_back(seven ? std::to_string(*seven) : seven.error().message());
}

TEST(Remote, RunsWhatIsPostedInOrderAndAfterTheTurn) {
    simulate([]() -> Task<void> {
        std::vector<int> order;
        const Remote remote = Reactor::current().remote();
        for (int i = 1; i <= 3; ++i)
            EXPECT_TRUE(remote.post([&order, i] { order.push_back(i); }));
        EXPECT_TRUE(order.empty());
        co_await sleep_for(1ms);
        EXPECT_EQ(order, (std::vector{1, 2, 3}));
    });
}

TEST(Remote, RefusesWhenTheLoopHasEnded) {
    std::optional<Remote> remote;
    simulate([&]() -> Task<void> {
        remote.emplace(Reactor::current().remote());
        co_return;
    });
    EXPECT_FALSE(remote->post([] { ADD_FAILURE() << "the loop has ended"; }));
}

TEST(Remote, RunsWhatWasPostedInTheLastTurn) {
    int runs = 0;
    simulate([&]() -> Task<void> {
        const bool is_taken = Reactor::current().remote().post([&runs] { ++runs; });
        EXPECT_TRUE(is_taken);
        co_return;
    });
    EXPECT_EQ(runs, 1);
}

TEST(Remote, DropsWhatWasPostedToALoopThatNeverRuns) {
    const auto kept = std::make_shared<int>(1);
    {
        const auto reactor = Reactor::make(ReactorOptions().backend(BackendKind::epoll));
        EXPECT_TRUE((*reactor)->remote().post([kept] { ++*kept; }));
        EXPECT_EQ(kept.use_count(), 2);
    }
    EXPECT_EQ(kept.use_count(), 1);
    EXPECT_EQ(*kept, 1);
}

TEST(RemoteRun, GivesTheValueOfATaskOnItsOwnLoopToo) {
    std::vector<std::string> log;
    simulate([&]() -> Task<void> { co_await run_it(Reactor::current().remote(), log); });
    EXPECT_EQ(log, (std::vector<std::string>{"7"}));
}

TEST(RemoteRun, FlattensResults) {
    simulate([]() -> Task<void> {
        const auto fails = []() -> Task<Result<int>> {
            co_return Error(Errc::limit_reached);
        };
        const auto nothing = []() -> Task<void> {
            co_return;
        };
        const Remote remote = Reactor::current().remote();
        const Result<int> failed = co_await remote.run(fails);
        EXPECT_TRUE(failed.error() == Errc::limit_reached);
        auto none = co_await remote.run(nothing);
        static_assert(std::is_same_v<decltype(none), Result<void>>);
        EXPECT_TRUE(none.has_value());
    });
}

TEST(RemoteRun, ThrowsWhatTheFactoryOrTheTaskThrows) {
    simulate([]() -> Task<void> {
        struct Never {
            Task<int> operator()() const { throw std::runtime_error("no factory"); }
        };
        const Remote remote = Reactor::current().remote();
        std::vector<std::string> said;
        try {
            static_cast<void>(co_await remote.run(Never()));
        } catch (const std::runtime_error& error) {
            said.push_back(error.what());
        }
        const auto task_throws = []() -> Task<int> {
            co_await yield();
            throw std::runtime_error("no value");
        };
        try {
            static_cast<void>(co_await remote.run(task_throws));
        } catch (const std::runtime_error& error) {
            said.push_back(error.what());
        }
        EXPECT_EQ(said, (std::vector<std::string>{"no factory", "no value"}));
    });
}

TEST(RemoteRun, SaysSoWhenTheLoopHasEnded) {
    std::optional<Remote> ended;
    simulate([&]() -> Task<void> {
        ended.emplace(Reactor::current().remote());
        co_return;
    });
    simulate([&]() -> Task<void> {
        const auto factory = []() -> Task<int> {
            ADD_FAILURE() << "the loop has ended";
            co_return 1;
        };
        const Result<int> refused = co_await ended->run(factory);
        EXPECT_TRUE(refused.error() == Errc::reactor_ended);
    });
}

TEST(RemoteRun, ACancelledCallerCancelsTheGuestAndWaitsForItsEnd) {
    simulate([]() -> Task<void> {
        bool guest_is_gone = false;
        const auto body = [&]() -> Task<void> {
            struct OnEnd {
                bool& flag;
                ~OnEnd() { flag = true; }
            };
            const auto factory = [&guest_is_gone]() -> Task<void> {
                const OnEnd on_end{guest_is_gone};
                co_await sleep_for(1h);
            };
            static_cast<void>(co_await Reactor::current().remote().run(factory));
        };
        Unit unit(body());
        co_await sleep_for(1ms);
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
        EXPECT_TRUE(guest_is_gone);
        EXPECT_TRUE(Reactor::current().guests().empty());
    });
}

// At each point of its way: the guest not begun, running, ended, its message on the way home.
TEST(RemoteRun, MayBeCancelledInAnyTurn) {
    for (int turns = 0; turns < 12; ++turns) {
        simulate([turns]() -> Task<void> {
            const auto body = []() -> Task<void> {
                const auto factory = []() -> Task<std::unique_ptr<int>> {
                    co_await yield();
                    co_return std::make_unique<int>(1);
                };
                const Remote remote = Reactor::current().remote();
                static_cast<void>(co_await remote.run(factory));
            };
            Unit unit(body());
            co_await yield_times(turns);
            for (int i = 0; i < turns % 3; ++i)
                co_await sleep_for(1ns);
            unit.cancel();
            co_await unit.join();
            EXPECT_TRUE(Reactor::current().guests().empty());
        });
    }
}

TEST(ReactorGroup, IsRefusedInASimulatedWorld) {
    simulate([]() -> Task<void> {
        const Result<ReactorGroup> inside = ReactorGroup::make();
        EXPECT_TRUE(inside.error() == Errc::unsupported);
        co_return;
    });
    ReactorGroupOptions options;
    options.reactors(1).reactor(ReactorOptions().backend(BackendKind::simulated));
    const Result<ReactorGroup> of_simulators = ReactorGroup::make(options);
    EXPECT_TRUE(of_simulators.error() == Errc::unsupported);
}

TEST(ReactorDeathTest, OneAThread) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto inner = []() -> Task<void> {
        co_return;
    };
    const auto outer = [&]() -> Task<void> {
        run_simulated(inner());
        co_return;
    };
    EXPECT_DEATH(run_simulated(outer()), "one reactor a thread");
    const auto second = [] {
        const auto options = ReactorOptions().backend(BackendKind::epoll);
        const auto one = Reactor::make(options);
        const auto two = Reactor::make(options);
    };
    EXPECT_DEATH(second(), "one reactor a thread");
}

}  // namespace
