// SPDX-License-Identifier: MIT
//
// What a machine does to a program on a bad day: signals in the middle of system calls, descriptors
// that run out, and a ring with room for next to nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#include <weir/runtime/file.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/process.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>
#include <weir/runtime/udp.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"
#include "tests/support/temporary_folder.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class RobustnessConformance : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Backends, RobustnessConformance, all_backends(), backend_name);

std::atomic<int> signals_seen = 0;

/// While it lives, a signal interrupts this process every 200 us, and no call is restarted for it.
class SignalStorm {
public:
    SignalStorm() {
        struct sigaction action{};
        action.sa_handler = [](int) {
            signals_seen.fetch_add(1, std::memory_order_relaxed);
        };
        ::sigaction(SIGALRM, &action, &before_);
        const itimerval often{{0, 200}, {0, 200}};
        ::setitimer(ITIMER_REAL, &often, nullptr);
    }
    SignalStorm(const SignalStorm&) = delete;
    SignalStorm& operator=(const SignalStorm&) = delete;
    ~SignalStorm() {
        const itimerval never{};
        ::setitimer(ITIMER_REAL, &never, nullptr);
        ::sigaction(SIGALRM, &before_, nullptr);
    }

private:
    struct sigaction before_{};
};

Task<void> carry(TcpStream& from, TcpStream& to, std::size_t size) {
    const std::string text = pattern(size);
    std::string got;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(write(from, text));
        got = co_await read_exactly(to, size);
    });
    EXPECT_EQ(got, text);
}

Task<void> connect_often(TcpListener& listener) {
    for (int i = 0; i < 30; ++i) {
        Connected pair = co_await connected_to(listener);
        co_await carry(pair.client, pair.server, 10);
    }
}

Task<void> sleep_often() {
    for (int i = 0; i < 30; ++i)
        co_await sleep_for(1ms);
}

Task<void> send_datagrams() {
    UdpSocket near = UdpSocket::bind(Endpoint::loopback(0)).value();
    UdpSocket far = UdpSocket::bind(Endpoint::loopback(0)).value();
    for (int i = 0; i < 30; ++i) {
        const std::string text = std::to_string(i);
        const Result<void> sent = co_await near.send_to(as_bytes(text), far.local_endpoint());
        sent.value();
        const Result<Datagram> datagram = co_await far.receive_from();
        EXPECT_EQ(as_text(datagram.value().bytes()), text);
    }
}

Task<void> use_a_file() {
    const TemporaryFolder folder;
    const std::string path = folder.path_to("file");
    const std::string text = pattern(1'000'000);
    const Result<void> written = co_await write_file(path, as_bytes(text));
    written.value();
    const Result<std::string> read = co_await read_file(path, 2'000'000);
    EXPECT_EQ(read.value(), text);
}

TEST_P(RobustnessConformance, InterruptedCallsGoOn) {
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        Connected pair = co_await connected_to(listener);
        const int before = signals_seen.load();
        const SignalStorm storm;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(carry(pair.client, pair.server, 3'000'000));
            group.spawn(carry(pair.server, pair.client, 3'000'000));
            group.spawn(connect_often(listener));
            group.spawn(sleep_often());
            group.spawn(send_datagrams());
            if (!is_simulated()) group.spawn(use_a_file());
            co_return;
        });
        if (!is_simulated()) {
            EXPECT_GT(signals_seen.load(), before + 10);
        }
    });
}

// UBSan makes a pipe to look at an object's type, and takes its failure for a wrong object.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define WEIR_TEST_SANITIZER_NEEDS_DESCRIPTORS 1
#endif
#endif
#ifdef WEIR_TEST_SANITIZER_NEEDS_DESCRIPTORS
constexpr bool kSanitizerNeedsDescriptors = true;
#else
constexpr bool kSanitizerNeedsDescriptors = false;
#endif

/// The tests of what happens when there are no more.
class DescriptorConformance : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        if (is_simulated()) GTEST_SKIP() << "the simulator's faults do this: see SimulatedFaults";
        if (kSanitizerNeedsDescriptors) GTEST_SKIP() << "the sanitizer needs some itself";
    }
};
INSTANTIATE_TEST_SUITE_P(Backends, DescriptorConformance, all_backends(), backend_name);

/// Holds every descriptor that this process may still have.
class AllDescriptors {
public:
    AllDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit few{256, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        take();
    }
    AllDescriptors(const AllDescriptors&) = delete;
    AllDescriptors& operator=(const AllDescriptors&) = delete;
    ~AllDescriptors() {
        release();
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }

    void take() {
        for (;;) {
            const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (fd < 0) break;
            held_.push_back(fd);
        }
        EXPECT_EQ(errno, EMFILE);
    }
    void release() {
        for (const int fd : held_)
            ::close(fd);
        held_.clear();
    }

private:
    rlimit before_{};
    std::vector<int> held_;
};

