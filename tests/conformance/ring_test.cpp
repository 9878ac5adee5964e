// SPDX-License-Identifier: MIT
//
// A ring that is smaller than what is asked of it, and a kernel that takes no submissions for a
// while, as where memory is short. The calls of liburing that submit are replaced in this program
// by ones that count, and refuse when a test wants it.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <liburing.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weir/runtime/descriptor.h>
#include <weir/runtime/kernel_features.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/wait_readable.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

bool refuses = false;       // the loop of the test has the only thread that looks
int refused = 0;            // submissions since the test began
int overflows = 0;          // calls made while the kernel kept completions for want of room
thread_local bool watched;  // this thread runs the test

/// False: the caller is to refuse.
bool may_submit(const io_uring* ring) {
    if (!watched) return true;
    if (io_uring_cq_has_overflow(ring)) ++overflows;
    if (!refuses || io_uring_sq_ready(ring) == 0) return true;
    ++refused;
    return false;
}

/// liburing's own.
template <typename Call>
Call* original(const char* name) {
    return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {
int io_uring_submit(io_uring* ring) {
    static const auto call = original<decltype(io_uring_submit)>("io_uring_submit");
    return may_submit(ring) ? call(ring) : -EAGAIN;
}
int io_uring_submit_and_wait(io_uring* ring, unsigned count) {
    static const auto call =
        original<decltype(io_uring_submit_and_wait)>("io_uring_submit_and_wait");
    return may_submit(ring) ? call(ring, count) : -EAGAIN;
}
int io_uring_submit_and_get_events(io_uring* ring) {
    static const auto call =
        original<decltype(io_uring_submit_and_get_events)>("io_uring_submit_and_get_events");
    return may_submit(ring) ? call(ring) : -EAGAIN;
}
int io_uring_submit_and_wait_timeout(io_uring* ring, io_uring_cqe** first, unsigned count,
                                     __kernel_timespec* limit, sigset_t* signals) {
    static const auto call =
        original<decltype(io_uring_submit_and_wait_timeout)>("io_uring_submit_and_wait_timeout");
    return may_submit(ring) ? call(ring, first, count, limit, signals) : -EAGAIN;
}
}

namespace {

class RingConformance : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        watched = true;
        refuses = false;
        refused = overflows = 0;
    }
    void TearDown() override { watched = false; }
};
INSTANTIATE_TEST_SUITE_P(Backends, RingConformance, testing::Values(BackendKind::uring),
                         backend_name);

Task<void> connect_all(std::vector<Connected>& pairs, std::size_t count) {
    TcpListener listener = listen_here();
    while (pairs.size() < count)
        pairs.push_back(co_await connected_to(listener));
}

Task<void> hear(TcpStream& stream, std::size_t& heard) {
    const std::string text = co_await read_some(stream);
    if (text == "x") ++heard;
}

/// A reader for each pair, and a writer for each reader, all begun in one turn.
void begin_talks(TaskGroup& group, std::vector<Connected>& pairs, std::size_t& heard) {
    for (Connected& pair : pairs)
        group.spawn(hear(pair.server, heard));
    for (Connected& pair : pairs)
        group.spawn(write(pair.client, "x"));
}

TEST_P(RingConformance, MoreCompletesAtOnceThanTheQueueHoldsAndNothingIsLost) {
    ReactorOptions narrow = options();
    narrow.ring_entries(1);
    run_here(
        []() -> Task<void> {
            std::vector<Connected> pairs;
            co_await connect_all(pairs, 300);
            for (int round = 0; round < 3; ++round) {
                std::size_t heard = 0;
                co_await with_group([&](TaskGroup& group) -> Task<void> {
                    begin_talks(group, pairs, heard);
                    co_return;
                });
                EXPECT_EQ(heard, pairs.size());
            }
        },
        narrow);
    EXPECT_GT(overflows, 0) << "the completion queue had room for all";
}

/// Counts those of its kind.
class Present {
public:
    explicit Present(int& count) noexcept : count_(count) { ++count_; }
    Present(const Present&) = delete;
    Present& operator=(const Present&) = delete;
    ~Present() { --count_; }

private:
    int& count_;
};

Task<void> wait_for(int descriptor, int& present) {
    const Present here(present);
    static_cast<void>(co_await wait_readable(descriptor));
}

