// SPDX-License-Identifier: MIT
//
// Several loops, and threads without one: what crosses, what is cancelled on the way, and what
// happens when a loop ends in the middle of it. The tests for ThreadSanitizer.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/reactor_group.h>
#include <weir/runtime/remote_run.h>
#include <weir/runtime/signal.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class ThreadConformance : public Conformance {
protected:
    static ReactorGroup make_group(std::size_t count) {
        return ReactorGroup::make(ReactorGroupOptions().reactors(count).reactor(options())).value();
    }
};
INSTANTIATE_TEST_SUITE_P(AllBackends, ThreadConformance,
                         testing::Values(BackendKind::uring, BackendKind::epoll), backend_name);

Task<std::thread::id> thread_here() {
    co_return std::this_thread::get_id();
}

Task<void> sleep_long(std::atomic<int>& begun, std::atomic<int>& gone) {
    struct OnEnd {
        explicit OnEnd(std::atomic<int>& all) : count(all) {}
        ~OnEnd() { ++count; }
        std::atomic<int>& count;
    } on_end(gone);
    ++begun;
    co_await sleep_for(1h);
}

TEST_P(ThreadConformance, EachReactorHasAThreadOfItsOwn) {
    const ReactorGroup group = make_group(3);
    EXPECT_EQ(group.size(), 3u);
    run_here([&]() -> Task<void> {
        std::set<std::thread::id> threads{std::this_thread::get_id()};
        for (std::size_t i = 0; i < group.size(); ++i) {
            const Result<std::thread::id> thread = co_await group.run_on(i, &thread_here);
            threads.insert(thread.value());
        }
        EXPECT_EQ(threads.size(), 4u);
        std::set<std::thread::id> in_turn;
        for (std::size_t i = 0; i < group.size(); ++i) {
            const Result<std::thread::id> thread = co_await group.any(&thread_here);
            in_turn.insert(thread.value());
        }
        EXPECT_EQ(in_turn.size(), 3u);
    });
}

TEST_P(ThreadConformance, PlainCodeMayWaitForATask) {
    const ReactorGroup group = make_group(1);
    const auto value = []() -> Task<std::unique_ptr<int>> {
        co_await sleep_for(1ms);
        co_return std::make_unique<int>(7);
    };
    const auto fails = []() -> Task<Result<int>> {
        co_return Error(Errc::limit_reached);
    };
    const auto throws = []() -> Task<void> {
        co_await yield();
        throw std::runtime_error("over there");
    };
    const Result<std::unique_ptr<int>> seven = group.run(0, value);
    EXPECT_EQ(**seven, 7);
    const Result<int> failed = group.run(0, fails);
    EXPECT_TRUE(failed.error() == Errc::limit_reached);
    EXPECT_THROW(static_cast<void>(group.run(0, throws)), std::runtime_error);
}

TEST_P(ThreadConformance, ThreadsArePinnedToOneCoreEach) {
    const auto options_of_all = ReactorGroupOptions().pin_to_cores(true).reactor(options());
    const ReactorGroup group = ReactorGroup::make(options_of_all).value();
    const auto count_cores = []() -> Task<int> {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        ::sched_getaffinity(0, sizeof cores, &cores);
        co_return CPU_COUNT(&cores);
    };
    for (std::size_t i = 0; i < group.size(); ++i)
        EXPECT_EQ(group.run(i, count_cores).value(), 1);
}

TEST_P(ThreadConformance, ExceptionsCrossAndDieOnTheSideThatCaughtThem) {
    const ReactorGroup group = make_group(1);
    run_here([&]() -> Task<void> {
        for (int i = 0; i < 100; ++i) {
            const auto throws = [i]() -> Task<int> {
                co_await yield();
                throw std::runtime_error(std::to_string(i));
            };
            std::string said;
            try {
                static_cast<void>(co_await group.run_on(0, throws));
            } catch (const std::runtime_error& error) {
                said = error.what();
            }
            EXPECT_EQ(said, std::to_string(i));
        }
    });
}

TEST_P(ThreadConformance, ACancelledCallerTakesTheGuestAlong) {
    const ReactorGroup group = make_group(1);
    std::atomic<int> begun = 0;
    std::atomic<int> gone = 0;
    run_here([&]() -> Task<void> {
        const auto body = [&]() -> Task<void> {
            const auto guest = [&]() -> Task<void> {
                co_await sleep_long(begun, gone);
            };
            static_cast<void>(co_await group.run_on(0, guest));
        };
        Unit caller(body());
        while (begun == 0)
            co_await sleep_for(1ms);
        caller.cancel();
        co_await caller.join();
        EXPECT_TRUE(caller.was_unwound());
        EXPECT_EQ(gone, 1);  // waited for, not abandoned
    });
}

TEST_P(ThreadConformance, CancellingAtAnyMomentLosesNothing) {
    const ReactorGroup group = make_group(2);
    run_here([&]() -> Task<void> {
        std::atomic<int> begun = 0;
        std::atomic<int> gone = 0;
        for (int i = 0; i < 300; ++i) {
            const auto body = [&]() -> Task<void> {
                const auto guest = [&]() -> Task<void> {
                    co_await yield();
                    const auto there = [&]() -> Task<void> {
                        co_await sleep_long(begun, gone);
                    };
                    static_cast<void>(co_await group.run_on(1, there));
                };
                static_cast<void>(co_await group.run_on(0, guest));
            };
            Unit unit(body());
            co_await yield_times(i % 16);
            co_await sleep_for((i % 8) * 10us);
            unit.cancel();
            co_await unit.join();
            EXPECT_EQ(begun, gone);
        }
    });
}

