// SPDX-License-Identifier: MIT
//
// Each fault of a simulated world: that it happens, and that it looks as it would with a kernel.
#include <weir/runtime/simulation.h>

#include <gtest/gtest.h>
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>
#include <weir/runtime/udp.h>
#include <weir/runtime/unix_socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/world.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

Task<Result<void>> send(TcpStream& stream, std::string text) {
    co_return co_await stream.write_all(as_bytes(text));
}

// --- streams -------------------------------------------------------------------------------------

TEST(SimulatedFaults, ShortReceivesGiveAPartAndLoseNothing) {
    const auto world = Simulation().faults(Faults().short_receives(1));
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        const std::string text = pattern(3000);
        co_await write(client, text);
        const std::string first = co_await read_some(server);
        EXPECT_LT(first.size(), text.size());
        EXPECT_EQ(first + co_await read_exactly(server, text.size() - first.size()), text);
    });
}

TEST(SimulatedFaults, SplitSegmentsArriveInPartsAndInOrder) {
    const auto world = Simulation().faults(Faults().split_segments(0.9));
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        const std::string text = pattern(3000);
        co_await write(client, text);
        const std::string first = co_await read_some(server);
        EXPECT_LT(first.size(), text.size());
        EXPECT_EQ(first + co_await read_exactly(server, text.size() - first.size()), text);
    });
}

TEST(SimulatedFaults, SlowSegmentsHoldUpThoseBehindThem) {
    const auto world = Simulation().faults(Faults().slow_segments(0.5, 10s));
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        std::string text;
        for (int i = 0; i < 20; ++i) {
            co_await write(client, std::to_string(i));
            text += std::to_string(i);
        }
        EXPECT_LT(since_start(), 1s);  // to write is not to wait
        EXPECT_EQ(co_await read_exactly(server, text.size()), text);
        EXPECT_GT(since_start(), 2s);
    });
}

TEST(SimulatedFaults, AResetIsToldOnceAtBothEnds) {
    const auto world = Simulation().faults(Faults().resets(1));
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        const Result<void> sent = co_await send(client, "lost");
        EXPECT_TRUE(sent.has_value());  // the kernel had taken it
        const Result<Lease> there = co_await server.read();
        EXPECT_TRUE(!there && there.error() == std::errc::connection_reset);
        const Result<Lease> here = co_await client.read();
        EXPECT_TRUE(!here && here.error() == std::errc::connection_reset);
        EXPECT_EQ(co_await read_some(client), "");
        const Result<void> again = co_await send(client, "x");
        EXPECT_TRUE(!again && again.error() == std::errc::broken_pipe);
    });
}

TEST(SimulatedFaults, AHalfClosedStreamGoesOnInTheOtherDirection) {
    const auto world = Simulation().faults(Faults().half_closes(1));
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        co_await write(client, "the last");
        co_await write(client, "and vanished");
        EXPECT_EQ(co_await read_to_end(server), "the last");
        co_await write(server, "still here");
        EXPECT_EQ(co_await read_some(client), "still here");
    });
}

TEST(SimulatedFaults, ARefusedConnectIsRefusedAlthoughSomebodyListens) {
    in_world(Simulation().faults(Faults().refusals(1)), []() -> Task<void> {
        TcpListener listener = listen_here();
        const auto stream = co_await TcpStream::connect(listener.local_endpoint());
        EXPECT_TRUE(!stream && stream.error() == std::errc::connection_refused);
        EXPECT_GE(since_start(), 100us);  // a round trip
    });
}

TEST(SimulatedFaults, AnUnreachableHostIsReportedAsSuch) {
    in_world(Simulation().faults(Faults().unreachable_hosts(1)), []() -> Task<void> {
        TcpListener listener = listen_here();
        const auto stream = co_await TcpStream::connect(listener.local_endpoint());
        EXPECT_TRUE(!stream && stream.error() == std::errc::host_unreachable);
    });
}

TEST(SimulatedFaults, WithoutADescriptorNothingIsOpened) {
    in_world(Simulation().faults(Faults().out_of_descriptors(1)), []() -> Task<void> {
        const auto stream = co_await TcpStream::connect(Endpoint::loopback(80));
        EXPECT_TRUE(!stream && stream.error() == std::errc::too_many_files_open);
        const auto socket = UdpSocket::bind(Endpoint::loopback(0));
        EXPECT_TRUE(!socket && socket.error() == std::errc::too_many_files_open);
        const auto listener = TcpListener::bind(Endpoint::loopback(80));
        EXPECT_TRUE(!listener && listener.error() == std::errc::too_many_files_open);
        const std::string message = listener ? "" : listener.error().message();
        EXPECT_NE(message.find("listening on 127.0.0.1:80"), std::string::npos) << message;
    });
}

