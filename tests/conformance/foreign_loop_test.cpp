// SPDX-License-Identifier: MIT
//
// weir inside a plain poll(2) loop: all that a task waits for must make the descriptor readable, or
// be told by the timeout. A loop that is polled for too long has missed something.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/loop_driver.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/remote_run.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>
#include <weir/runtime/wait_readable.h>

#include <chrono>
#include <cstdint>
#include <future>
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

constexpr int kStalledMs = 5000;

class ForeignLoopConformance : public Conformance {
protected:
    // Polls as a program would, and no more often; says how many turns it took.
    template <typename T>
    static T poll_to_the_end(Task<T> main, int& turns) {
        auto driver = LoopDriver<T>::make(std::move(main), options()).value();
        pollfd ours{driver->descriptor(), POLLIN, 0};
        while (!driver->is_done()) {
            const int patience = driver->poll_timeout();
            const bool is_capped = patience < 0 || patience > kStalledMs;
            // A poll that ends with its time has stalled, even if its last look finds something.
            const auto begin = std::chrono::steady_clock::now();
            static_cast<void>(::poll(&ours, 1, is_capped ? kStalledMs : patience));
            const auto slept = std::chrono::steady_clock::now() - begin;
            EXPECT_FALSE(is_capped && slept >= std::chrono::milliseconds(kStalledMs)) << "stalled";
            driver->run_once();
            ++turns;
        }
        return driver->result();
    }
    template <typename T>
    static T poll_to_the_end(Task<T> main) {
        int turns = 0;
        return poll_to_the_end(std::move(main), turns);
    }
};
INSTANTIATE_TEST_SUITE_P(AllBackends, ForeignLoopConformance,
                         testing::Values(BackendKind::uring, BackendKind::epoll), backend_name);

TEST_P(ForeignLoopConformance, TimersFireAndTheLoopSleepsMeanwhile) {
    int turns = 0;
    const auto body = []() -> Task<int> {
        const Instant begin = Reactor::current().now();
        for (int i = 0; i < 5; ++i)
            co_await sleep_for(10ms);
        EXPECT_GE(Reactor::current().now() - begin, 50ms);
        co_return 7;
    };
    EXPECT_EQ(poll_to_the_end(body(), turns), 7);
    EXPECT_LT(turns, 100);  // a busy loop would make thousands
}

TEST_P(ForeignLoopConformance, SocketsMakeTheDescriptorReadable) {
    const auto body = []() -> Task<std::string> {
        TcpListener listener = listen_here();
        Connected pair = co_await connected_to(listener);
        std::string all;
        const auto echo = [&]() -> Task<void> {
            for (int i = 0; i < 100; ++i) {
                Result<Lease> lease = co_await pair.server.read();
                Result<void> written = co_await pair.server.write_all(lease.value().bytes());
                written.value();
            }
        };
        const auto talk = [&]() -> Task<void> {
            for (int i = 0; i < 100; ++i) {
                Result<void> written = co_await pair.client.write_all(as_bytes("x"));
                written.value();
                Result<Lease> lease = co_await pair.client.read();
                all += as_text(lease.value().bytes());
            }
        };
        std::vector<Task<void>> both;
        both.push_back(echo());
        both.push_back(talk());
        co_await gather(std::move(both));
        co_return std::move(all);
    };
    EXPECT_EQ(poll_to_the_end(body()), std::string(100, 'x'));
}

// Data from another thread, while the loop is in its poll for as long as it likes.
TEST_P(ForeignLoopConformance, DataThatComesDuringAPollEndsIt) {
    std::promise<Endpoint> where;
    std::thread peer([&] {
        const Endpoint endpoint = where.get_future().get();
        const auto talk = [&]() -> Task<void> {
            Result<TcpStream> stream = co_await TcpStream::connect(endpoint);
            for (int i = 0; i < 5; ++i) {
                co_await sleep_for(2ms);
                Result<void> written = co_await stream.value().write_all(as_bytes("y"));
                written.value();
            }
        };
        run(talk(), options());
    });
    const auto body = [&]() -> Task<std::string> {
        TcpListener listener = listen_here();
        where.set_value(listener.local_endpoint());
        Result<TcpStream> stream = co_await listener.accept();
        std::string all;
        for (;;) {
            Result<Lease> lease = co_await stream.value().read();
            if (lease.value().bytes().empty()) break;
            all += as_text(lease->bytes());
        }
        co_return std::move(all);
    };
    EXPECT_EQ(poll_to_the_end(body()), "yyyyy");
    peer.join();
}

