// SPDX-License-Identifier: MIT
//
// What every backend does with streams that nobody cancels.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"
#include "tests/support/deaf_port.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<TcpStream>);
static_assert(!std::is_aggregate_v<TcpListener>);
static_assert(!std::is_copy_constructible_v<TcpStream>);

class StreamConformance : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Backends, StreamConformance, all_backends(), backend_name);

Task<void> echo(TcpStream stream) {
    for (;;) {
        const Result<Lease> lease = co_await stream.read();
        if (lease.value().empty()) co_return;
        const Result<void> written = co_await stream.write_all(lease->bytes());
        written.value();
    }
}

Task<void> serve_echo(TcpListener& listener, TaskGroup& group, int connections) {
    for (int i = 0; i < connections; ++i) {
        Result<TcpStream> stream = co_await listener.accept();
        group.spawn(echo(std::move(stream).value()));
    }
}

Task<int> echo_once(Endpoint server, int number) {
    Result<TcpStream> stream = co_await TcpStream::connect(server);
    const std::string sent = "hello " + std::to_string(number);
    co_await write(stream.value(), sent);
    const std::string got = co_await read_exactly(*stream, sent.size());
    EXPECT_EQ(got, sent);
    co_return got == sent ? 1 : 0;
}

TEST_P(StreamConformance, EchoesWhatItGets) {
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve_echo(listener, group, 1));
            static_cast<void>(co_await echo_once(listener.local_endpoint(), 1));
        });
    });
}

TEST_P(StreamConformance, TellsWhoIsAtTheOtherEnd) {
    run_here([]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
        Result<TcpStream> near = co_await TcpStream::connect(listener.local_endpoint());
        Result<TcpStream> far = co_await listener.accept();
        EXPECT_EQ(near->peer_endpoint().value(), listener.local_endpoint());
        EXPECT_NE(far->peer_endpoint().value().port(), listener.local_endpoint().port());
    });
}

TEST_P(StreamConformance, APortIsSharedAmongThoseWhoAllShareIt) {
    if (GetParam() == BackendKind::simulated) return;  // one loop has nobody to share with
    run_here([]() -> Task<void> {
        Result<TcpListener> first = TcpListener::bind_shared(Endpoint::loopback(0));
        Result<TcpListener> second = TcpListener::bind_shared(first->local_endpoint());
        EXPECT_TRUE(second.has_value());
        Result<TcpListener> third = TcpListener::bind(first->local_endpoint());
        EXPECT_EQ(third.error(), std::errc::address_in_use);
        co_return;
    });
}

TEST_P(StreamConformance, ServesFiveHundredConnectionsAtOnce) {
    constexpr int kConnections = 500;
    run_here([&]() -> Task<void> {
        TcpListener listener = listen_here();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve_echo(listener, group, kConnections));
            std::vector<Task<int>> clients;
            for (int i = 0; i < kConnections; ++i) {
                clients.push_back(echo_once(listener.local_endpoint(), i));
            }
            int good = 0;
            for (const int each : co_await gather(std::move(clients)))
                good += each;
            EXPECT_EQ(good, kConnections);
        });
    });
}

TEST_P(StreamConformance, CarriesMegabytesBothWaysAtOnce) {
    const std::string there = pattern(4 << 20);
    const std::string back = pattern(3 << 20);
    const auto send = [](TcpStream& stream, const std::string& text) -> Task<void> {
        const Result<void> written = co_await stream.write_all(as_bytes(text));
        written.value();
    };
    const auto expect = [](TcpStream& stream, const std::string& text) -> Task<void> {
        const std::string got = co_await read_exactly(stream, text.size());
        EXPECT_TRUE(got == text);  // without printing megabytes
    };
    run_here([&]() -> Task<void> {
        Connected pair = co_await connected();
        std::vector<Task<void>> tasks;
        tasks.push_back(send(pair.client, there));
        tasks.push_back(send(pair.server, back));
        tasks.push_back(expect(pair.client, back));
        tasks.push_back(expect(pair.server, there));
        co_await gather(std::move(tasks));
    });
}

TEST_P(StreamConformance, AWriterWaitsForItsReader) {
    const std::string text = pattern(32 << 20);
    run_here([&]() -> Task<void> {
        Connected pair = co_await connected();
        bool is_written = false;
        Unit writer([](TcpStream& stream, const std::string& all, bool& done) -> Task<void> {
            const Result<void> written = co_await stream.write_all(as_bytes(all));
            written.value();
            done = true;
        }(pair.client, text, is_written));
        co_await sleep_for(5ms);
        EXPECT_FALSE(is_written);
        const std::string got = co_await read_exactly(pair.server, text.size());
        EXPECT_TRUE(got == text);
        co_await writer.join();
        EXPECT_TRUE(is_written);
    });
}

