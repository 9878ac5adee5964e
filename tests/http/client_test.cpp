// SPDX-License-Identifier: MIT
#include <weir/http/client.h>

#include <gtest/gtest.h>

#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include <chrono>
#include <string>
#include <type_traits>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<http::ClientOptions> && !std::is_aggregate_v<Response>);

Task<void> echo(Exchange& exchange) {
    std::string text = exchange.request().method + " " + exchange.request().target;
    if (!exchange.body().empty()) text += " " + exchange.body();
    Result<void> sent = co_await exchange.respond(200, Headers(), std::move(text));
    EXPECT_TRUE(sent.has_value());
}

Request get(std::string_view path) {
    return Request("GET", url(path));
}

// What a request comes to, in one line: "200 body", or "(message)".
std::string told(const Result<Response>& response) {
    if (!response) return "(" + response.error().message() + ")";
    return std::to_string(response->status()) + " " + response->body;
}

TEST(HttpClient, GetsAndPosts) {
    with_server(echo, [](Server&) -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(get("/a?b=c"))), "200 GET /a?b=c");
        Request post("POST", url("/p"));
        post.body("text");
        EXPECT_EQ(told(co_await client.send(post)), "200 POST /p text");
    });
}

TEST(HttpClient, UsesOneConnectionForOneRequestAfterAnother) {
    with_server(echo, [](Server& server) -> Task<void> {
        Client client;
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ(told(co_await client.send(get("/"))), "200 GET /");
            EXPECT_EQ(client.idle(), 1u);
        }
        EXPECT_EQ(client.opened(), 1u);
        EXPECT_EQ(server.requests(), 5u);
    });
}

TEST(HttpClient, OpensAsManyConnectionsAsRequestsAtOnce) {
    with_server(echo, [](Server&) -> Task<void> {
        Client client(ClientOptions().idle_max(2));
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto one = [&]() -> Task<void> {
                EXPECT_EQ(told(co_await client.send(get("/"))), "200 GET /");
            };
            for (int i = 0; i < 4; ++i)
                group.spawn(one());
            co_await sleep_for(1s);
        });
        EXPECT_EQ(client.opened(), 4u);
        EXPECT_EQ(client.idle(), 2u);
    });
}

TEST(HttpClient, CarriesLargeBodiesBothWays) {
    std::string large;
    for (int i = 0; large.size() < 3'000'000; ++i)
        large += std::to_string(i);
    const auto mirror = [](Exchange& exchange) -> Task<void> {
        Result<void> sent = co_await exchange.respond(200, Headers(), exchange.body());
        EXPECT_TRUE(sent.has_value());
    };
    with_server(mirror, [&](Server&) -> Task<void> {
        Client client;
        Request post("POST", url("/"));
        post.body(large);
        Result<Response> response = co_await client.send(post);
        EXPECT_TRUE(response && response->body == large);
        EXPECT_EQ(client.idle(), 1u);
    });
}

TEST(HttpClient, ReadsChunksAsTheyCome) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        EXPECT_TRUE((co_await exchange.begin(200, Headers())).has_value());
        for (const char* piece : {"one", "two"}) {
            co_await sleep_for(1s);
            EXPECT_TRUE((co_await exchange.write(piece)).has_value());
        }
        EXPECT_TRUE((co_await exchange.end()).has_value());
    };
    with_server(handler, [](Server&) -> Task<void> {
        Client client;
        const Instant start = Reactor::current().now();
        Result<ResponseStream> stream = co_await client.open(get("/"));
        EXPECT_LT(since(start), 500ms);
        EXPECT_EQ(as_text((co_await stream->read()).value()), "one");
        EXPECT_LT(since(start), 1500ms);
        EXPECT_EQ(as_text((co_await stream->read()).value()), "two");
        EXPECT_FALSE(stream->is_complete());
        EXPECT_TRUE((co_await stream->read()).value().empty());
        EXPECT_TRUE(stream->is_complete());
        EXPECT_EQ(client.idle(), 1u);
    });
}

TEST(HttpClient, ClosesTheConnectionOfAStreamThatIsDropped) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        EXPECT_TRUE((co_await exchange.begin(200, Headers())).has_value());
        for (;;) {
            if (!co_await exchange.write("more")) co_return;
            co_await sleep_for(10ms);
        }
    };
    with_server(handler, [](Server& server) -> Task<void> {
        Client client;
        {
            Result<ResponseStream> stream = co_await client.open(get("/"));
            EXPECT_EQ(as_text((co_await stream->read()).value()), "more");
        }
        EXPECT_EQ(client.idle(), 0u);
        co_await sleep_for(1s);
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST(HttpClient, DrainKeepsAConnectionWhoseBodyEndsSoon) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        EXPECT_TRUE((co_await exchange.begin(200, Headers())).has_value());
        EXPECT_TRUE((co_await exchange.write("text")).has_value());
        co_await sleep_for(exchange.request().target == "/soon" ? 50ms : 50s);
        std::ignore = co_await exchange.end();
    };
    with_server(handler, [](Server&) -> Task<void> {
        Client client;
        Result<ResponseStream> soon = co_await client.open(get("/soon"));
        co_await soon->drain(100ms);
        EXPECT_EQ(client.idle(), 1u);
        Result<ResponseStream> late = co_await client.open(get("/late"));
        const Instant start = Reactor::current().now();
        co_await late->drain(100ms);
        EXPECT_LT(since(start), 200ms);
        EXPECT_EQ(client.idle(), 0u);
    });
}