// When the timer fires, the read's cancellation is queued after the turn's look at the kernel.
TEST_P(ForeignLoopConformance, ATimeoutOfAReadIsNotForgotten) {
    const auto body = []() -> Task<void> {
        TcpListener listener = listen_here();
        Connected pair = co_await connected_to(listener);
        for (int i = 0; i < 5; ++i) {
            const auto read = [&]() -> Task<Result<void>> {
                Result<Lease> lease = co_await pair.client.read();
                if (!lease) co_return std::move(lease).error();
                co_return Result<void>();
            };
            const Result<void> late = co_await timeout(2ms, read());
            EXPECT_TRUE(!late && late.error() == Errc::timed_out);
        }
    };
    poll_to_the_end(body());
}

// The same by way of a posted function.
TEST_P(ForeignLoopConformance, ACancellationThatIsPostedIsNotForgotten) {
    const auto body = []() -> Task<void> {
        TcpListener listener = listen_here();
        const auto accept = [&]() -> Task<void> {
            static_cast<void>(co_await listener.accept());
        };
        Unit unit(accept());
        auto sleeping = [] {
            std::this_thread::sleep_for(5ms);
        };
        co_await offload(sleeping);
        const Remote remote = Reactor::current().remote();
        auto post = [&unit, remote] {
            remote.post([&unit] { unit.cancel(); });
        };
        co_await offload(post);
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    };
    poll_to_the_end(body());
}

// As a callback of the foreign loop may do, of a button that says "stop".
TEST_P(ForeignLoopConformance, ACancellationBetweenTwoTurnsIsNotForgotten) {
    TaskGroup* group = nullptr;
    const auto body = [&]() -> Task<void> {
        TcpListener listener = listen_here();
        co_await with_group([&](TaskGroup& own) -> Task<void> {
            group = &own;
            static_cast<void>(co_await listener.accept());
        });
    };
    auto driver = LoopDriver<void>::make(body(), options()).value();
    pollfd ours{driver->descriptor(), POLLIN, 0};
    while (driver->poll_timeout() >= 0)
        driver->run_once();
    group->cancel();
    for (int turns = 0; turns < 10 && !driver->is_done(); ++turns) {
        const int patience = driver->poll_timeout();
        EXPECT_TRUE(patience == 0 || ::poll(&ours, 1, kStalledMs) > 0) << "stalled";
        driver->run_once();
    }
    EXPECT_TRUE(driver->is_done());
}

TEST_P(ForeignLoopConformance, PostsAndGuestsOfOtherThreadsEndThePoll) {
    std::promise<Remote> made;
    std::thread other([&] {
        const Remote remote = made.get_future().get();
        const auto guest = []() -> Task<int> {
            co_await sleep_for(1ms);
            co_return 7;
        };
        for (int i = 0; i < 20; ++i)
            EXPECT_EQ(run_blocking(remote, guest).value(), 7);
        const auto quick = [&]() -> Task<int> {
            co_return 1;
        };
        EXPECT_EQ(run_blocking(remote, quick).value(), 1);
        remote.post([] {});
    });
    const auto body = [&]() -> Task<void> {
        made.set_value(Reactor::current().remote());
        auto join = [&] {
            other.join();
        };
        co_await offload(join);
    };
    poll_to_the_end(body());
}

// io_uring hears of a write to an eventfd in a way of its own.
TEST_P(ForeignLoopConformance, AnEventfdOfTheProgramEndsThePollEachTime) {
    const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    std::thread other([fd] {
        for (int i = 0; i < 4; ++i) {
            std::this_thread::sleep_for(2ms);
            const std::uint64_t one = 1;
            EXPECT_EQ(::write(fd, &one, sizeof one), 8);
        }
    });
    const auto body = [&]() -> Task<void> {
        for (std::uint64_t seen = 0; seen < 4;) {
            const Result<void> readable = co_await wait_readable(fd);
            EXPECT_TRUE(readable.has_value());
            std::uint64_t count = 0;
            EXPECT_EQ(::read(fd, &count, sizeof count), 8);
            seen += count;
        }
    };
    poll_to_the_end(body());
    other.join();
    ::close(fd);
}

}  // namespace
