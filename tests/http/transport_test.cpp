// SPDX-License-Identifier: MIT
#include "http/transport.h"

#include <gtest/gtest.h>
#include <weir/http/wire/error.h>

#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include <chrono>
#include <functional>
#include <string>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

enum class Wire { plain, tls };

Task<Transport> server_end(Wire wire, TcpListener& listener) {
    static const TlsContext served = server_context({"localhost"});
    Result<TcpStream> stream = co_await listener.accept();
    Transport transport(std::move(stream).value());
    if (wire == Wire::plain) co_return transport;
    Result<TlsEngine> engine = TlsEngine::server(served);
    Result<void> secured = co_await transport.begin_tls(std::move(engine).value());
    secured.value();
    co_return transport;
}

Task<Transport> client_end(Wire wire) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    Transport transport(std::move(stream).value());
    if (wire == Wire::plain) co_return transport;
    Result<TlsEngine> engine = TlsEngine::client(client_context(), "localhost");
    Result<void> secured = co_await transport.begin_tls(std::move(engine).value());
    secured.value();
    co_return transport;
}

using Use = std::function<Task<void>(Transport&)>;

// Two transports that are joined, each used by a coroutine of its own.
void join(Wire wire, Use near, Use far) {
    const auto serve = [&](TcpListener& listener) -> Task<void> {
        Transport transport = co_await server_end(wire, listener);
        co_await far(transport);
    };
    alone([&]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(kPort)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve(listener));
            Transport transport = co_await client_end(wire);
            co_await near(transport);
        });
    });
}

// All that comes before the peer's end, or the error in brackets.
Task<std::string> read_to_end(Transport& transport) {
    std::string all;
    for (;;) {
        Result<Bytes> piece = co_await transport.read();
        if (!piece) co_return all + "(" + piece.error().message() + ")";
        if (piece->empty()) co_return all;
        all.append(as_text(*piece));
    }
}

class HttpTransport : public testing::TestWithParam<Wire> {};

TEST_P(HttpTransport, CarriesBytesBothWays) {
    std::string large;
    for (int i = 0; large.size() < 500'000; ++i)
        large += std::to_string(i);
    join(
        GetParam(),
        [&](Transport& transport) -> Task<void> {
            EXPECT_TRUE((co_await transport.write_all(as_bytes(large))).has_value());
            EXPECT_TRUE((co_await transport.say_goodbye()).has_value());
            EXPECT_EQ(co_await read_to_end(transport), "thanks");
        },
        [&](Transport& transport) -> Task<void> {
            std::string got;
            while (got.size() < large.size()) {
                got.append(as_text((co_await transport.read()).value()));
            }
            EXPECT_EQ(got, large);
            EXPECT_TRUE((co_await transport.write_all(as_bytes("thanks"))).has_value());
            EXPECT_TRUE((co_await transport.say_goodbye()).has_value());
        });
}

TEST_P(HttpTransport, HoldsNoBufferWhileItWaits) {
    join(
        GetParam(),
        [](Transport& transport) -> Task<void> {
            EXPECT_EQ(as_text((co_await transport.read()).value()), "one");
            EXPECT_EQ(co_await read_to_end(transport), "");
        },
        [](Transport& transport) -> Task<void> {
            EXPECT_TRUE((co_await transport.write_all(as_bytes("one"))).has_value());
            co_await sleep_for(1s);
            EXPECT_EQ(Reactor::current().buffers().leased(), 0u);
            EXPECT_TRUE((co_await transport.say_goodbye()).has_value());
        });
}

TEST_P(HttpTransport, IsQuietUntilThePeerSaysOrClosesSomething) {
    join(
        GetParam(),
        [](Transport& transport) -> Task<void> {
            EXPECT_EQ(as_text((co_await transport.read()).value()), "one");
            transport.release();
            EXPECT_TRUE(transport.is_quiet());
            co_await sleep_for(2s);
            EXPECT_FALSE(transport.is_quiet());
        },
        [](Transport& transport) -> Task<void> {
            EXPECT_TRUE((co_await transport.write_all(as_bytes("one"))).has_value());
            co_await sleep_for(1s);
        });
}

INSTANTIATE_TEST_SUITE_P(BothWires, HttpTransport, testing::Values(Wire::plain, Wire::tls),
                         [](const auto& each) {
                             return each.param == Wire::tls ? "Tls" : "Plain";
                         });

TEST(HttpTransportTls, AnEndWithoutGoodbyeIsAnError) {
    join(
        Wire::tls,
        [](Transport& transport) -> Task<void> {
            EXPECT_EQ(as_text((co_await transport.read()).value()), "half");
            Result<Bytes> end = co_await transport.read();
            EXPECT_EQ(end.error(), HttpErrc::tls_truncated);
        },
        [](Transport& transport) -> Task<void> {
            EXPECT_TRUE((co_await transport.write_all(as_bytes("half"))).has_value());
        });
}

TEST(HttpTransportTls, AHandshakeWithAPeerThatDoesNotSpeakTlsFails) {
    with_scripts({"HTTP/1.1 400 No\r\n\r\n"}, []() -> Task<void> {
        Transport transport((co_await TcpStream::connect(Endpoint::loopback(kPort))).value());
        // A script is played when a blank line has come, which a greeting of TLS does not have.
        EXPECT_TRUE((co_await transport.write_all(as_bytes("\r\n\r\n"))).has_value());
        TlsEngine engine = TlsEngine::client(client_context(), "localhost").value();
        Result<void> secured = co_await transport.begin_tls(std::move(engine));
        EXPECT_EQ(secured.error(), HttpErrc::tls_handshake) << secured.error().message();
    });
}

}  // namespace
