// SPDX-License-Identifier: MIT
//
// Random programs over all that the runtime has, cancelled at random moments. Whatever they do,
// nothing may be left of them. WEIR_SOAK_SEEDS says how many; a failure names its seed.
#include <gtest/gtest.h>
#include <unistd.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/journal.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeedsByDefault = 2'000;
constexpr int kDepth = 4;

/// What came of all programs; to see that the soak does not pass by doing nothing.
class Tally {
public:
    Tally() {}
    long returned = 0;
    long thrown = 0;
    long cancelled = 0;
    long timeouts = 0;
    long bytes = 0;
};

/// A random program: a tree of tasks, each of which takes a few random steps.
class Program {
public:
    Program(std::uint64_t seed, Tally& tally)
        : random_(seed), tally_(tally), semaphore_(1 + random_.below(2)) {
        permits_ = semaphore_.available();
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    Task<void> main() {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        server_ = listener.local_endpoint();
        Ending ending = Ending::cancelled;
        const auto body = [&](TaskGroup& group) -> Task<void> {
            group.spawn(serve(listener, group));
            group.spawn(cancel_later(group, span(200)));
            static_cast<void>(co_await tree(kDepth));
            ending = Ending::returned;
            group.cancel();
        };
        try {
            co_await with_group([&](TaskGroup& group) -> Task<void> { return body(group); });
        } catch (const std::exception&) {
            ending = Ending::thrown;
        }
        if (ending == Ending::returned) ++tally_.returned;
        if (ending == Ending::thrown) ++tally_.thrown;
        if (ending == Ending::cancelled) ++tally_.cancelled;
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
        EXPECT_EQ(semaphore_.available(), permits_) << "a permit was lost or doubled";
        EXPECT_EQ(objects_, 0) << "a local did not die, or died twice";
        EXPECT_EQ(Reactor::current().buffers().leased(), 0u);
    }

private:
    enum class Ending { returned, thrown, cancelled };

    bool one_in(std::uint64_t count) { return random_.below(count) == 0; }
    Duration span(std::uint64_t below) {
        const Duration whole = std::chrono::milliseconds(random_.below(below));
        return whole + 250us * random_.below(4);
    }

    // A task: some steps, with locals that must die.
    Task<int> tree(int depth) {
        const Counted local(objects_);
        const std::string text(30 + random_.below(40), 'x');
        const std::uint64_t steps = 1 + random_.below(4);
        int sum = 0;
        for (std::uint64_t i = 0; i < steps; ++i) {
            if (one_in(60)) throw std::runtime_error(text);
            if (depth == 0 || one_in(3)) {
                sum += co_await leaf_step();
            } else {
                sum += co_await inner_step(depth - 1);
            }
        }
        co_return sum + static_cast<int>(text.size());
    }

    Task<int> leaf_step() {
        const Counted local(objects_);
        switch (random_.below(6)) {
            case 0:
                co_await sleep_for(span(12));
                break;
            case 1:
                co_await yield();
                break;
            case 2:
                co_await hold_a_permit();
                break;
            case 3:
                co_await talk_to_the_server();
                break;
            case 4:
                co_await accept_once();
                break;
            default:
                co_await send_without_a_reader();
        }
        co_return 1;
    }

    Task<int> inner_step(int depth) {
        const Counted local(objects_);
        switch (random_.below(6)) {
            case 0:
                co_return co_await tree(depth);
            case 1:
                co_return co_await many(depth);
            case 2: {
                const Result<int> value = co_await timeout(span(15), tree(depth));
                if (!value) ++tally_.timeouts;
                co_return value ? *value : 0;
            }
            case 3:
                co_return co_await scope(depth);
            case 4: {
                int value = 0;
                try {
                    value = co_await tree(depth);
                } catch (const std::exception&) {
                    value = -1;
                }
                co_return int(value);
            }
            default: {
                Task<int> named = tree(depth);
                const Counted late(objects_);
                co_return co_await std::move(named);
            }
        }
    }

    Task<int> many(int depth) {
        std::vector<Task<int>> tasks;
        for (std::uint64_t i = random_.below(5); i > 0; --i)
            tasks.push_back(tree(depth));
        const std::vector<int> values = co_await gather(std::move(tasks));
        co_return static_cast<int>(values.size());
    }

    Task<int> scope(int depth) {
        const std::uint64_t children = random_.below(5);
        const std::uint64_t canceller = random_.below(8);
        int value = 0;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const Counted local(objects_);
            for (std::uint64_t i = 0; i < children; ++i) {
                group.spawn(child(depth, group, i == canceller));
                if (one_in(3)) co_await sleep_for(span(5));
            }
            if (one_in(5)) group.cancel();
            if (one_in(12)) throw std::runtime_error("from a body");
            value = 1;
        });
        co_return int(value);
    }

    Task<void> child(int depth, TaskGroup& group, bool cancels) {
        const Counted local(objects_);
        static_cast<void>(co_await tree(depth));
        if (cancels) group.cancel();
        if (one_in(6)) group.spawn(sleeper());
    }
    Task<void> sleeper() {
        const Counted local(objects_);
        co_await sleep_for(span(9));
    }
    Task<void> cancel_later(TaskGroup& group, Duration when) {
        co_await sleep_for(when);
        group.cancel();
    }

    Task<void> hold_a_permit() {
        const Permit permit = co_await semaphore_.acquire();
        co_await sleep_for(span(4));
        // One who holds a permit and waits for another may wait for itself.
        if (one_in(3)) static_cast<void>(co_await timeout(span(4), take_a_permit()));
    }
    Task<void> take_a_permit() {
        const Permit permit = co_await semaphore_.acquire();
        co_await yield();
    }

    // --- the network -----------------------------------------------------------------------------

    Task<void> serve(TcpListener& listener, TaskGroup& group) {
        for (;;) {
            Result<TcpStream> stream = co_await listener.accept();
            if (stream) group.spawn(echo(std::move(*stream)));
        }
    }
    Task<void> echo(TcpStream stream) {
        const Counted local(objects_);
        for (;;) {
            const Result<Lease> lease = co_await stream.read();
            if (!lease || lease->empty() || one_in(20)) co_return;
            const Result<void> written = co_await stream.write_all(lease->bytes());
            if (!written) co_return;
        }
    }
    Task<void> talk_to_the_server() {
        Result<TcpStream> stream = co_await TcpStream::connect(server_);
        if (!stream) co_return;
        for (std::uint64_t i = random_.below(4); i > 0; --i) {
            const std::string text(1 + random_.below(3'000), 'y');
            const Result<void> written = co_await stream->write_all(as_bytes(text));
            if (!written || one_in(4)) co_return;
            const Result<Lease> lease = co_await stream->read();
            if (!lease) co_return;
            tally_.bytes += static_cast<long>(lease->size());
            if (one_in(4)) co_await sleep_for(span(3));
        }
    }
    Task<void> accept_once() {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        std::vector<Task<void>> both;
        both.push_back(connect_to(listener.local_endpoint()));
        both.push_back(accept_from(listener));
        static_cast<void>(co_await timeout(span(4), gather_all(std::move(both))));
    }
    Task<void> gather_all(std::vector<Task<void>> tasks) { co_await gather(std::move(tasks)); }
    Task<void> connect_to(Endpoint endpoint) {
        if (one_in(2)) co_await sleep_for(span(3));
        static_cast<void>(co_await TcpStream::connect(endpoint));
    }
    Task<void> accept_from(TcpListener& listener) {
        const Result<TcpStream> stream = co_await listener.accept();
        if (one_in(2)) co_await sleep_for(span(3));
    }
    // More than the window takes, to a peer that does not read: ends by its timeout.
    Task<void> send_without_a_reader() {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        Result<TcpStream> stream = co_await TcpStream::connect(listener.local_endpoint());
        if (!stream) co_return;
        static_cast<void>(co_await timeout(span(4), send_much(*stream)));
    }
    Task<void> send_much(TcpStream& stream) {
        const std::string text(100'000, 'z');
        static_cast<void>(co_await stream.write_all(as_bytes(text)));
    }

    Random random_;
    Tally& tally_;
    Semaphore semaphore_;
    std::size_t permits_ = 0;
    Endpoint server_;
    long objects_ = 0;
};

volatile std::sig_atomic_t seed_now = 0;

// An abort, as of WEIR_CHECK, gives GoogleTest no time to say where it was.
void name_seed(int) {
    char text[64];
    const int size =
        std::snprintf(text, sizeof text, "soak: aborted at seed %d\n", static_cast<int>(seed_now));
    static_cast<void>(::write(STDERR_FILENO, text, static_cast<std::size_t>(size)) + 1);
}

std::uint64_t seeds() {
    const char* asked = std::getenv("WEIR_SOAK_SEEDS");
    return asked == nullptr ? kSeedsByDefault : std::strtoull(asked, nullptr, 10);
}

TEST(Soak, RandomProgramsLeaveNothingBehind) {
    const auto previous = std::signal(SIGABRT, name_seed);
    const auto options = ReactorOptions().backend(BackendKind::simulated).receive_buffers(16, 512);
    const std::size_t frames = detail::frames_live();
    Tally tally;
    for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        seed_now = static_cast<std::sig_atomic_t>(seed);
        Program program(seed, tally);
        run(program.main(), options);
        EXPECT_EQ(detail::frames_live(), frames) << "a frame or a slot was left behind";
        if (testing::Test::HasFailure()) break;
    }
    std::signal(SIGABRT, previous);
    std::printf("%ld returned, %ld failed, %ld cancelled; %ld timeouts, %ld bytes read\n",
                tally.returned, tally.thrown, tally.cancelled, tally.timeouts, tally.bytes);
    if (seeds() < kSeedsByDefault) return;
    EXPECT_GT(tally.returned, 100);
    EXPECT_GT(tally.thrown, 100);
    EXPECT_GT(tally.cancelled, 100);
    EXPECT_GT(tally.timeouts, 1000);
    EXPECT_GT(tally.bytes, 10'000);
}

}  // namespace