TEST_P(ThreadConformance, TheEndOfAGroupIsReportedToThoseWhoWait) {
    std::atomic<int> begun = 0;
    std::atomic<int> gone = 0;
    run_here([&]() -> Task<void> {
        std::optional<ReactorGroup> group(make_group(2));
        const auto wait = [&](std::size_t index) -> Task<Result<void>> {
            const auto guest = [&]() -> Task<void> {
                co_await sleep_long(begun, gone);
            };
            Result<void> ended = co_await group->run_on(index, guest);
            EXPECT_TRUE(!ended && ended.error() == Errc::reactor_ended);
            co_return Result<void>();
        };
        const auto end = [&]() -> Task<Result<void>> {
            co_await sleep_for(2ms);
            auto destroy = [&] {
                group.reset();
            };
            co_await offload(destroy);
            co_return Result<void>();
        };
        std::vector<Task<Result<void>>> all;
        for (std::size_t i = 0; i < 10; ++i)
            all.push_back(wait(i % 2));
        all.push_back(end());
        Result<void> ended = co_await gather(std::move(all));
        EXPECT_TRUE(ended.has_value());
        EXPECT_EQ(begun, gone);
    });
}

TEST_P(ThreadConformance, APostIsRunOrRefusedWhileTheLoopEnds) {
    for (int round = 0; round < 40; ++round) {
        std::optional<Remote> remote;
        std::promise<void> has_begun;
        int runs = 0;  // touched by the loop's thread only
        std::thread loop([&] {
            const auto body = [&]() -> Task<void> {
                remote.emplace(Reactor::current().remote());
                has_begun.set_value();
                co_await sleep_for(200us);
            };
            run(body(), options());
        });
        has_begun.get_future().wait();
        std::atomic<int> accepted = 0;
        std::vector<std::thread> posters;
        for (int i = 0; i < 3; ++i) {
            posters.emplace_back([&, own = *remote] {
                while (own.post([&runs] { ++runs; }))
                    ++accepted;
            });
        }
        for (std::thread& poster : posters)
            poster.join();
        loop.join();
        EXPECT_EQ(runs, accepted);
    }
}

// A call that was posted with the last handle is not a deadlock, however the turns fall.
TEST_P(ThreadConformance, ALoopThatWaitsForOneLastPostIsNotDead) {
    for (int i = 0; i < 200; ++i) {
        run_here([&]() -> Task<void> {
            const auto work = [i] {
                for (int spin = 0; spin < i; ++spin)
                    std::this_thread::yield();
            };
            co_await offload(work);
        });
    }
}

TEST_P(ThreadConformance, GuestsEndWithTheOutermostTask) {
    std::promise<Remote> made;
    std::atomic<int> begun = 0;
    std::atomic<int> gone = 0;
    std::thread far([&] {
        const auto body = [&]() -> Task<void> {
            made.set_value(Reactor::current().remote());
            while (begun == 0)
                co_await sleep_for(1ms);
        };
        run(body(), options());
    });
    const Remote remote = made.get_future().get();
    const auto guest = [&]() -> Task<void> {
        co_await sleep_long(begun, gone);
    };
    const Result<void> ended = run_blocking(remote, guest);
    EXPECT_TRUE(!ended && ended.error() == Errc::reactor_ended);
    EXPECT_EQ(gone, 1);
    far.join();
}

TEST_P(ThreadConformance, ThreadsOfAGroupTakeNoSignals) {
    const ReactorGroup group = make_group(2);
    run_here([&]() -> Task<void> {
        SignalCatcher catcher = SignalCatcher::make({SIGUSR1}).value();
        for (int i = 0; i < 20; ++i) {
            ::kill(::getpid(), SIGUSR1);
            Result<int> signal = co_await catcher.next();
            EXPECT_EQ(signal.value(), SIGUSR1);
        }
    });
}

TEST_P(ThreadConformance, TrafficBetweenLoopsGoesOverSockets) {
    const ReactorGroup group = make_group(1);
    run_here([&]() -> Task<void> {
        std::promise<Endpoint> where;
        std::future<Endpoint> known = where.get_future();
        const auto serve = [&]() -> Task<Result<int>> {
            TcpListener listener = listen_here();
            where.set_value(listener.local_endpoint());
            Result<TcpStream> stream = co_await listener.accept();
            Result<Lease> lease = co_await stream.value().read();
            co_return static_cast<int>(lease.value().bytes().size());
        };
        const auto talk = [&]() -> Task<Result<int>> {
            auto look = [&known] {
                return known.get();
            };
            const Endpoint endpoint = co_await offload(look);
            Result<TcpStream> stream = co_await TcpStream::connect(endpoint);
            Result<void> written = co_await stream.value().write_all(as_bytes("12345"));
            written.value();
            co_return 0;
        };
        const auto served = [&]() -> Task<Result<int>> {
            co_return co_await group.run_on(0, serve);
        };
        std::vector<Task<Result<int>>> both;
        both.push_back(served());
        both.push_back(talk());
        const Result<std::vector<int>> counts = co_await gather(std::move(both));
        EXPECT_EQ(counts->at(0), 5);
    });
}

}  // namespace
