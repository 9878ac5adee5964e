// SPDX-License-Identifier: MIT
//
// What a simulated world promises: that all follows from the seed, its latency and its names, and
// what a shuffled order changes and what not. Its faults are in simulation_faults_test.cpp.
#include <weir/runtime/simulation.h>

#include <gtest/gtest.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/resolver.h>
#include <weir/runtime/run.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>
#include <weir/runtime/wait_readable.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/world.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

// --- the world -----------------------------------------------------------------------------------

TEST(Simulation, LatencyIsWhatItWasSetTo) {
    between_two(Simulation().latency(30ms), [](TcpStream& client, TcpStream& server) -> Task<void> {
        EXPECT_EQ(since_start(), 60ms);
        co_await write(client, "x");
        EXPECT_EQ(co_await read_some(server), "x");
        EXPECT_EQ(since_start(), 90ms);
    });
}

TEST(Simulation, HostsResolveToTheirAddressesWithThePortAskedFor) {
    const Endpoint first = Endpoint::parse("10.0.0.1", 0).value();
    const Endpoint second = Endpoint::parse("2001:db8::1", 0).value();
    const auto world = Simulation().host("api.example", first).host("api.example", second);
    in_world(world, [&]() -> Task<void> {
        const auto found = co_await resolve("api.example", 443);
        const std::vector<Endpoint> both{first.with_port(443), second.with_port(443)};
        EXPECT_EQ(found.value(), both);
        const auto unknown = co_await resolve("api.exampel", 443);
        EXPECT_TRUE(!unknown && unknown.error() == Errc::name_not_found);
        TcpListener listener = TcpListener::bind(first.with_port(443)).value();
        const auto stream = co_await connect_tcp("api.example", 443);
        EXPECT_TRUE(stream.has_value());
    });
}

// What a world of this seed does, as lines.
std::vector<std::string> trace_of(std::uint64_t seed) {
    std::vector<std::string> lines;
    const auto faults = Faults::heavy().refusals(0).unreachable_hosts(0).out_of_descriptors(0);
    const auto world = Simulation().seed(seed).faults(faults).latency(1ms, 5ms).record(lines);
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        const std::string text = pattern(20'000);
        const Result<void> sent = co_await client.write_all(as_bytes(text));
        static_cast<void>(sent);
        client.close();
        for (;;) {
            const Result<Lease> lease = co_await server.read();
            if (!lease && lease.error() == Errc::limit_reached) continue;
            if (!lease || lease->empty()) break;
        }
    });
    return lines;
}

TEST(Simulation, TheSameSeedGivesTheSameTraceAndAnotherAnother) {
    const std::vector<std::string> lines = trace_of(7);
    EXPECT_GT(lines.size(), 10u);
    EXPECT_EQ(trace_of(7), lines);
    EXPECT_NE(trace_of(8), lines);
}

TEST(Simulation, RandomNumbersFollowFromTheSeed) {
    const auto draw = [](std::uint64_t seed) {
        return run_simulated(
            []() -> Task<std::uint64_t> {
                co_return Reactor::current().random().next();
            }(),
            Simulation().seed(seed));
    };
    EXPECT_EQ(draw(5), draw(5));
    EXPECT_NE(draw(5), draw(6));
}

TEST(Simulation, ADescriptorOfTheRealWorldIsNeverReadable) {
    in_world(Simulation(), []() -> Task<void> {
        const auto wait = []() -> Task<Result<void>> {
            co_return co_await wait_readable(100'000);
        };
        const Result<void> late = co_await timeout(1h, wait());
        EXPECT_TRUE(!late && late.error() == Errc::timed_out);
    });
}

// --- work for other threads ----------------------------------------------------------------------

const Faults kSlow = Faults().slow_offloads(1, 1s);

TEST(SimulatedOffload, TakesSomeTimeAndWorksAtItsBegin) {
    in_world(Simulation(), []() -> Task<void> {
        Instant worked{};
        auto work = [&] {
            worked = Reactor::current().now();
        };
        const Instant before = Reactor::current().now();
        co_await offload(work);
        EXPECT_EQ(worked, before);
        EXPECT_EQ(Reactor::current().now() - before, 20us);
    });
}

// Else a task that asks again and again would stop the clock for all others.
TEST(SimulatedOffload, ALoopOverItDoesNotStopTheClock) {
    in_world(Simulation(), []() -> Task<void> {
        const auto poll = []() -> Task<void> {
            auto work = [] {
            };
            for (;;)
                co_await offload(work);
        };
        const Result<void> late = co_await timeout(10ms, poll());
        EXPECT_TRUE(!late && late.error() == Errc::timed_out);
    });
}

// 'w': the work was done; 'e': its caller heard of it; 'o': another task had its turn at 500 ms.
std::string order_with_another(std::uint64_t seed) {
    std::string order;
    in_world(Simulation().seed(seed).faults(kSlow), [&]() -> Task<void> {
        const auto caller = [&]() -> Task<void> {
            auto work = [&order] {
                order += 'w';
            };
            co_await offload(work);
            order += 'e';
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(caller());
            co_await sleep_for(500ms);
            order += 'o';
        });
    });
    return order;
}

TEST(SimulatedOffload, OthersComeBeforeAmidstAndAfterSlowWork) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        orders.insert(order_with_another(seed));
        EXPECT_EQ(order_with_another(seed), order_with_another(seed));
    }
    EXPECT_EQ(orders, (std::set<std::string>{"owe", "woe", "weo"}));
}