TEST(HttpClient, SendsHeadAndExpectsNoBody) {
    with_server(echo, [](Server&) -> Task<void> {
        Client client;
        Result<Response> response = co_await client.send(Request("HEAD", url("/")));
        EXPECT_EQ(told(response), "200 ");
        EXPECT_EQ(response->head.headers.get("content-length"), "6");
        EXPECT_EQ(client.idle(), 1u);
    });
}

TEST(HttpClient, ReadsABodyThatEndsWithTheConnection) {
    with_scripts({"HTTP/1.1 200 OK\r\n\r\nall of it"}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(get("/"))), "200 all of it");
        EXPECT_EQ(client.idle(), 0u);
    });
}

TEST(HttpClient, AnErrorStatusIsAnAnswer) {
    with_scripts({"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy"}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(get("/"))), "503 busy");
    });
}

constexpr const char* kOne = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
constexpr const char* kTwo = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo";

// The server closes an idle connection at the moment in which the next request is under way.
TEST(HttpClient, SendsAgainOnceWhatAStaleConnectionNeverBeganToAnswer) {
    with_scripts({kOne + std::string(kNextRequest), kTwo}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(get("/"))), "200 one");
        EXPECT_EQ(told(co_await client.send(get("/"))), "200 two");
        EXPECT_EQ(client.opened(), 2u);
    });
    with_scripts({kOne + std::string(kNextRequest), ""}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(get("/"))), "200 one");
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(response.error(), HttpErrc::no_response);
        EXPECT_EQ(client.opened(), 2u);
    });
}

TEST(HttpClient, DoesNotSendAgainWhatWasAnsweredInPart) {
    with_scripts({kOne + std::string(kNextRequest) + "HTTP/1.1 20", kTwo}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(get("/"))), "200 one");
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(response.error(), HttpErrc::body_cut);
        EXPECT_EQ(client.opened(), 1u);
    });
}

TEST(HttpClient, DropsAnIdleConnectionThatTheServerClosed) {
    with_scripts({kOne, kTwo}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(told(co_await client.send(get("/"))), "200 one");
        EXPECT_EQ(client.idle(), 1u);
        co_await sleep_for(1s);
        EXPECT_EQ(told(co_await client.send(get("/"))), "200 two");
        EXPECT_EQ(client.opened(), 2u);
    });
}

// --- failures ------------------------------------------------------------------------------------

TEST(HttpClient, NamesWhatCouldNotBeReached) {
    alone([]() -> Task<void> {
        Client client;
        Result<Response> refused = co_await client.send(get("/"));
        EXPECT_EQ(refused.error(), std::errc::connection_refused);
        EXPECT_EQ(refused.error().message().find("http://localhost:8080: connecting to "), 0u)
            << refused.error().message();
        Result<Response> unknown = co_await client.send(Request("GET", url("/", "http://nobody")));
        EXPECT_EQ(unknown.error(), Error::name_not_found);
        EXPECT_NE(unknown.error().message().find("nobody"), std::string::npos);
        EXPECT_EQ(client.opened(), 0u);
    });
}

TEST(HttpClient, EndsTheWaitForAConnectionAtItsLimit) {
    // Accepts and reads, but never answers the greeting of TLS.
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        TlsContext trust = client_context();
        Client client(ClientOptions().tls(trust).connect_limit(3s));
        const Instant start = Reactor::current().now();
        Result<Response> response =
            co_await client.send(Request("GET", url("/", "https://localhost:8080")));
        EXPECT_EQ(told(response),
                  "(https://localhost:8080: waited 3 s for a connection, the limit)");
        EXPECT_EQ(response.error(), Error::timed_out);
        EXPECT_LT(since(start), 3100ms);
    });
}

TEST(HttpClient, EndsTheWaitForAnyAnswerAtItsLimit) {
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        Client client(ClientOptions().first_byte_limit(20s));
        const Instant start = Reactor::current().now();
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(told(response), "(http://localhost:8080: waited 20 s for any answer, the limit)");
        EXPECT_EQ(response.error(), Error::timed_out);
        EXPECT_GE(since(start), 20s);
        EXPECT_LT(since(start), 20100ms);
    });
}

