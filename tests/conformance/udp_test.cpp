// SPDX-License-Identifier: MIT
//
// Datagrams on every backend.
#include <gtest/gtest.h>
#include <weir/runtime/udp.h>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<UdpSocket>);
static_assert(!std::is_copy_constructible_v<UdpSocket>);

class UdpConformance : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Backends, UdpConformance, all_backends(), backend_name);

UdpSocket udp_here() {
    return UdpSocket::bind(Endpoint::loopback(0)).value();
}

Task<void> send(UdpSocket& socket, const UdpSocket& to, std::string text) {
    const Result<void> sent = co_await socket.send_to(as_bytes(text), to.local_endpoint());
    sent.value();
}

Task<std::string> receive(UdpSocket& socket) {
    const Result<Datagram> datagram = co_await socket.receive_from();
    co_return std::string(as_text(datagram.value().bytes()));
}

TEST_P(UdpConformance, ADatagramArrivesWholeAndNamesItsSender) {
    run_here([]() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        co_await send(here, there, "hello");
        const Result<Datagram> datagram = co_await there.receive_from();
        EXPECT_EQ(as_text(datagram.value().bytes()), "hello");
        EXPECT_EQ(datagram->from(), here.local_endpoint());
        EXPECT_FALSE(datagram->was_cut());
    });
}

TEST_P(UdpConformance, ManyComeInOrderAndEachAsItWasSent) {
    run_here([]() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        for (int i = 0; i < 50; ++i)
            co_await send(here, there, pattern(static_cast<std::size_t>(i)));
        for (int i = 0; i < 50; ++i) {  // the first one is empty, and counts as well
            const std::string got = co_await receive(there);
            EXPECT_EQ(got, pattern(static_cast<std::size_t>(i)));
        }
    });
}

TEST_P(UdpConformance, AReceiverThatWaitsIsWoken) {
    run_here([]() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        std::string got;
        Unit receiver([](UdpSocket& socket, std::string& text) -> Task<void> {
            text = co_await receive(socket);
            text += co_await receive(socket);
        }(there, got));
        co_await sleep_for(1ms);
        co_await send(here, there, "one ");
        co_await sleep_for(1ms);
        co_await send(here, there, "two");
        co_await receiver.join();
        EXPECT_EQ(got, "one two");
    });
}

TEST_P(UdpConformance, ADatagramLargerThanABufferIsCutAndSaysSo) {
    const auto body = []() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        co_await send(here, there, pattern(2000));
        co_await send(here, there, "short");
        {
            const Result<Datagram> datagram = co_await there.receive_from();
            EXPECT_EQ(as_text(datagram.value().bytes()), pattern(1024));
            EXPECT_TRUE(datagram->was_cut());
        }
        const Result<Datagram> next = co_await there.receive_from();
        EXPECT_EQ(as_text(next.value().bytes()), "short");
        EXPECT_FALSE(next->was_cut());
    };
    run_here(body, options().receive_buffers(8, 1024));
}

TEST_P(UdpConformance, LeasesOnAllBuffersDoNotStopIt) {
    const auto body = []() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        std::vector<Datagram> held;
        for (int i = 0; i < 10; ++i) {
            co_await send(here, there, std::to_string(i));
            Result<Datagram> datagram = co_await there.receive_from();
            EXPECT_EQ(as_text(datagram.value().bytes()), std::to_string(i));
            EXPECT_EQ(datagram->from(), here.local_endpoint());
            held.push_back(std::move(*datagram));
        }
    };
    run_here(body, options().receive_buffers(4, 1024));
}

TEST_P(UdpConformance, ACancelledReceiveLeavesASocketThatWorks) {
    run_here([]() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        Unit receiver([](UdpSocket& socket) -> Task<void> {
            static_cast<void>(co_await receive(socket));
        }(there));
        co_await sleep_for(1ms);
        receiver.cancel();
        co_await receiver.join();
        EXPECT_TRUE(receiver.was_unwound());
        co_await send(here, there, "after");
        const std::string got = co_await receive(there);
        EXPECT_EQ(got, "after");
    });
}

TEST_P(UdpConformance, WhatCameForACancelledReceiverIsKeptForTheNext) {
    run_here([]() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        int unwound = 0;
        for (int round = 0; round < 20; ++round) {
            co_await send(here, there, "kept " + std::to_string(round));
            co_await sleep_for(1ms);
            std::string got;
            Unit receiver([](UdpSocket& socket, std::string& text) -> Task<void> {
                text = co_await receive(socket);
            }(there, got));
            co_await yield_times(1 + round % 4);
            receiver.cancel();
            co_await receiver.join();
            unwound += receiver.was_unwound() ? 1 : 0;
            if (receiver.was_unwound()) got = co_await receive(there);
            EXPECT_EQ(got, "kept " + std::to_string(round));
        }
        EXPECT_GT(unwound, 0);
    });
}

TEST_P(UdpConformance, AKeptDatagramGoesWithTheSocket) {
    run_here([]() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        // The socket is known to be readable then, and the receive below done at once.
        co_await send(here, there, "first");
        static_cast<void>(co_await receive(there));
        co_await send(here, there, "lost");
        co_await sleep_for(1ms);
        Unit receiver([](UdpSocket& socket) -> Task<void> {
            static_cast<void>(co_await receive(socket));
        }(there));
        co_await yield();
        receiver.cancel();
        co_await receiver.join();
        EXPECT_TRUE(receiver.was_unwound());
        there.close();
        EXPECT_FALSE(there.is_open());
        co_await until_slots(1);
    });
}

TEST_P(UdpConformance, ClosingASocketEndsItsReceiver) {
    run_here([]() -> Task<void> {
        UdpSocket socket = udp_here();
        bool failed = false;
        Unit receiver([](UdpSocket& own, bool& has_failed) -> Task<void> {
            const Result<Datagram> datagram = co_await own.receive_from();
            has_failed = !datagram;
        }(socket, failed));
        co_await sleep_for(1ms);
        socket.close();
        co_await receiver.join();
        EXPECT_TRUE(failed);
        co_await until_slots(0);
    });
}

TEST_P(UdpConformance, ADatagramThatIsTooLargeIsAnErrorThatNamesBoth) {
    run_here([]() -> Task<void> {
        UdpSocket here = udp_here();
        UdpSocket there = udp_here();
        const std::string text = pattern(70'000);
        const Result<void> sent = co_await here.send_to(as_bytes(text), there.local_endpoint());
        EXPECT_FALSE(sent);
        if (!sent) {
            EXPECT_EQ(sent.error(), std::errc::message_size);
            EXPECT_NE(sent.error().message().find("70000"), std::string::npos);
        }
    });
}

TEST_P(UdpConformance, TwoSocketsCannotHaveOnePort) {
    run_here([]() -> Task<void> {
        UdpSocket socket = udp_here();
        const Result<UdpSocket> second = UdpSocket::bind(socket.local_endpoint());
        EXPECT_FALSE(second);
        if (!second) {
            EXPECT_EQ(second.error(), std::errc::address_in_use);
        }
        co_return;
    });
}

}  // namespace
