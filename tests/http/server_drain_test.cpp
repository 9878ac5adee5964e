// SPDX-License-Identifier: MIT
//
// The end of a server in good order, its work in the background, and its bound on connections.
#include <gtest/gtest.h>
#include <weir/http/server.h>

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

Task<TcpStream> connect_and_send(std::string_view bytes) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    std::ignore = co_await stream->write_all(as_bytes(bytes));
    co_return std::move(stream).value();
}

Task<void> answer_after_3s(Exchange& exchange) {
    co_await sleep_for(3s);
    std::ignore = co_await exchange.respond(200, Headers(), "late");
}

Task<void> answer_at_once(Exchange& exchange) {
    std::ignore = co_await exchange.respond(200, Headers(), "now");
}

/// Serves, runs `body(server)` beside it, and expects serve() to return by itself.
template <typename Body>
void until_drained(Server::Handler handler, ServerOptions options, Body body) {
    alone([&]() -> Task<void> {
        Server server = Server::listen(Endpoint::loopback(kPort), std::move(options)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto run = [&]() -> Task<void> {
                co_await sleep_for(1ms);  // by then it serves
                co_await body(server);
            };
            group.spawn(run());
            const Result<void> served = co_await server.serve(handler);
            EXPECT_TRUE(served.has_value());
            EXPECT_EQ(server.connections(), 0u);
        });
    });
}

TEST(HttpServerDrain, ClosesIdleConnectionsAtOnceAndRefusesNewOnes) {
    until_drained(answer_at_once, ServerOptions(), [](Server& server) -> Task<void> {
        TcpStream fresh = co_await connect_and_send("");
        TcpStream used = co_await connect_and_send(kGet);
        EXPECT_TRUE((co_await read_until(used, "now")).ends_with("now"));
        const Instant start = Reactor::current().now();
        server.drain(30s);
        EXPECT_EQ(co_await read_all(fresh), "");
        EXPECT_EQ(co_await read_all(used), "");
        EXPECT_LT(since(start), 1s);
        Result<TcpStream> late = co_await TcpStream::connect(Endpoint::loopback(kPort));
        EXPECT_EQ(late.error(), std::errc::connection_refused);
    });
}

TEST(HttpServerDrain, LetsRequestsFinishAndSaysClose) {
    until_drained(answer_after_3s, ServerOptions(), [](Server& server) -> Task<void> {
        TcpStream busy = co_await connect_and_send(kGet);
        TcpStream half = co_await connect_and_send("GET /a HT");
        co_await sleep_for(1s);
        server.drain(30s);
        std::ignore = co_await half.write_all(as_bytes("TP/1.1\r\nHost: h\r\n\r\n"));
        for (TcpStream* stream : {&busy, &half}) {
            const std::string told = co_await read_all(*stream);
            EXPECT_NE(told.find("Connection: close\r\n"), std::string::npos) << told;
            EXPECT_TRUE(told.ends_with("late")) << told;
        }
    });
}

TEST(HttpServerDrain, CutsWhatIsNotDoneByTheLimit) {
    const auto handler = [](Exchange&) -> Task<void> {
        co_await sleep_for(1h);
    };
    until_drained(handler, ServerOptions(), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        co_await sleep_for(1s);
        const Instant start = Reactor::current().now();
        server.drain(5s);
        EXPECT_EQ(co_await read_all(stream), "");
        EXPECT_GE(since(start), 5s);
        EXPECT_LT(since(start), 6s);
    });
}

TEST(HttpServerDrain, ASecondDrainMayOnlyShortenTheLimit) {
    const auto handler = [](Exchange&) -> Task<void> {
        co_await sleep_for(1h);
    };
    until_drained(handler, ServerOptions(), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        co_await sleep_for(1s);
        const Instant start = Reactor::current().now();
        server.drain(5s);
        server.drain(1h);
        co_await sleep_for(1s);
        server.drain(Duration::zero());
        EXPECT_EQ(co_await read_all(stream), "");
        EXPECT_LT(since(start), 2s);
    });
}

TEST(HttpServerDrain, WaitsForWorkInTheBackgroundWhichSurvivesItsRequest) {
    int done = 0;
    const auto handler = [&](Exchange& exchange) -> Task<void> {
        const auto work = [](int& counted) -> Task<void> {
            co_await sleep_for(3s);
            ++counted;
        };
        const auto fail = []() -> Task<void> {
            co_await sleep_for(1s);
            throw std::runtime_error("bug");
        };
        exchange.spawn(work(done));
        exchange.spawn(fail());
        co_await answer_at_once(exchange);
    };
    until_drained(handler, ServerOptions(), [&](Server& server) -> Task<void> {
        {
            TcpStream stream = co_await connect_and_send(kGet);
            std::ignore = co_await read_until(stream, "now");
        }
        co_await sleep_for(2s);  // the one that fails ends nothing else
        EXPECT_EQ(done, 0);
        server.drain(30s);
    });
    EXPECT_EQ(done, 1);
}

TEST(HttpServerDrain, CutsWorkInTheBackgroundAtTheLimit) {
    const auto poll = []() -> Task<void> {
        co_await sleep_for(24h);
    };
    until_drained(answer_at_once, ServerOptions(), [&](Server& server) -> Task<void> {
        server.spawn(poll());
        server.drain(2s);
        co_return;
    });
}

TEST(HttpServerDrain, AcceptsSoManyConnectionsAndTheNextWhenOneEnds) {
    const auto options = ServerOptions().connections_max(2);
    until_drained(answer_at_once, options, [](Server& server) -> Task<void> {
        TcpStream first = co_await connect_and_send(kGet);
        TcpStream second = co_await connect_and_send(kGet);
        TcpStream third = co_await connect_and_send(kGet);
        std::ignore = co_await read_until(first, "now");
        std::ignore = co_await read_until(second, "now");
        co_await sleep_for(1s);
        EXPECT_EQ(server.connections(), 2u);
        EXPECT_EQ(server.requests(), 2u);
        first.close();
        EXPECT_TRUE((co_await read_until(third, "now")).ends_with("now"));
        server.drain(1s);
    });
}

TEST(HttpServerDrain, AHandlerKnowsItsClient) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        std::string text = exchange.client().value().to_string();
        std::ignore = co_await exchange.respond(200, Headers(), std::move(text));
    };
    until_drained(handler, ServerOptions(), [](Server& server) -> Task<void> {
        TcpStream stream = co_await connect_and_send(kGet);
        EXPECT_NE((co_await read_until(stream, "127.0.0.1:")).find("127.0.0.1:"),
                  std::string::npos);
        server.drain(1s);
    });
}

}  // namespace