// Also: a bind that fails for want of a descriptor takes no port.
TEST(SimulatedFaults, AnAddressIsInUseOnlyWhereItIs) {
    const auto insist = [](Endpoint where) {
        for (;;) {
            auto listener = TcpListener::bind(where);
            if (listener || listener.error() != std::errc::too_many_files_open) return listener;
        }
    };
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto world = Simulation().seed(seed).faults(Faults::heavy().out_of_descriptors(0.5));
        in_world(world, [&]() -> Task<void> {
            {
                const auto first = insist(Endpoint::loopback(80));
                EXPECT_TRUE(first.has_value());
                const auto second = insist(Endpoint::loopback(80));
                EXPECT_TRUE(!second && second.error() == std::errc::address_in_use);
            }
            const auto third = insist(Endpoint::loopback(80));
            EXPECT_TRUE(third.has_value());
            co_return;
        });
    }
}

TEST(SimulatedFaults, AUnixSocketMayBeRefusedAndIsNeverUnreachable) {
    const UnixAddress here = UnixAddress::abstract("here").value();
    const auto connect = [&](const Faults& faults, bool expects_refusal) {
        in_world(Simulation().faults(faults), [&]() -> Task<void> {
            const auto listener = UnixListener::bind(here);
            EXPECT_TRUE(listener.has_value());
            const auto stream = co_await UnixStream::connect(here);
            EXPECT_EQ(stream.has_value(), !expects_refusal);
            EXPECT_TRUE(stream || stream.error() == std::errc::connection_refused);
        });
    };
    connect(Faults().refusals(1), true);
    connect(Faults().unreachable_hosts(1), false);
}

TEST(SimulatedFaults, AConnectionThatNoDescriptorWasLeftForWaitsOn) {
    int failures = 0;
    const auto patient = [&]() -> Task<void> {
        auto bound = TcpListener::bind(Endpoint::loopback(0));
        while (!bound)
            bound = TcpListener::bind(Endpoint::loopback(0));
        TcpListener listener = *std::move(bound);
        auto client = co_await TcpStream::connect(listener.local_endpoint());
        while (!client) {
            auto again = co_await TcpStream::connect(listener.local_endpoint());
            client = std::move(again);
        }
        co_await write(*client, "patience");
        for (;;) {
            auto server = co_await listener.accept();
            if (server) {
                EXPECT_EQ(co_await read_some(*server), "patience");
                co_return;
            }
            EXPECT_TRUE(server.error() == std::errc::too_many_files_open);
            ++failures;
        }
    };
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        in_world(Simulation().seed(seed).faults(Faults().out_of_descriptors(0.5)), patient);
    EXPECT_GT(failures, 0);
}

TEST(SimulatedFaults, WithoutABufferTheBytesStay) {
    const auto world = Simulation().faults(Faults().out_of_buffers(0.7));
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        co_await write(client, "later");
        int failures = 0;
        for (;;) {
            const Result<Lease> lease = co_await server.read();
            if (lease) {
                EXPECT_EQ(as_text(lease->bytes()), "later");
                break;
            }
            EXPECT_TRUE(lease.error() == Errc::limit_reached);
            ++failures;
        }
        EXPECT_GT(failures, 0);
    });
}

TEST(SimulatedFaults, WhatCompletesLateIsNotLostByCancelling) {
    const auto world = Simulation().faults(Faults().delayed_completions(1, 1s));
    between_two(world, [](TcpStream& client, TcpStream& server) -> Task<void> {
        EXPECT_GT(since_start(), 10ms);
        co_await write(client, "kept");
        co_await sleep_for(1ms);
        std::string got;
        Unit reader([](TcpStream& stream, std::string& text) -> Task<void> {
            text = co_await read_some(stream);
        }(server, got));
        co_await yield();
        reader.cancel();
        co_await reader.join();
        EXPECT_TRUE(reader.was_unwound());
        EXPECT_EQ(co_await read_some(server), "kept");
    });
}

TEST(SimulatedFaults, AClockJumpFiresTimersLateNeverEarlyAndInOrder) {
    const auto world = Simulation().faults(Faults().clock_jumps(0.3, 20s));
    in_world(world, []() -> Task<void> {
        std::vector<int> order;
        Duration latest{};
        const auto sleeper = [&](int number) -> Task<void> {
            const Instant due = Reactor::current().now() + number * 500ms;
            co_await sleep_until(due);
            EXPECT_GE(Reactor::current().now(), due);
            latest = std::max(latest, Reactor::current().now() - due);
            order.push_back(number);
        };
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 50; ++i)
                group.spawn(sleeper((i * 7) % 50));
            co_return;
        });
        EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
        EXPECT_EQ(order.size(), 50u);
        EXPECT_GT(latest, 1s);
    });
}

