// SPDX-License-Identifier: MIT
//
// What streams and listeners do by themselves, whatever the backend; what they do with one is in
// tests/conformance.
#include <weir/runtime/tcp.h>

#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <string>
#include <utility>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

// A connection to a listener that never accepts: nothing is read, and little can be written.
class Ignored {
public:
    Ignored(TcpListener at, TcpStream to) : listener(std::move(at)), stream(std::move(to)) {}

    TcpListener listener;
    TcpStream stream;
};

Task<Ignored> ignored() {
    TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
    Result<TcpStream> stream = co_await TcpStream::connect(listener.local_endpoint());
    co_return Ignored(std::move(listener), std::move(stream).value());
}

Task<void> read_from(TcpStream& stream) {
    static_cast<void>(co_await stream.read());
}

Task<void> write_to(TcpStream& stream, std::string text) {
    static_cast<void>(co_await stream.write_all(as_bytes(text)));
}

Task<void> two_readers() {
    Ignored pair = co_await ignored();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(read_from(pair.stream));
        group.spawn(read_from(pair.stream));
        co_return;
    });
}

Task<void> two_writers(std::string second) {
    Ignored pair = co_await ignored();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(write_to(pair.stream, std::string(1'000'000, 'x')));
        group.spawn(write_to(pair.stream, second));
        co_await sleep_for(1ms);
        group.cancel();
    });
}

TEST(TcpStreamDeath, ASecondReaderAborts) {
    EXPECT_DEATH(run_simulated(two_readers()), "one reader and one writer at a time");
}

TEST(TcpStreamDeath, ASecondWriterAborts) {
    EXPECT_DEATH(run_simulated(two_writers("y")), "one reader and one writer at a time");
}

TEST(TcpStreamDeath, ASecondWriterAbortsEvenIfItHasNothingToWrite) {
    EXPECT_DEATH(run_simulated(two_writers("")), "one reader and one writer at a time");
}

TEST(TcpStreamDeath, UsedAfterItWasClosedAborts) {
    const auto misuse = []() -> Task<void> {
        Ignored pair = co_await ignored();
        pair.stream.close();
        static_cast<void>(co_await pair.stream.read());
    };
    EXPECT_DEATH(run_simulated(misuse()), "moved from or closed");
}

TEST(TcpStream, MovesWithItsConnection) {
    simulate([]() -> Task<void> {
        Ignored first = co_await ignored();
        Ignored second = co_await ignored();
        EXPECT_EQ(Reactor::current().slots_open(), 4u);
        first.stream = std::move(second.stream);  // closes the old one
        EXPECT_EQ(Reactor::current().slots_open(), 3u);
        EXPECT_FALSE(second.stream.is_open());
        EXPECT_TRUE(first.stream.is_quiet());
        const Result<void> written = co_await first.stream.write_all(as_bytes("x"));
        EXPECT_TRUE(written.has_value());
    });
}

}  // namespace