TEST(SimulatedOffload, BeginAndEndAreInTheTrace) {
    const auto trace = [](std::uint64_t seed) {
        std::vector<std::string> lines;
        in_world(Simulation().seed(seed).faults(kSlow).record(lines), []() -> Task<void> {
            auto work = [] {
            };
            co_await offload(work);
            co_await offload_abandonable(work);
        });
        return lines;
    };
    const std::vector<std::string> lines = trace(3);
    EXPECT_EQ(lines.size(), 4u);
    const std::vector<std::string> ends{"offload-begins 1", "offload-ends 1", "offload-begins 2",
                                        "offload-ends 2"};
    for (std::size_t i = 0; i < std::min(lines.size(), ends.size()); ++i)
        EXPECT_TRUE(lines[i].ends_with(ends[i])) << lines[i];
    EXPECT_EQ(trace(3), lines);
    EXPECT_NE(trace(4), lines);
}

TEST(SimulatedOffload, ACancelledCallerWaitsForTheEndAndDropsTheValue) {
    in_world(Simulation().faults(kSlow), []() -> Task<void> {
        const auto dropped = std::make_shared<int>(1);
        bool has_worked = false;
        const auto body = [&]() -> Task<void> {
            auto work = [&, kept = dropped]() mutable {
                has_worked = true;
                return std::move(kept);
            };
            static_cast<void>(co_await offload(std::move(work)));
            ADD_FAILURE() << "it was cancelled";
        };
        Unit unit(body());
        co_await yield();
        unit.cancel();
        co_await yield_times(5);
        EXPECT_FALSE(unit.has_ended());
        EXPECT_FALSE(has_worked);
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
        EXPECT_TRUE(has_worked);
        EXPECT_EQ(dropped.use_count(), 1);
    });
}

TEST(SimulatedOffload, AbandonedWorkGoesOnAloneEvenAtTheWorldsEnd) {
    for (const Duration rest : {Duration::zero(), Duration(10s)}) {
        const auto has_worked = std::make_shared<bool>(false);
        in_world(Simulation().faults(kSlow), [&]() -> Task<void> {
            const auto body = [&]() -> Task<void> {
                auto work = [has_worked] {
                    *has_worked = true;
                };
                co_await offload_abandonable(std::move(work));
                ADD_FAILURE() << "it was cancelled";
            };
            Unit unit(body());
            co_await yield();
            unit.cancel();
            co_await unit.join();
            EXPECT_TRUE(unit.was_unwound());
            EXPECT_FALSE(*has_worked);
            co_await sleep_for(rest);
            EXPECT_EQ(*has_worked, rest > 2s);
        });
        EXPECT_TRUE(*has_worked);
        EXPECT_EQ(has_worked.use_count(), 1);
    }
}

// --- shuffle -------------------------------------------------------------------------------------

std::vector<int> order_of_children(const ReactorOptions& options) {
    std::vector<int> order;
    const auto body = [&]() -> Task<void> {
        const auto child = [&](int number) -> Task<void> {
            order.push_back(number);
            co_return;
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 20; ++i)
                group.spawn(child(i));
            co_return;
        });
    };
    run_clean(body, options);
    return order;
}
std::vector<int> order_of_children(const Simulation& world) {
    return order_of_children(ReactorOptions().simulation(world));
}

// A failing seed is run again with debug mode or a trace to see what it does.
TEST(Shuffle, IsTheSameWhenTheLoopIsWatched) {
    const Simulation world = Simulation().seed(7).shuffle();
    const std::vector<int> watched = order_of_children(ReactorOptions().simulation(world).debug());
    EXPECT_EQ(watched, order_of_children(world));
    EXPECT_FALSE(std::is_sorted(watched.begin(), watched.end()));
}

TEST(Shuffle, ChangesTheOrderOfWhatIsReadyByTheSeed) {
    std::vector<int> plain = order_of_children(Simulation());
    EXPECT_TRUE(std::is_sorted(plain.begin(), plain.end()));
    std::vector<int> shuffled = order_of_children(Simulation().shuffle());
    EXPECT_FALSE(std::is_sorted(shuffled.begin(), shuffled.end()));
    EXPECT_EQ(order_of_children(Simulation().shuffle()), shuffled);
    EXPECT_NE(order_of_children(Simulation().seed(2).shuffle()), shuffled);
    std::sort(shuffled.begin(), shuffled.end());
    EXPECT_EQ(shuffled, plain);
}

TEST(Shuffle, DoesNotChangeWhoIsGrantedAPermitFirst) {
    std::vector<int> order;
    in_world(Simulation().shuffle(), [&]() -> Task<void> {
        Semaphore semaphore(0);
        const auto child = [&](int number) -> Task<void> {
            co_await sleep_for(number * 1ms);  // so that they queue up by number
            const Permit permit = co_await semaphore.acquire();
            order.push_back(number);
            co_await yield();
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 20; ++i)
                group.spawn(child(i));
            co_await sleep_for(1s);
            semaphore.release();
        });
    });
    EXPECT_EQ(order.size(), 20u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

// What a shield gave is delivered to a task that is cancelled: that mark must survive the shuffle.
TEST(Shuffle, CancelledAndForcedTasksStayWhatTheyWere) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        int delivered = 0;
        int went_on = 0;
        in_world(Simulation().seed(seed).shuffle(), [&]() -> Task<void> {
            const auto sleep = []() -> Task<int> {
                co_await sleep_for(5ms);
                co_return 1;
            };
            const auto child = [&]() -> Task<void> {
                delivered += co_await shield(sleep());
                co_await yield();
                ++went_on;
            };
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                for (int i = 0; i < 10; ++i)
                    group.spawn(child());
                co_await sleep_for(1ms);
                group.cancel();
            });
        });
        EXPECT_EQ(delivered, 10);
        EXPECT_EQ(went_on, 0);
    }
}

}  // namespace
