// SPDX-License-Identifier: MIT
//
// What every backend does when receive buffers run out, when another thread calls, and with
// descriptors that are not weir's own.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>
#include <weir/runtime/wait_readable.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class ResourceConformance : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Backends, ResourceConformance, all_backends(), backend_name);

TEST_P(ResourceConformance, ReadsOnWhenLeasesHoldAllReceiveBuffers) {
    run_here(
        []() -> Task<void> {
            Connected pair = co_await connected();
            const std::string text = pattern(256 * 20);
            co_await write(pair.client, text);
            co_await sleep_for(1ms);
            std::vector<Lease> held;  // five times as many as there are buffers
            std::string got;
            while (got.size() < text.size()) {
                Result<Lease> lease = co_await pair.server.read();
                if (!lease) break;
                got += as_text(lease->bytes());
                held.push_back(std::move(*lease));
            }
            EXPECT_EQ(got, text);
            EXPECT_GT(held.size(), 4u);
            std::string still_there;
            for (const Lease& lease : held)
                still_there += as_text(lease.bytes());
            EXPECT_EQ(still_there, text);
        },
        options().receive_buffers(4, 256));
}

TEST_P(ResourceConformance, SaysSoWhenNoBufferCanBeHadAndGoesOnLater) {
    run_here(
        []() -> Task<void> {
            Connected pair = co_await connected();
            const std::string text = pattern(64 * 3);
            co_await write(pair.client, text);
            co_await sleep_for(1ms);
            {
                std::vector<Lease> held;
                for (int i = 0; i < 2; ++i) {
                    Result<Lease> lease = co_await pair.server.read();
                    held.push_back(std::move(lease).value());
                    EXPECT_EQ(held.back().size(), 64u);
                }
                const Result<Lease> none = co_await pair.server.read();
                EXPECT_TRUE(!none && none.error() == Errc::limit_reached);
            }
            EXPECT_EQ(co_await read_some(pair.server), text.substr(128));
        },
        options().receive_buffers(2, 64).heap_buffers_max(0));
}

