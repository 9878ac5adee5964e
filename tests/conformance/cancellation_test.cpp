// SPDX-License-Identifier: MIT
//
// What every backend does with operations that are cancelled, at all kinds of moments.
#include <gtest/gtest.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/tcp.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class CancelConformance : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Backends, CancelConformance, all_backends(), backend_name);

Task<void> read_into(TcpStream& stream, std::string& text, bool& has_ended) {
    for (;;) {
        const std::string more = co_await read_some(stream);
        if (more.empty()) break;
        text += more;
    }
    has_ended = true;
}

TEST_P(CancelConformance, ACancelledReadLosesNoByte) {
    const std::string text = pattern(30'000);
    const auto send_in_pieces = [](TcpStream& stream, const std::string& all) -> Task<void> {
        Random random(7);
        for (std::size_t at = 0; at < all.size();) {
            const std::size_t size = 1 + random.below(100);
            co_await write(stream, all.substr(at, size));
            at += size;
            co_await yield_times(static_cast<int>(random.below(4)));
            if (random.below(8) == 0) co_await sleep_for(1ms);
        }
        stream.close();
    };
    run_here([&]() -> Task<void> {
        Connected pair = co_await connected();
        Unit writer(send_in_pieces(pair.client, text));
        Random random(11);
        std::string got;
        bool has_ended = false;
        int cancelled = 0;
        while (!has_ended) {
            Unit reader(read_into(pair.server, got, has_ended));
            // In the simulator bytes are under way for a time that yields do not pass.
            if (random.below(4) == 0) co_await sleep_for(1ms);
            co_await yield_times(static_cast<int>(random.below(6)));
            reader.cancel();
            while (!reader.has_ended())
                co_await yield();
            cancelled += reader.was_unwound() ? 1 : 0;
        }
        co_await writer.join();
        EXPECT_TRUE(got == text);
        EXPECT_GT(cancelled, 10);
    });
}

TEST_P(CancelConformance, AReadThatSucceedsAfterAllKeepsItsBytes) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        co_await write(pair.client, "hello");
        co_await sleep_for(1ms);
        std::string got;
        bool has_ended = false;
        Unit reader(read_into(pair.server, got, has_ended));
        co_await yield();
        reader.cancel();
        co_await reader.join();
        EXPECT_TRUE(reader.was_unwound());
        EXPECT_EQ(got + co_await read_some(pair.server), "hello");
    });
}

TEST_P(CancelConformance, AnEndThatACancelledReadSawIsNotLost) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        pair.client.close();
        co_await sleep_for(1ms);
        Unit reader([](TcpStream& stream) -> Task<void> {
            static_cast<void>(co_await read_some(stream));
        }(pair.server));
        co_await yield();
        reader.cancel();
        co_await reader.join();
        EXPECT_EQ(co_await read_some(pair.server), "");
    });
}

TEST_P(CancelConformance, ACancelledAcceptClosesWhatItGot) {
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        Result<TcpStream> client = co_await TcpStream::connect(listener.local_endpoint());
        Unit acceptor([](TcpListener& here) -> Task<void> {
            static_cast<void>(co_await here.accept());
        }(listener));
        co_await yield();  // the operation was begun, and may be complete
        acceptor.cancel();
        co_await acceptor.join();
        EXPECT_TRUE(acceptor.was_unwound());
        co_await until_slots(2);  // the listener and the client
        // Taken and closed; or not taken, and closed with the listener.
        std::optional<TcpListener> last(std::move(listener));
        last.reset();
        const Result<Lease> lease = co_await client->read();
        EXPECT_TRUE(!lease || lease->empty());
    });
}

TEST_P(CancelConformance, CancelledAcceptsLeaveAListenerThatWorks) {
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        Random random(3);
        for (int round = 0; round < 50; ++round) {
            Unit acceptor([](TcpListener& here) -> Task<void> {
                static_cast<void>(co_await here.accept());
            }(listener));
            std::optional<Unit> connector;
            if (random.below(2) == 0) {
                connector.emplace([](Endpoint server) -> Task<void> {
                    static_cast<void>(co_await TcpStream::connect(server));
                }(listener.local_endpoint()));
            }
            co_await yield_times(static_cast<int>(random.below(5)));
            acceptor.cancel();
            co_await acceptor.join();
            if (connector) co_await connector->join();
        }
        co_await until_slots(1);
        Unit server([](TcpListener& here) -> Task<void> {
            for (;;) {  // those that were refused to nobody come first
                Result<TcpStream> stream = co_await here.accept();
                if (co_await read_some(stream.value()) == "at last") break;
            }
        }(listener));
        Result<TcpStream> client = co_await TcpStream::connect(listener.local_endpoint());
        co_await write(client.value(), "at last");
        co_await server.join();
    });
}

