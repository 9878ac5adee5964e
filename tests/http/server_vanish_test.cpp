// SPDX-License-Identifier: MIT
//
// What becomes of a handler whose client goes, and what must not be taken for that.
#include <gtest/gtest.h>
#include <weir/http/server.h>

#include "http/transport.h"
#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <tuple>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kLast = "GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

/// How handlers came to their ends.
class Ends {
public:
    int begun = 0;
    int unwound = 0;
    int returned = 0;
};

class EndCounter {
public:
    explicit EndCounter(Ends& ends) noexcept : ends_(ends) { ++ends_.begun; }
    EndCounter(const EndCounter&) = delete;
    EndCounter& operator=(const EndCounter&) = delete;
    ~EndCounter() { ++(is_unwinding() ? ends_.unwound : ends_.returned); }

private:
    Ends& ends_;
};

// Waits for `span`, and then answers with the request's target.
Server::Handler slow(Ends& ends, Duration span) {
    return [&ends, span](Exchange& exchange) -> Task<void> {
        const auto answer = [](Exchange& asked, Ends& counted, Duration takes) -> Task<void> {
            const EndCounter counter(counted);
            co_await sleep_for(takes);
            std::string text = asked.request().target;
            std::ignore = co_await asked.respond(200, Headers(), std::move(text));
        };
        return answer(exchange, ends, span);
    };
}

Task<TcpStream> connect_and_send(std::string_view bytes) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    std::ignore = co_await stream->write_all(as_bytes(bytes));
    co_return std::move(stream).value();
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1))
        ++count;
    return count;
}

