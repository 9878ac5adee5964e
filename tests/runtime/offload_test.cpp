// SPDX-License-Identifier: MIT
#include <weir/runtime/offload.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

ReactorOptions on_epoll() {
    return ReactorOptions().backend(BackendKind::epoll);
}

// A door that a blocking function waits at; not copyable state, so tests borrow it.
class Door {
public:
    void open() { opened_.set_value(); }
    void pass() { future_.wait(); }

private:
    std::promise<void> opened_;
    std::shared_future<void> future_ = opened_.get_future().share();
};

TEST(Offload, GivesTheValueOfAnotherThread) {
    run_clean(
        []() -> Task<void> {
            auto work = [] {
                return std::this_thread::get_id();
            };
            const std::thread::id worker = co_await offload(work);
            EXPECT_NE(worker, std::this_thread::get_id());
        },
        on_epoll());
}

TEST(Offload, MovesAValueThatCannotBeCopied) {
    run_clean(
        []() -> Task<void> {
            auto seven = std::make_unique<int>(7);
            auto work = [kept = std::move(seven)]() mutable {
                return std::move(kept);
            };
            const std::unique_ptr<int> back = co_await offload(std::move(work));
            EXPECT_EQ(*back, 7);
        },
        on_epoll());
}

TEST(Offload, AnExceptionTravelsToTheAwaiter) {
    const auto body = []() -> Task<void> {
        auto fails = []() -> int {
            throw std::runtime_error("no disk");
        };
        std::string waited;
        std::string abandonable;
        try {
            static_cast<void>(co_await offload(fails));
        } catch (const std::runtime_error& error) {
            waited = error.what();
        }
        try {
            static_cast<void>(co_await offload_abandonable(fails));
        } catch (const std::runtime_error& error) {
            abandonable = error.what();
        }
        EXPECT_EQ(waited, "no disk");
        EXPECT_EQ(abandonable, "no disk");
    };
    run_clean(body, on_epoll());
    simulate(body);
}

TEST(Offload, MayGiveNothing) {
    const auto body = []() -> Task<void> {
        std::atomic<int> calls = 0;
        auto work = [&calls] {
            ++calls;
        };
        co_await offload(work);
        co_await offload_abandonable(work);
        EXPECT_EQ(calls, 2);
    };
    run_clean(body, on_epoll());
    simulate(body);
}

TEST(Offload, InTheSimulatorWorksAtOnceAndGoesOnInALaterTurn) {
    simulate([]() -> Task<void> {
        std::vector<int> order;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto first = [&]() -> Task<void> {
                auto work = [&order] {
                    order.push_back(1);
                };
                co_await offload(work);
                order.push_back(3);
            };
            const auto second = [&]() -> Task<void> {
                order.push_back(2);
                co_return;
            };
            group.spawn(first());
            group.spawn(second());
            co_await sleep_for(1ms);
        });
        EXPECT_EQ(order, (std::vector{1, 2, 3}));
    });
}

TEST(Offload, ACancelledCallerWaitsForTheEndAndDropsTheValue) {
    run_clean(
        []() -> Task<void> {
            Door door;
            bool frame_was_alive = false;
            const auto dropped = std::make_shared<int>(1);
            const auto body = [&]() -> Task<void> {
                int borrowed = 41;
                auto work = [&, kept = dropped]() mutable {
                    door.pass();
                    frame_was_alive = ++borrowed == 42;
                    return std::move(kept);
                };
                static_cast<void>(co_await offload(std::move(work)));
                ADD_FAILURE() << "it was cancelled";
            };
            Unit unit(body());
            co_await sleep_for(1ms);
            unit.cancel();
            co_await yield_times(5);
            EXPECT_FALSE(unit.has_ended());
            door.open();
            co_await unit.join();
            EXPECT_TRUE(unit.was_unwound());
            EXPECT_TRUE(frame_was_alive);
            EXPECT_EQ(dropped.use_count(), 1);
        },
        on_epoll());
}