TEST_P(StreamConformance, GivesAllBytesThenTheEndAgainAndAgain) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        co_await write(pair.client, "last words");
        pair.client.close();
        EXPECT_FALSE(pair.client.is_open());
        EXPECT_EQ(co_await read_to_end(pair.server), "last words");
        EXPECT_EQ(co_await read_some(pair.server), "");
    });
}

TEST_P(StreamConformance, GivesWhatWasSentBeforeThePeerClosed) {
    const std::string text = pattern(20'000);  // several buffers
    run_here([&]() -> Task<void> {
        Connected pair = co_await connected();
        co_await write(pair.client, text);
        pair.client.close();
        co_await sleep_for(2ms);  // data and end are there before anybody reads
        EXPECT_EQ(co_await read_to_end(pair.server), text);
    });
}

TEST_P(StreamConformance, AReaderThatWaitsSeesThePeerClose) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        Unit reader([](TcpStream& stream) -> Task<void> {
            EXPECT_EQ(co_await read_some(stream), "");
        }(pair.server));
        co_await sleep_for(1ms);
        EXPECT_FALSE(reader.has_ended());
        pair.client.close();
        co_await reader.join();
    });
}

TEST_P(StreamConformance, WritingToAPeerThatIsGoneFails) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        pair.server.close();
        Result<void> written = co_await pair.client.write_all(as_bytes("x"));
        for (int i = 0; i < 100 && written; ++i) {
            co_await sleep_for(1ms);
            written = co_await pair.client.write_all(as_bytes("x"));
        }
        EXPECT_FALSE(written.has_value());
        const Result<void> again = co_await pair.client.write_all(as_bytes("x"));
        EXPECT_TRUE(!again && again.error() == Errc::stream_poisoned);
    });
}

TEST_P(StreamConformance, WritesOfNothingSucceedAtOnce) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        const Result<void> written = co_await pair.client.write_all(Bytes());
        EXPECT_TRUE(written.has_value());
    });
}

TEST_P(StreamConformance, ConnectingToNobodyIsRefused) {
    run_here([]() -> Task<void> {
        const DeafPort port;
        const Endpoint nobody = Endpoint::loopback(port.number());
        const Result<TcpStream> stream = co_await TcpStream::connect(nobody);
        EXPECT_FALSE(stream.has_value());
        if (stream) co_return;
        EXPECT_TRUE(stream.error() == std::errc::connection_refused) << stream.error().message();
        EXPECT_NE(stream.error().message().find(nobody.to_string()), std::string::npos);
    });
}

TEST_P(StreamConformance, BindingAPortTwiceIsAnErrorThatNamesIt) {
    run_here([]() -> Task<void> {
        const TcpListener listener = listen_here();
        const Endpoint taken = listener.local_endpoint();
        EXPECT_NE(taken.port(), 0);
        const Result<TcpListener> second = TcpListener::bind(taken);
        EXPECT_FALSE(second.has_value());
        if (second) co_return;
        EXPECT_TRUE(second.error() == std::errc::address_in_use);
        EXPECT_NE(second.error().message().find(taken.to_string()), std::string::npos);
    });
}

TEST_P(StreamConformance, IsQuietUntilThePeerSendsOrCloses) {
    run_here([]() -> Task<void> {
        Connected pair = co_await connected();
        co_await expect_quiet_until_noise(pair);
    });
}

// The kernel stops a read at urgent data, which no program of this age wants, but any may send.
TEST_P(StreamConformance, AReadGoesOnBehindUrgentData) {
    if (is_simulated()) GTEST_SKIP() << "a simulated world has no urgent data";
    run_here([]() -> Task<void> {
        TcpListener listener = listen_here();
        const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const Endpoint where = listener.local_endpoint();
        const Bytes to = where.sockaddr_bytes();
        EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(to.data()),
                            static_cast<socklen_t>(to.size())),
                  0);
        TcpStream stream = (co_await listener.accept()).value();
        EXPECT_EQ(::send(peer, "before", 6, 0), 6);
        EXPECT_EQ(::send(peer, "!", 1, MSG_OOB), 1);
        EXPECT_EQ(::send(peer, "behind", 6, 0), 6);
        const Result<std::string> text = co_await timeout(5s, read_exactly(stream, 12));
        EXPECT_TRUE(text && *text == "beforebehind");
        ::close(peer);
    });
}

}  // namespace