TEST_P(RingConformance, ThousandsAreAskedInOneTurnAndCancelledInTheNext) {
    ReactorOptions narrow = options();
    narrow.ring_entries(4);
    run_here(
        []() -> Task<void> {
            std::vector<Connected> pairs;
            co_await connect_all(pairs, 1);
            const detail::OwnedDescriptor event(::eventfd(0, EFD_CLOEXEC));
            int present = 0;
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                for (int i = 0; i < 3000; ++i)
                    group.spawn(wait_for(event.get(), present));
                co_await yield();
                EXPECT_EQ(present, 3000);
                group.cancel();
            });
            EXPECT_EQ(present, 0);
            std::size_t heard = 0;
            Unit reader(hear(pairs[0].server, heard));
            co_await write(pairs[0].client, "x");
            co_await reader.join();
            EXPECT_EQ(heard, 1u);
        },
        narrow);
}

Task<void> accept_again_soon() {
    co_await sleep_for(20ms);
    refuses = false;
}

TEST_P(RingConformance, WhatTheKernelRefusesForNowIsDoneLater) {
    ReactorOptions narrow = options();
    narrow.ring_entries(4);
    run_here(
        []() -> Task<void> {
            std::vector<Connected> pairs;
            co_await connect_all(pairs, 50);
            const std::uint64_t turns = Reactor::current().stats().turns;
            std::size_t heard = 0;
            refuses = true;
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(accept_again_soon());
                begin_talks(group, pairs, heard);
                co_return;
            });
            EXPECT_EQ(heard, pairs.size());
            EXPECT_LT(Reactor::current().stats().turns, turns + 1000) << "it has spun";
        },
        narrow);
    EXPECT_GT(refused, 0);
}

// Half of the readers are with the kernel when it stops taking anything, the others are not.
Task<void> cancel_readers(TaskGroup& outer, std::vector<Connected>& pairs, std::size_t& heard) {
    const std::size_t half = pairs.size() / 2;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (std::size_t i = 0; i < half; ++i)
            group.spawn(hear(pairs[i].server, heard));
        co_await sleep_for(1ms);
        refuses = true;
        outer.spawn(accept_again_soon());
        for (std::size_t i = half; i < pairs.size(); ++i)
            group.spawn(hear(pairs[i].server, heard));
        co_await sleep_for(1ms);
        group.cancel();
    });
}

TEST_P(RingConformance, WhatTheKernelRefusesForNowCanBeCancelled) {
    ReactorOptions narrow = options();
    narrow.ring_entries(4);
    run_here(
        []() -> Task<void> {
            std::vector<Connected> pairs;
            co_await connect_all(pairs, 50);
            std::size_t heard = 0;
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(cancel_readers(group, pairs, heard));
                co_return;
            });
            EXPECT_EQ(heard, 0u);
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                begin_talks(group, pairs, heard);
                co_return;
            });
            EXPECT_EQ(heard, pairs.size());
        },
        narrow);
    EXPECT_GT(refused, 0);
}

/// A stream whose other end is no stream of the loop's, and which was read so often that the kernel
/// receives for it between reads.
class WellRead {
public:
    WellRead(int other, TcpStream accepted) : peer(other), stream(std::move(accepted)) {}

    int peer;
    TcpStream stream;
};

Task<WellRead> well_read(TcpListener& listener) {
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const Endpoint where = listener.local_endpoint();
    const Bytes to = where.sockaddr_bytes();
    EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(to.data()),
                        static_cast<socklen_t>(to.size())),
              0);
    TcpStream stream = (co_await listener.accept()).value();
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(::send(peer, "x", 1, 0), 1);
        EXPECT_EQ(co_await read_some(stream), "x");
    }
    co_return WellRead(peer, std::move(stream));
}

// What is received before the kernel takes the request to stop must not make the loop forget it.
TEST_P(RingConformance, AStreamThatIsReceivedForClosesThoughItsPeerGoesOnSending) {
    if (features_without_by_environment().value().contains(KernelFeature::multishot_receive)) {
        GTEST_SKIP() << "no stream is received for: multishot_receive is left out";
    }
    ReactorOptions narrow = options();
    narrow.ring_entries(4);
    run_here(
        []() -> Task<void> {
            TcpListener listener = listen_here();
            std::vector<WellRead> streams;
            for (int i = 0; i < 30; ++i)
                streams.push_back(co_await well_read(listener));
            refuses = true;
            for (WellRead& each : streams) {
                each.stream.close();
                EXPECT_EQ(::send(each.peer, "y", 1, MSG_NOSIGNAL), 1);
            }
            co_await accept_again_soon();
            co_await until_slots(1);  // the listener's
            for (const WellRead& each : streams)
                ::close(each.peer);
        },
        narrow);
    EXPECT_GT(refused, 0);
}

}  // namespace