TEST_P(ResourceConformance, BuffersGoRoundManyTimes) {
    run_here(
        []() -> Task<void> {
            Connected pair = co_await connected();
            const std::string text = pattern(100'000);
            Unit writer(write(pair.client, text));
            EXPECT_TRUE(co_await read_exactly(pair.server, text.size()) == text);
            co_await writer.join();
        },
        options().receive_buffers(2, 128).heap_buffers_max(0));
}

TEST_P(ResourceConformance, APostFromAnotherThreadWakesTheLoop) {
    if (is_simulated()) GTEST_SKIP() << "the simulated world has one thread";
    run_here([]() -> Task<void> {
        constexpr int kPosts = 100;
        int posted = 0;
        bool on_own_thread = true;
        const std::thread::id own = std::this_thread::get_id();
        std::thread other([&, remote = Reactor::current().remote()] {
            for (int i = 0; i < kPosts; ++i) {
                remote.post([&] {
                    ++posted;
                    on_own_thread &= std::this_thread::get_id() == own;
                });
            }
        });
        while (posted < kPosts)
            co_await sleep_for(1ms);
        other.join();
        EXPECT_TRUE(on_own_thread);
    });
}

TEST_P(ResourceConformance, APostEndsAWaitThatHasNoDeadline) {
    if (is_simulated()) GTEST_SKIP() << "the simulated world has one thread";
    run_here([]() -> Task<void> {
        Semaphore called(0);
        std::thread other([&called, remote = Reactor::current().remote()] {
            remote.post([&called] { called.release(); });
        });
        const Permit permit = co_await called.acquire();  // no timer is armed meanwhile
        other.join();
    });
}

TEST_P(ResourceConformance, APostToALoopThatHasEndedIsRefused) {
    std::optional<Remote> kept;
    run_here([&]() -> Task<void> {
        kept = Reactor::current().remote();
        co_return;
    });
    EXPECT_FALSE(kept->post([] { ADD_FAILURE() << "ran after the end"; }));
}

/// An eventfd, which is readable once something was added to it.
class EventDescriptor {
public:
    EventDescriptor() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
    EventDescriptor(const EventDescriptor&) = delete;
    EventDescriptor& operator=(const EventDescriptor&) = delete;
    ~EventDescriptor() { ::close(fd_); }

    int fd() const noexcept { return fd_; }
    void set() const {
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(fd_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
    }
    void clear() const {
        std::uint64_t count = 0;
        EXPECT_EQ(::read(fd_, &count, sizeof count), static_cast<ssize_t>(sizeof count));
    }

private:
    int fd_;
};

Task<void> set_soon(const EventDescriptor& event) {
    co_await sleep_for(1ms);
    event.set();
}

TEST_P(ResourceConformance, WaitsForADescriptorAgainAndAgain) {
    if (is_simulated()) GTEST_SKIP() << "the simulated world has no descriptors";
    run_here([]() -> Task<void> {
        const EventDescriptor event;
        for (int i = 0; i < 3; ++i) {
            Unit setter(set_soon(event));
            const Result<void> readable = co_await wait_readable(event.fd());
            EXPECT_TRUE(readable.has_value());
            const Result<void> still = co_await wait_readable(event.fd());
            EXPECT_TRUE(still.has_value());
            event.clear();
            co_await setter.join();
        }
    });
}

TEST_P(ResourceConformance, AWaitForADescriptorCanBeCancelled) {
    if (is_simulated()) GTEST_SKIP() << "the simulated world has no descriptors";
    run_here([]() -> Task<void> {
        const EventDescriptor event;
        Unit waiter([](int fd) -> Task<void> {
            static_cast<void>(co_await wait_readable(fd));
        }(event.fd()));
        co_await yield_times(2);
        waiter.cancel();
        co_await waiter.join();
        EXPECT_TRUE(waiter.was_unwound());
        event.set();
        const Result<void> readable = co_await wait_readable(event.fd());
        EXPECT_TRUE(readable.has_value());
    });
}

TEST_P(ResourceConformance, ADescriptorsNumberMayBeUsedAgainByAnother) {
    if (is_simulated()) GTEST_SKIP() << "the simulated world has no descriptors";
    const auto wait = [](int fd) -> Task<void> {
        const Result<void> readable = co_await wait_readable(fd);
        readable.value();
    };
    run_here([&]() -> Task<void> {
        for (int i = 0; i < 3; ++i) {
            const EventDescriptor event;  // gets the number of the one before
            Unit setter(set_soon(event));
            const Result<void> in_time = co_await timeout(100ms, wait(event.fd()));
            EXPECT_TRUE(in_time.has_value());
            co_await setter.join();
        }
    });
}

TEST_P(ResourceConformance, AStreamMayGetTheNumberOfADescriptorThatWasWaitedFor) {
    if (is_simulated()) GTEST_SKIP() << "the simulated world has no descriptors";
    const auto exchange = []() -> Task<void> {
        Connected pair = co_await connected();
        Unit writer([](TcpStream& stream) -> Task<void> {
            co_await sleep_for(1ms);
            co_await write(stream, "hello");
        }(pair.client));
        EXPECT_EQ(co_await read_some(pair.server), "hello");
        co_await writer.join();
    };
    run_here([&]() -> Task<void> {
        {
            const EventDescriptor first;
            const EventDescriptor second;
            const EventDescriptor third;
            for (const EventDescriptor* event : {&first, &second, &third}) {
                Unit setter(set_soon(*event));
                const Result<void> readable = co_await wait_readable(event->fd());
                EXPECT_TRUE(readable.has_value());
                co_await setter.join();
            }
        }
        const Result<void> in_time = co_await timeout(100ms, exchange());
        EXPECT_TRUE(in_time.has_value());
    });
}

}  // namespace