TEST(OffloadAbandonable, ACancelledCallerIsGoneAtOnce) {
    const auto door = std::make_shared<Door>();
    const auto has_ended = std::make_shared<std::promise<void>>();
    run_clean(
        [&]() -> Task<void> {
            const auto body = [&]() -> Task<Result<void>> {
                auto work = [door, has_ended] {
                    door->pass();
                    has_ended->set_value();
                };
                co_await offload_abandonable(std::move(work));
                co_return Result<void>();
            };
            const Result<void> result = co_await timeout(2ms, body());
            EXPECT_FALSE(result.has_value());
        },
        on_epoll());
    // The loop has ended; the work, which outlives it, reports to nobody.
    door->open();
    has_ended->get_future().wait();
}

TEST(OffloadAbandonable, WorkThatCancelsItsOwnCallerInTheSimulator) {
    simulate([]() -> Task<void> {
        Unit* self = nullptr;
        const auto body = [&]() -> Task<void> {
            auto work = [&] {
                self->cancel();
            };
            co_await offload_abandonable(work);
            ADD_FAILURE() << "it was cancelled";
        };
        Unit unit(body());
        self = &unit;
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
}

TEST(Offload, ManyMoreJobsThanThreadsAllRun) {
    run_clean(
        []() -> Task<void> {
            std::atomic<int> calls = 0;
            std::atomic<int> inside = 0;
            std::atomic<int> inside_max = 0;
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                const auto one = [](std::atomic<int>& count, std::atomic<int>& in,
                                    std::atomic<int>& most) -> Task<void> {
                    auto work = [&] {
                        const int here = ++in;
                        int seen = most;
                        while (here > seen && !most.compare_exchange_weak(seen, here)) {
                        }
                        std::this_thread::yield();
                        --in;
                        ++count;
                    };
                    co_await offload(work);
                };
                for (int i = 0; i < 2000; ++i)
                    group.spawn(one(calls, inside, inside_max));
                co_return;
            });
            EXPECT_EQ(calls, 2000);
            EXPECT_LE(inside_max, 8);
        },
        on_epoll());
}

// Two jobs of which each needs the other to run: a pool that thinks a thread idle that has been
// promised a job already would never run the second.
TEST(Offload, TwoJobsOfOneTurnRunSideBySide) {
    run_clean(
        []() -> Task<void> {
            for (int round = 0; round < 50; ++round) {
                std::atomic<int> arrived = 0;
                co_await with_group([&](TaskGroup& group) -> Task<void> {
                    const auto meet = [](std::atomic<int>& count) -> Task<void> {
                        auto work = [&] {
                            ++count;
                            while (count < 2)
                                std::this_thread::yield();
                        };
                        co_await offload(work);
                    };
                    group.spawn(meet(arrived));
                    group.spawn(meet(arrived));
                    co_return;
                });
                EXPECT_EQ(arrived, 2);
            }
        },
        on_epoll());
}

// A pool of one thread shows the order; a child process, since threads that exist stay.
TEST(OffloadDeathTest, APoolOfOneThreadServesInOrder) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto program = [] {
        set_offload_threads_max(1);
        std::vector<int> order;
        const auto body = [&]() -> Task<void> {
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                const auto one = [](std::vector<int>& all, int number) -> Task<void> {
                    auto work = [&all, number] {
                        all.push_back(number);
                    };
                    co_await offload(work);
                };
                for (int i = 0; i < 100; ++i)
                    group.spawn(one(order, i));
                co_return;
            });
        };
        run(body(), on_epoll());
        bool in_order = order.size() == 100;
        for (std::size_t i = 0; i < order.size(); ++i)
            in_order = in_order && order[i] == static_cast<int>(i);
        std::_Exit(in_order ? 0 : 1);
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "");
}

}  // namespace