// With a second at most for each, it is next to impossible that one is drawn that takes no time.
TEST(SimulatedFaults, EachKindOfOperationMayCompleteLate) {
    const auto world = Simulation().latency(0ns).faults(Faults().delayed_completions(1, 1s));
    in_world(world, []() -> Task<void> {
        Instant last = Reactor::current().now();
        const auto expect_late = [&last](const char* what) {
            EXPECT_GT(Reactor::current().now(), last) << what;
            last = Reactor::current().now();
        };
        TcpListener listener = listen_here();
        auto client = co_await TcpStream::connect(listener.local_endpoint());
        expect_late("connect");
        auto server = co_await listener.accept();
        expect_late("accept");
        co_await write(*client, "x");
        expect_late("send");
        const std::string text = co_await read_some(*server);
        EXPECT_EQ(text, "x");
        expect_late("receive");
        UdpSocket socket = UdpSocket::bind(Endpoint::loopback(0)).value();
        const auto sent = co_await socket.send_to(as_bytes("z"), socket.local_endpoint());
        EXPECT_TRUE(sent.has_value());
        expect_late("send_to");
        const auto got = co_await socket.receive_from();
        EXPECT_TRUE(got.has_value());
        expect_late("receive_from");
    });
}

// --- datagrams -----------------------------------------------------------------------------------

// Sends 200 numbers and gives those that came, in the order in which they did.
std::vector<int> numbers_that_come(const Faults& faults) {
    std::vector<int> got;
    in_world(Simulation().faults(faults), [&]() -> Task<void> {
        UdpSocket from = UdpSocket::bind(Endpoint::loopback(0)).value();
        UdpSocket to = UdpSocket::bind(Endpoint::loopback(0)).value();
        Unit receiver([](UdpSocket& socket, std::vector<int>& numbers) -> Task<void> {
            for (;;) {
                auto datagram = co_await socket.receive_from();
                numbers.push_back(std::atoi(std::string(as_text(datagram->bytes())).c_str()));
            }
        }(to, got));
        for (int i = 0; i < 200; ++i) {
            const std::string text = std::to_string(i);
            const auto sent = co_await from.send_to(as_bytes(text), to.local_endpoint());
            EXPECT_TRUE(sent.has_value());
        }
        co_await sleep_for(10s);
        receiver.cancel();
        co_await receiver.join();
    });
    return got;
}

TEST(SimulatedFaults, DatagramsAllComeInOrderWithoutFaults) {
    const std::vector<int> got = numbers_that_come(Faults::none());
    EXPECT_EQ(got.size(), 200u);
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
}

TEST(SimulatedFaults, LostDatagramsNeverComeAndTheSenderIsNotTold) {
    const std::vector<int> got = numbers_that_come(Faults().lost_datagrams(0.5));
    EXPECT_GT(got.size(), 50u);
    EXPECT_LT(got.size(), 150u);
}

TEST(SimulatedFaults, DoubledDatagramsComeTwice) {
    EXPECT_EQ(numbers_that_come(Faults().doubled_datagrams(1)).size(), 400u);
}

TEST(SimulatedFaults, ReorderedDatagramsAreOvertaken) {
    std::vector<int> got = numbers_that_come(Faults().reordered_datagrams(0.5, 1s));
    EXPECT_EQ(got.size(), 200u);
    EXPECT_FALSE(std::is_sorted(got.begin(), got.end()));
}

TEST(SimulatedFaults, WithoutABufferADatagramStays) {
    in_world(Simulation().faults(Faults().out_of_buffers(0.7)), []() -> Task<void> {
        UdpSocket socket = UdpSocket::bind(Endpoint::loopback(0)).value();
        const auto sent = co_await socket.send_to(as_bytes("later"), socket.local_endpoint());
        EXPECT_TRUE(sent.has_value());
        int failures = 0;
        for (;; ++failures) {
            const auto got = co_await socket.receive_from();
            if (got) {
                EXPECT_EQ(as_text(got->bytes()), "later");
                break;
            }
            EXPECT_TRUE(got.error() == Errc::limit_reached);
        }
        EXPECT_GT(failures, 0);
    });
}

TEST(SimulatedFaults, ADatagramToAnUnreachableHostIsNotSent) {
    in_world(Simulation().faults(Faults().unreachable_hosts(1)), []() -> Task<void> {
        UdpSocket socket = UdpSocket::bind(Endpoint::loopback(0)).value();
        const auto sent = co_await socket.send_to(as_bytes("x"), socket.local_endpoint());
        EXPECT_TRUE(!sent && sent.error() == std::errc::host_unreachable);
        const auto receive = [&]() -> Task<Result<void>> {
            const auto got = co_await socket.receive_from();
            co_return Result<void>();
        };
        const Result<void> late = co_await timeout(1h, receive());
        EXPECT_TRUE(!late && late.error() == Errc::timed_out);
    });
}

TEST(SimulatedFaults, AConnectThatFailsAtOnceStarvesNobody) {
    in_world(Simulation().faults(Faults().out_of_descriptors(1)), []() -> Task<void> {
        const auto insist = []() -> Task<void> {
            for (;;) {
                auto client = co_await TcpStream::connect(Endpoint::loopback(1));
                if (client) co_return;
            }
        };
        const Result<void> late = co_await timeout(1ms, insist());
        EXPECT_TRUE(!late && late.error() == Errc::timed_out);
    });
}

}  // namespace