TEST(HttpServerVanish, CancelsTheHandlerOfAClientThatCloses) {
    Ends ends;
    with_server(slow(ends, 1h), [&](Server& server) -> Task<void> {
        {
            const TcpStream stream = co_await connect_and_send(kGet);
            co_await sleep_for(1s);
            EXPECT_EQ(ends.begun, 1);
            EXPECT_EQ(ends.unwound, 0);
        }
        co_await sleep_for(1s);
        EXPECT_EQ(ends.unwound, 1);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServerVanish, CancelsAHandlerInTheMidstOfItsAnswer) {
    Ends ends;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        const EndCounter counter(ends);
        std::ignore = co_await exchange.begin(200, Headers());
        std::ignore = co_await exchange.write("half");
        co_await sleep_for(1h);
    };
    with_server(handler, [&](Server& server) -> Task<void> {
        {
            TcpStream stream = co_await connect_and_send(kGet);
            std::ignore = co_await read_until(stream, "half");
        }
        co_await sleep_for(1s);
        EXPECT_EQ(ends.unwound, 1);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServerVanish, CancelsAHandlerThatIsBlockedInAWrite) {
    Ends ends;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        const EndCounter counter(ends);
        std::ignore = co_await exchange.respond(200, Headers(), std::string(4'000'000, 'x'));
    };
    with_server(handler, [&](Server& server) -> Task<void> {
        {
            const TcpStream stream = co_await connect_and_send(kGet);
            co_await sleep_for(1s);
            EXPECT_EQ(ends.begun, 1);
            EXPECT_EQ(ends.unwound + ends.returned, 0);
        }
        co_await sleep_for(1s);
        EXPECT_EQ(ends.unwound + ends.returned, 1);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServerVanish, RequestsThatComeMeanwhileCancelNothingAndAreAnsweredInOrder) {
    Ends ends;
    with_server(slow(ends, 1s), [&](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        co_await sleep_for(100ms);
        std::ignore = co_await stream.write_all(as_bytes("GET /b HTTP/1.1\r\nHo"));
        co_await sleep_for(100ms);
        std::ignore = co_await stream.write_all(as_bytes("st: h\r\n\r\n"));
        std::ignore = co_await stream.write_all(as_bytes(kLast));
        const std::string all = co_await read_all(stream);
        EXPECT_LT(all.find("/a"), all.find("/b"));
        EXPECT_LT(all.find("/b"), all.find("/z"));
        EXPECT_NE(all.find("/z"), std::string::npos) << all;
        EXPECT_EQ(ends.returned, 3);
        EXPECT_EQ(server.requests(), 3u);
    });
}

TEST(HttpServerVanish, HoldsUpAClientThatSendsFarAhead) {
    Ends ends;
    with_server(slow(ends, 20ms), [&](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        co_await sleep_for(10ms);
        std::string ahead;
        for (int i = 0; i < 400; ++i)
            ahead += "GET /b HTTP/1.1\r\nHost: h\r\nX: " + std::string(1000, 'x') + "\r\n\r\n";
        ahead += kLast;
        std::string all;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto send = [&]() -> Task<void> {
                EXPECT_TRUE((co_await stream.write_all(as_bytes(ahead))).has_value());
            };
            group.spawn(send());
            all = co_await read_all(stream);
        });
        EXPECT_EQ(count_of(all, "HTTP/1.1 200 OK"), 402u);
        EXPECT_EQ(ends.unwound, 0);
    });
}

TEST(HttpServerVanish, AClientThatEndsItsSideCountsAsGone) {
    Ends ends;
    with_server(slow(ends, 1s), [&](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        EXPECT_TRUE(stream.shut_down_output().has_value());
        EXPECT_EQ(co_await read_all(stream), "");
        EXPECT_EQ(ends.unwound, 1);
    });
}

TEST(HttpServerVanish, AClientThatEndsItsSideIsAnsweredByAHandlerThatIsQuick) {
    Ends ends;
    with_server(slow(ends, 1ms), [&](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        EXPECT_TRUE(stream.shut_down_output().has_value());
        EXPECT_TRUE((co_await read_all(stream)).ends_with("/a"));
        EXPECT_EQ(ends.returned, 1);
    });
}

TEST(HttpServerVanish, AClientThatEndsItsSideIsAnsweredWhereTheServerAllowsIt) {
    Ends ends;
    const auto options = ServerOptions().half_close(true);
    with_server(slow(ends, 1s), options, [&](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        EXPECT_TRUE(stream.shut_down_output().has_value());
        EXPECT_TRUE((co_await read_all(stream)).ends_with("/a"));
        EXPECT_EQ(ends.returned, 1);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpServerVanish, WhereTheServerAllowsItAHandlerThatWritesIsToldThatItsClientIsGone) {
    int written = 0;
    bool was_told = false;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.begin(200, Headers());
        for (;;) {
            Result<void> sent = co_await exchange.write("more");
            was_told = !sent;
            if (!sent) co_return;
            ++written;
            co_await sleep_for(10ms);
        }
    };
    with_server(handler, ServerOptions().half_close(true), [&](Server& server) -> Task<void> {
        {
            TcpStream stream = co_await connect_and_send(kGet);
            std::ignore = co_await read_until(stream, "more");
        }
        co_await sleep_for(1s);
        EXPECT_EQ(server.connections(), 0u);
    });
    EXPECT_TRUE(was_told);
    EXPECT_LT(written, 10);
}

TEST(HttpServerVanish, AWatchedHandlersExceptionIsStillA500) {
    const auto handler = [](Exchange&) -> Task<void> {
        co_await sleep_for(1s);
        throw std::runtime_error("bug");
    };
    with_server(handler, [](Server&) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        EXPECT_TRUE((co_await read_until(stream, "\r\n\r\n")).starts_with("HTTP/1.1 500 "));
    });
}

// --- through TLS ---------------------------------------------------------------------------------

Task<Transport> connect_tls() {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    Transport transport(std::move(stream).value());
    Result<TlsEngine> engine = TlsEngine::client(client_context(), "localhost");
    Result<void> secured = co_await transport.begin_tls(std::move(engine).value());
    secured.value();
    co_return transport;
}

ServerOptions over_tls() {
    static const TlsContext context = server_context({"localhost"});
    return ServerOptions().tls(context);
}

TEST(HttpServerVanish, CancelsTheHandlerOfATlsClientThatCloses) {
    Ends ends;
    with_server(slow(ends, 1h), over_tls(), [&](Server& server) -> Task<void> {
        {
            Transport transport = co_await connect_tls();
            std::ignore = co_await transport.write_all(as_bytes(kGet));
            co_await sleep_for(1s);
            EXPECT_EQ(ends.begun, 1);
            std::ignore = co_await transport.say_goodbye();
        }
        co_await sleep_for(1s);
        EXPECT_EQ(ends.unwound, 1);
        EXPECT_EQ(server.connections(), 0u);
    });
}

// As one that is cut off: its request is not at fault, and to say so would be an answer to nothing.
TEST(HttpServerVanish, ATlsClientThatEndsWithoutGoodbyeIsToldNothing) {
    Ends ends;
    for (const std::string_view sent : {std::string_view(), kGet.substr(0, 9)}) {
        with_server(slow(ends, 1h), over_tls(), [&](Server& server) -> Task<void> {
            Transport transport = co_await connect_tls();
            if (!sent.empty()) std::ignore = co_await transport.write_all(as_bytes(sent));
            std::ignore = transport.shut_down_output();
            Result<Bytes> told = co_await transport.read();
            EXPECT_TRUE(told.has_value() && told->empty());
            co_await sleep_for(1s);
            EXPECT_EQ(server.connections(), 0u);
        });
    }
}

// The engine belongs to the writer meanwhile: what comes is kept as it is.
TEST(HttpServerVanish, RequestsThatComeWhileAHandlerWritesThroughTlsAreAnsweredInOrder) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::ignore = co_await exchange.begin(200, Headers());
        for (int i = 0; i < 50; ++i) {
            std::ignore =
                co_await exchange.write(exchange.request().target + std::string(1000, '.'));
            co_await sleep_for(10ms);
        }
        std::ignore = co_await exchange.end();
    };
    with_server(handler, over_tls(), [](Server& server) -> Task<void> {
        Transport transport = co_await connect_tls();
        std::ignore = co_await transport.write_all(as_bytes(kGet));
        const std::string ahead = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kLast);
        for (const char byte : ahead) {
            co_await sleep_for(5ms);
            const std::string_view text(&byte, 1);
            EXPECT_TRUE((co_await transport.write_all(as_bytes(text))).has_value());
        }
        std::string all;
        while (true) {
            Result<Bytes> piece = co_await transport.read();
            if (!piece || piece->empty()) break;
            all.append(as_text(*piece));
        }
        EXPECT_EQ(count_of(all, "/a."), 50u);
        EXPECT_EQ(count_of(all, "/b."), 50u);
        EXPECT_EQ(count_of(all, "/z."), 50u);
        EXPECT_LT(all.rfind("/a."), all.find("/b."));
        EXPECT_EQ(server.requests(), 3u);
    });
}

}  // namespace