TEST(HttpClient, EndsAGapInsideAnAnswerAtItsLimit) {
    const std::string part = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npart";
    with_scripts({part + std::string(kStayOpen)}, []() -> Task<void> {
        Client client(ClientOptions().gap_limit(5s));
        const Instant start = Reactor::current().now();
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(told(response),
                  "(http://localhost:8080: waited 5 s for more of the answer, the limit)");
        EXPECT_EQ(response.error(), Error::timed_out);
        EXPECT_LT(since(start), 5100ms);
    });
}

TEST(HttpClient, EndsACallAtItsDeadlineWhateverItWaitsFor) {
    const std::string part = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npart";
    with_scripts({part + std::string(kStayOpen)}, []() -> Task<void> {
        Client client(ClientOptions().call_limit(2s));
        const Instant start = Reactor::current().now();
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(told(response),
                  "(http://localhost:8080: the call's deadline passed while it waited for more of "
                  "the answer)");
        EXPECT_EQ(response.error(), Error::timed_out);
        EXPECT_LT(since(start), 2100ms);
    });
}

TEST(HttpClient, ReportsABodyThatIsCut) {
    const auto handler = [](Exchange& exchange) -> Task<void> {
        EXPECT_TRUE((co_await exchange.begin(200, Headers())).has_value());
        EXPECT_TRUE((co_await exchange.write("half of")).has_value());
        exchange.close_connection();
    };
    with_server(handler, [](Server&) -> Task<void> {
        Client client;
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(response.error(), HttpErrc::body_cut) << told(response);
        EXPECT_EQ(client.idle(), 0u);
    });
}

TEST(HttpClient, ReportsWhatIsNoHttp) {
    with_scripts({"SSH-2.0-OpenSSH_9.2\r\n"}, []() -> Task<void> {
        Client client;
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(response.error(), HttpErrc::malformed_response);
        EXPECT_EQ(told(response),
                  "(http://localhost:8080: the peer does not answer in HTTP/1.x: check the URL's "
                  "scheme and port)");
    });
}

TEST(HttpClient, GathersNoMoreThanItsLimit) {
    with_server(echo, [](Server&) -> Task<void> {
        Client client(ClientOptions().body_max(4));
        Result<Response> response = co_await client.send(get("/"));
        EXPECT_EQ(response.error(), HttpErrc::body_too_large) << told(response);
    });
}

TEST(HttpClient, HearsThatItsBodyWasTooLarge) {
    ParserLimits limits;
    limits.body_bytes = 1000;
    with_server(echo, ServerOptions().limits(limits), [](Server&) -> Task<void> {
        Client client;
        Request post("POST", url("/"));
        post.body(std::string(1'000'000, 'x'));
        Result<Response> response = co_await client.send(post);
        EXPECT_EQ(response.value().status(), 413);
        EXPECT_EQ(client.idle(), 0u);
    });
}

// --- TLS -----------------------------------------------------------------------------------------

Task<void> expect_tls_failure(const TlsContext& trust, HttpErrc code) {
    Client client(ClientOptions().tls(trust));
    Result<Response> response =
        co_await client.send(Request("GET", url("/", "https://localhost:8080")));
    EXPECT_FALSE(response.has_value());
    if (response) co_return;
    EXPECT_EQ(response.error(), code) << told(response);
    EXPECT_EQ(client.opened(), 0u);
}

TEST(HttpClient, SpeaksTlsWithAServerThatItTrusts) {
    TlsContext served = server_context({"localhost"});
    with_server(echo, ServerOptions().tls(served), [](Server&) -> Task<void> {
        Client client(ClientOptions().tls(client_context()));
        for (int i = 0; i < 3; ++i) {
            Request post("POST", url("/p", "https://localhost:8080"));
            post.body(std::string(200'000, 'x'));
            Result<Response> response = co_await client.send(post);
            EXPECT_EQ(told(response), "200 POST /p " + std::string(200'000, 'x'));
        }
        EXPECT_EQ(client.opened(), 1u);
    });
}

TEST(HttpClient, RefusesACertificateForAnotherHost) {
    TlsContext served = server_context({"example.test"});
    with_server(echo, ServerOptions().tls(served), [](Server&) -> Task<void> {
        co_await expect_tls_failure(client_context(), HttpErrc::tls_wrong_host);
    });
}

TEST(HttpClient, RefusesAnUnknownAuthority) {
    TlsContext served = server_context({"localhost"});
    with_server(echo, ServerOptions().tls(served), [](Server&) -> Task<void> {
        const auto other = CertificateAuthority::create("Another Root").value();
        const TlsContext trust =
            TlsContext::client(TlsClientOptions().ca_pem(other.certificate_pem())).value();
        co_await expect_tls_failure(trust, HttpErrc::tls_unknown_ca);
    });
}

TEST(HttpClient, RefusesAnExpiredCertificate) {
    TlsContext served = server_context({"localhost"}, CertificateValidity().from(-48h).lasts(24h));
    with_server(echo, ServerOptions().tls(served), [](Server&) -> Task<void> {
        co_await expect_tls_failure(client_context(), HttpErrc::tls_expired);
    });
}

}  // namespace