void expect_advice(const Error& error) {
    EXPECT_TRUE(error == std::errc::too_many_files_open) << error.message();
    EXPECT_NE(error.message().find("ulimit -n"), std::string::npos) << error.message();
}

Task<void> need_descriptors(const Endpoint& server) {
    Result<TcpStream> stream = co_await TcpStream::connect(server);
    EXPECT_FALSE(stream);
    if (!stream) {
        expect_advice(stream.error());
        EXPECT_NE(stream.error().message().find(server.to_string()), std::string::npos)
            << stream.error().message();
    }
    Result<TcpListener> listener = TcpListener::bind(Endpoint::loopback(0));
    EXPECT_FALSE(listener);
    if (!listener) {
        expect_advice(listener.error());
        EXPECT_NE(listener.error().message().find("127.0.0.1:0"), std::string::npos);
    }
    Result<UdpSocket> socket = UdpSocket::bind(Endpoint::loopback(0));
    EXPECT_FALSE(socket);
    if (!socket) {
        expect_advice(socket.error());
        EXPECT_NE(socket.error().message().find("127.0.0.1:0"), std::string::npos);
    }
    Result<File> file = co_await File::open("/etc/hostname");
    EXPECT_FALSE(file);
    if (!file) expect_advice(file.error());
    ProcessOptions options("true");
    Result<ProcessOutput> process = co_await run_process(std::move(options));
    EXPECT_FALSE(process);
    if (!process) expect_advice(process.error());
}

TEST_P(DescriptorConformance, DescriptorsThatRunOutAreReportedAndComeBack) {
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        Result<TcpStream> client = co_await TcpStream::connect(listener.local_endpoint());
        AllDescriptors all;
        for (int i = 0; i < 2; ++i) {
            Result<TcpStream> refused = co_await listener.accept();
            EXPECT_FALSE(refused);
            if (!refused) expect_advice(refused.error());
        }
        co_await need_descriptors(listener.local_endpoint());
        // The loop goes on, and does not spin over the connection that it cannot accept.
        const std::uint64_t turns = Reactor::current().stats().turns;
        co_await sleep_for(10ms);
        EXPECT_LT(Reactor::current().stats().turns, turns + 1000);

        all.release();
        Result<TcpStream> server = co_await listener.accept();
        co_await carry(client.value(), server.value(), 1000);
    });
}

// Nor is epoll taken for io_uring then: it would want descriptors as well.
TEST_P(DescriptorConformance, ALoopThatLacksDescriptorsIsNotMadeAndSaysSo) {
    for (const BackendKind kind : {GetParam(), BackendKind::automatic}) {
        const AllDescriptors all;
        const auto reactor = Reactor::make(options().backend(kind));
        ASSERT_FALSE(reactor);
        expect_advice(reactor.error());
    }
}

TEST_P(DescriptorConformance, AnAcceptorThatInsistsStarvesNobodyMeanwhile) {
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        Result<TcpStream> client = co_await TcpStream::connect(listener.local_endpoint());
        AllDescriptors all;
        const auto insist = [&]() -> Task<void> {
            for (;;) {
                const Result<TcpStream> stream = co_await listener.accept();
                EXPECT_FALSE(stream);
                if (stream) co_return;
            }
        };
        const Result<void> late = co_await timeout(5ms, insist());
        EXPECT_TRUE(!late && late.error() == Errc::timed_out);
    });
}

/// Connections, each with a reader that waits.
class ManyReaders {
public:
    Task<void> connect(TcpListener& listener, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            pairs_.push_back(co_await connected_to(listener));
    }
    Task<void> read(std::size_t number, int& got) {
        const std::string text = co_await read_some(pairs_[number].server);
        if (text == "x") ++got;
    }
    Task<void> write_one(std::size_t number) { return write(pairs_[number].client, "x"); }
    std::size_t count() const { return pairs_.size(); }

private:
    std::vector<Connected> pairs_;
};

TEST_P(RobustnessConformance, MoreIsAskedInATurnThanTheRingHasRoomFor) {
    ReactorOptions narrow = options();
    narrow.ring_entries(1);
    run_here(
        []() -> Task<void> {
            constexpr std::size_t kCount = 100;
            TcpListener listener = listen_here();
            ManyReaders readers;
            co_await readers.connect(listener, kCount);
            int got = 0;
            // All are cancelled in the turn in which they were asked, and in a later one.
            for (const bool is_later : {false, true}) {
                co_await with_group([&](TaskGroup& group) -> Task<void> {
                    for (std::size_t i = 0; i < kCount; ++i)
                        group.spawn(readers.read(i, got));
                    co_await yield();
                    if (is_later) co_await sleep_for(1ms);
                    group.cancel();
                });
            }
            EXPECT_EQ(got, 0);
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                for (std::size_t i = 0; i < kCount; ++i) {
                    group.spawn(readers.read(i, got));
                    group.spawn(readers.write_one(i));
                }
                co_return;
            });
            EXPECT_EQ(got, static_cast<int>(kCount));
        },
        narrow);
}

}  // namespace
