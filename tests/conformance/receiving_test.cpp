// SPDX-License-Identifier: MIT
//
// Streams that are read often. A backend may let the kernel receive for them between two reads;
// nobody must notice: order, ends, cancelled reads, slow readers and closing are as with one
// request a read.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class ReceivingConformance : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Backends, ReceivingConformance, all_backends(), backend_name);

/// Both ends have been read so often that a backend has found out about it, and have nothing left.
Task<Connected> well_read() {
    Connected pair = co_await connected();
    for (int i = 0; i < 4; ++i) {
        co_await write(pair.client, "ping");
        EXPECT_EQ(co_await read_exactly(pair.server, 4), "ping");
        co_await write(pair.server, "pong");
        EXPECT_EQ(co_await read_exactly(pair.client, 4), "pong");
    }
    co_return std::move(pair);
}

/// For what was written to reach the other end, and to be received there.
Task<void> for_a_while() {
    for (int i = 0; i < 5; ++i)
        co_await sleep_for(1ms);
}

TEST_P(ReceivingConformance, WhatComesBetweenReadsKeepsItsOrder) {
    run_here([]() -> Task<void> {
        Connected pair = co_await well_read();
        const std::string text = pattern(1500);
        for (std::size_t at = 0; at < text.size(); at += 500) {
            co_await write(pair.client, text.substr(at, 500));
            co_await for_a_while();
        }
        EXPECT_EQ(co_await read_exactly(pair.server, text.size()), text);
        co_await write(pair.client, "more");
        EXPECT_EQ(co_await read_exactly(pair.server, 4), "more");
    });
}

TEST_P(ReceivingConformance, ASlowReaderHoldsUpItsPeerAndNobodyElse) {
    run_here([]() -> Task<void> {
        Connected slow = co_await well_read();
        Connected other = co_await well_read();
        const std::string text = pattern(32 << 20);
        bool is_written = false;
        const auto send = [&]() -> Task<void> {
            const Result<void> written = co_await slow.client.write_all(as_bytes(text));
            is_written = written.has_value();
        };
        const auto look = [&](TaskGroup& group) -> Task<void> {
            group.spawn(send());
            for (int i = 0; i < 50; ++i) {
                co_await sleep_for(1ms);
                co_await write(other.client, "still");
                EXPECT_EQ(co_await read_exactly(other.server, 5), "still");
            }
            EXPECT_FALSE(is_written);
            const std::string got = co_await read_exactly(slow.server, text.size());
            EXPECT_TRUE(got == text);  // without printing megabytes
        };
        co_await with_group(look);
        EXPECT_TRUE(is_written);
    });
}

TEST_P(ReceivingConformance, AReadThatIsGivenUpLosesNothing) {
    run_here([]() -> Task<void> {
        Connected pair = co_await well_read();
        const std::string text = pattern(4000);
        std::string got;
        // Each read has next to no time, and what it is waiting for comes at about that moment.
        const auto receive = [&]() -> Task<void> {
            while (got.size() < text.size()) {
                const Result<std::string> some = co_await timeout(100us, read_some(pair.server));
                if (some) got += *some;
            }
        };
        const auto send = [&]() -> Task<void> {
            for (std::size_t at = 0; at < text.size(); at += 40) {
                co_await sleep_for(100us);
                co_await write(pair.client, text.substr(at, 40));
            }
        };
        std::vector<Task<void>> both;
        both.push_back(receive());
        both.push_back(send());
        co_await gather(std::move(both));
        EXPECT_EQ(got, text);
    });
}

TEST_P(ReceivingConformance, TheEndComesAfterWhatWasSentBeforeIt) {
    run_here([]() -> Task<void> {
        Connected pair = co_await well_read();
        co_await write(pair.client, "one ");
        co_await for_a_while();
        co_await write(pair.client, "two");
        EXPECT_TRUE(pair.client.shut_down_output().has_value());
        co_await for_a_while();
        EXPECT_EQ(co_await read_exactly(pair.server, 7), "one two");
        EXPECT_EQ(co_await read_some(pair.server), "");
        EXPECT_EQ(co_await read_some(pair.server), "");
        co_await write(pair.server, "the other way is open");
        EXPECT_EQ(co_await read_exactly(pair.client, 21), "the other way is open");
    });
}

TEST_P(ReceivingConformance, AResetIsToldAfterWhatCameBeforeIt) {
    if (is_simulated()) GTEST_SKIP() << "the simulator's resets have tests of their own";
    run_here([]() -> Task<void> {
        Connected pair = co_await well_read();
        co_await write(pair.client, "last words");
        co_await for_a_while();
        // Closing with unread bytes resets the connection.
        co_await write(pair.server, "never read");
        co_await for_a_while();
        pair.client.close();
        co_await for_a_while();
        std::string got;
        for (;;) {
            const Result<Lease> lease = co_await pair.server.read();
            if (!lease) {
                EXPECT_EQ(lease.error(), std::errc::connection_reset) << lease.error().message();
                break;
            }
            if (lease->empty()) break;  // the peer's kernel had taken the bytes: no reset then
            got += as_text(lease->bytes());
        }
        EXPECT_TRUE(got == "last words" || got.empty()) << got;
        EXPECT_EQ(co_await read_some(pair.server), "");
    });
}

TEST_P(ReceivingConformance, AStreamMayCloseWithReadsUnderWayAndBytesUnread) {
    run_here([]() -> Task<void> {
        for (const bool has_reader : {true, false}) {
            for (const bool has_bytes : {true, false}) {
                Connected pair = co_await well_read();
                const auto body = [&](TaskGroup& group) -> Task<void> {
                    const auto read = [&]() -> Task<void> {
                        static_cast<void>(co_await pair.server.read());
                    };
                    if (has_reader) group.spawn(read());
                    co_await yield();
                    if (has_bytes) co_await write(pair.client, "unread");
                    group.cancel();
                };
                co_await with_group(body);
                if (has_bytes) co_await for_a_while();
            }
        }
        co_await until_slots(0);
    });
}

TEST_P(ReceivingConformance, IsQuietUntilThePeerSendsOrCloses) {
    run_here([]() -> Task<void> {
        Connected pair = co_await well_read();
        co_await for_a_while();
        co_await expect_quiet_until_noise(pair);
    });
}

// Buffers that wait with some streams must not be missing to others.
TEST_P(ReceivingConformance, ManyStreamsThatNobodyReadsKeepNobodyFromReading) {
    run_here([]() -> Task<void> {
        std::vector<Connected> ignored;
        for (int i = 0; i < 40; ++i)
            ignored.push_back(co_await well_read());
        for (int round = 0; round < 8; ++round) {
            for (Connected& pair : ignored)
                co_await write(pair.client, "for later ");
            co_await sleep_for(1ms);
        }
        Connected pair = co_await well_read();
        co_await write(pair.client, "now");
        EXPECT_EQ(co_await read_exactly(pair.server, 3), "now");
        for (Connected& each : ignored) {
            EXPECT_EQ((co_await read_exactly(each.server, 80)).size(), 80u);
        }
    });
}

}  // namespace
