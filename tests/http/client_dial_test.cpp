// SPDX-License-Identifier: MIT
//
// How the client comes to its connections: names, addresses, UNIX sockets, limits.
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/runtime/unix_socket.h>

#include "http/address_cache.h"
#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOne = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";

std::string told(const Result<Response>& response) {
    if (!response) return "(" + response.error().message() + ")";
    return std::to_string(response->status()) + " " + response->body;
}

TEST(ClientDial, TakesTheAddressThatAnswers) {
    const auto body = []() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(kPort)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto serve = [&]() -> Task<void> {
                Result<TcpStream> stream = co_await listener.accept();
                co_await play(*std::move(stream), kOne);
            };
            group.spawn(serve());
            Client client;
            Request request("GET", url("/", "http://both.test:8080"));
            EXPECT_EQ(told(co_await client.send(std::move(request))), "200 one");
        });
    };
    const Simulation world = Simulation()
                                 .host("both.test", Endpoint::parse("::1", 0).value())
                                 .host("both.test", Endpoint::loopback(0));
    run_simulated(body(), world);
}

TEST(ClientDial, GoesThroughAUnixSocket) {
    alone([]() -> Task<void> {
        const UnixAddress address = UnixAddress::abstract("weir-test").value();
        UnixListener listener = UnixListener::bind(address).value();
        std::string asked;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto serve = [&]() -> Task<void> {
                Result<UnixStream> stream = co_await listener.accept();
                Result<Lease> request = co_await stream->read();
                asked = as_text(request->bytes());
                std::ignore = co_await stream->write_all(as_bytes(kOne));
            };
            group.spawn(serve());
            Client client(ClientOptions().unix_socket(address));
            Request request("GET", url("/p", "http://nobody.test"));
            EXPECT_EQ(told(co_await client.send(std::move(request))), "200 one");
        });
        EXPECT_EQ(asked, "GET /p HTTP/1.1\r\nHost: nobody.test\r\n\r\n");
    });
}

// Each socket is an origin of its own, and no proxy is asked.
TEST(ClientDial, GoesWhereAUrlOfAUnixSocketLeads) {
    alone([]() -> Task<void> {
        std::vector<std::string> asked;
        const auto serve = [&](UnixListener& listener) -> Task<void> {
            Result<UnixStream> stream = co_await listener.accept();
            for (int i = 0; i < 2; ++i) {
                Result<Lease> request = co_await stream->read();
                asked.emplace_back(as_text(request->bytes()));
                std::ignore = co_await stream->write_all(as_bytes(kOne));
            }
        };
        UnixListener file = UnixListener::bind(UnixAddress::path("/run/it.sock").value()).value();
        UnixListener name = UnixListener::bind(UnixAddress::abstract("it").value()).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve(file));
            group.spawn(serve(name));
            ProxySettings proxies;
            proxies.for_http(Proxy::parse("nobody.test").value());
            Client client(ClientOptions().proxies(proxies));
            for (int i = 0; i < 2; ++i) {
                for (const char* origin : {"http+unix://%2Frun%2Fit.sock", "http+unix://%40it"}) {
                    Request request("GET", url("/p", origin));
                    EXPECT_EQ(told(co_await client.send(std::move(request))), "200 one");
                }
            }
            EXPECT_EQ(client.opened(), 2u);
        });
        EXPECT_EQ(asked, std::vector<std::string>(4, "GET /p HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    });
}

TEST(ClientDial, NamesTheUnixSocketThatCannotBeReached) {
    alone([]() -> Task<void> {
        Client client;
        Result<Response> none =
            co_await client.send(Request("GET", url("/", "http+unix://%2Frun%2Fnone.sock")));
        EXPECT_NE(told(none).find("http+unix://%2Frun%2Fnone.sock: "), std::string::npos);
        EXPECT_NE(told(none).find("unix:/run/none.sock"), std::string::npos) << told(none);
        const std::string path(200, 'x');
        Result<Response> far =
            co_await client.send(Request("GET", url("/", "http+unix://%2F" + path)));
        EXPECT_EQ(far.error(), Error::bad_argument) << told(far);
    });
}

TEST(ClientDial, SaysWhichPhaseTookTooLong) {
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        Client client(ClientOptions().tls(client_context()).tls_limit(2s));
        Request request("GET", url("/", "https://localhost:8080"));
        EXPECT_EQ(told(co_await client.send(std::move(request))),
                  "(https://localhost:8080: waited 2 s for the TLS handshake, the limit)");
    });
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        Client client(ClientOptions().tls(client_context()).call_limit(1s));
        Request request("GET", url("/", "https://localhost:8080"));
        EXPECT_EQ(told(co_await client.send(std::move(request))),
                  "(https://localhost:8080: the call's deadline passed while it waited for a "
                  "connection)");
    });
}

TEST(ClientDial, EndsTheWaitForTcpAtItsLimit) {
    const auto body = []() -> Task<void> {
        Client client(ClientOptions().tcp_limit(2s));
        EXPECT_EQ(told(co_await client.send(Request("GET", url("/")))),
                  "(http://localhost:8080: waited 2 s for a TCP connection, the limit)");
    };
    run_simulated(body(), Simulation().latency(10s));
}

// --- addresses -----------------------------------------------------------------------------------

TEST(AddressCache, AsksAgainOnlyWhenItsTimeIsOver) {
    alone([]() -> Task<void> {
        AddressCache cache(10s);
        EXPECT_EQ((co_await cache.find("localhost", 80)).value().front(), Endpoint::loopback(80));
        co_await sleep_for(9s);
        EXPECT_EQ((co_await cache.find("localhost", 81)).value().front(), Endpoint::loopback(81));
        EXPECT_EQ(cache.lookups(), 1u);
        co_await sleep_for(2s);
        std::ignore = co_await cache.find("localhost", 80);
        EXPECT_EQ(cache.lookups(), 2u);
        cache.forget("localhost");
        std::ignore = co_await cache.find("localhost", 80);
        EXPECT_EQ(cache.lookups(), 3u);
        std::ignore = co_await cache.find("127.0.0.1", 80);
        EXPECT_EQ(cache.lookups(), 3u);
    });
}

TEST(AddressCache, KeepsNoFailure) {
    alone([]() -> Task<void> {
        AddressCache cache(10s);
        EXPECT_EQ((co_await cache.find("nobody", 80)).error(), Error::name_not_found);
        co_await sleep_for(1s);
        EXPECT_EQ((co_await cache.find("nobody", 80)).error(), Error::name_not_found);
        EXPECT_EQ(cache.lookups(), 2u);
    });
}

}  // namespace