TEST_P(CancelConformance, ACancelledConnectLeavesNothing) {
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        for (int turns = 0; turns < 6; ++turns) {
            Unit connector([](Endpoint server) -> Task<void> {
                static_cast<void>(co_await TcpStream::connect(server));
            }(listener.local_endpoint()));
            co_await yield_times(turns);
            connector.cancel();
            co_await connector.join();
            co_await until_slots(1);
        }
    });
}

TEST_P(CancelConformance, AWriteThatWasCancelledHalfWayPoisonsItsStream) {
    const std::string text = pattern(32 << 20);
    run_here([&]() -> Task<void> {
        Connected pair = co_await connected();
        Unit writer([](TcpStream& stream, const std::string& all) -> Task<void> {
            static_cast<void>(co_await stream.write_all(as_bytes(all)));
        }(pair.client, text));
        co_await sleep_for(2ms);
        writer.cancel();
        co_await writer.join();
        EXPECT_TRUE(writer.was_unwound());
        const Result<void> next = co_await pair.client.write_all(as_bytes("x"));
        EXPECT_TRUE(!next && next.error() == Errc::stream_poisoned);
        // Reading goes on, and the peer sees a true beginning and then the end.
        co_await write(pair.server, "still here");
        EXPECT_EQ(co_await read_some(pair.client), "still here");
        pair.client.close();
        const std::string got = co_await read_to_end(pair.server);
        EXPECT_LT(got.size(), text.size());
        EXPECT_TRUE(text.starts_with(got));
    });
}

TEST_P(CancelConformance, AReaderThatOwnsItsStreamTakesItAlong) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        co_await until_slots(2);
        Unit reader([](TcpStream stream) -> Task<void> {
            static_cast<void>(co_await stream.read());
        }(std::move(pair.server)));
        co_await sleep_for(1ms);
        reader.cancel();
        co_await reader.join();
        EXPECT_TRUE(reader.was_unwound());
        co_await until_slots(1);
        EXPECT_EQ(co_await read_some(pair.client), "");
    });
}

TEST_P(CancelConformance, ClosingAStreamEndsItsReaderAndItsWriter) {
    const std::string text = pattern(32 << 20);
    run_here([&]() -> Task<void> {
        Connected pair = co_await connected();
        int failed = 0;
        Unit reader([](TcpStream& stream, int& failures) -> Task<void> {
            const Result<Lease> lease = co_await stream.read();
            failures += lease ? 0 : 1;
        }(pair.client, failed));
        Unit writer([](TcpStream& stream, const std::string& all, int& failures) -> Task<void> {
            const Result<void> written = co_await stream.write_all(as_bytes(all));
            failures += written ? 0 : 1;
        }(pair.client, text, failed));
        co_await sleep_for(2ms);
        pair.client.close();
        co_await reader.join();
        co_await writer.join();
        EXPECT_EQ(failed, 2);
        co_await until_slots(1);
    });
}

TEST_P(CancelConformance, ClosingAListenerEndsItsAccept) {
    run_here([]() -> Task<void> {
        std::optional<TcpListener> listener = listen_here();
        bool has_failed = false;
        Unit acceptor([](TcpListener& here, bool& failed) -> Task<void> {
            const Result<TcpStream> stream = co_await here.accept();
            failed = !stream.has_value();
        }(*listener, has_failed));
        co_await sleep_for(1ms);
        listener.reset();
        co_await acceptor.join();
        EXPECT_TRUE(has_failed);
        co_await until_slots(0);
    });
}

TEST_P(CancelConformance, AStreamMayDieInTheTurnInWhichItsOperationsComplete) {
    run_here([]() -> Task<void> {
        for (int turns = 0; turns < 8; ++turns) {
            Connected pair = co_await connected();
            co_await write(pair.client, "bytes that nobody takes");
            Unit reader([](TcpStream stream) -> Task<void> {
                static_cast<void>(co_await stream.read());
                co_await sleep_for(1ms);
            }(std::move(pair.server)));
            co_await yield_times(turns);
            reader.cancel();
            pair.client.close();
            co_await reader.join();
            co_await until_slots(0);
        }
    });
}

}  // namespace
