// SPDX-License-Identifier: MIT
//
// HTTP on every backend: what tests/http finds out in the simulator must hold on real sockets.
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/http/server.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/unix_socket.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"
#include "tests/http/tls_pair.h"
#include "tests/support/deaf_port.h"
#include "tests/support/temporary_folder.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class HttpConformance : public Conformance {
protected:
    // Runs `body(server, url)` beside a server; the server ends with the body.
    template <typename Body>
    void serve_here(http::ServerOptions options, http::Server::Handler handler, Body body) {
        run_here([&]() -> Task<void> {
            Result<http::Server> server = http::Server::listen(Endpoint::loopback(0), options);
            const std::string url =
                "://localhost:" + std::to_string(server.value().local_endpoint().port()) + "/";
            co_await with_group([&](TaskGroup& group) -> Task<void> {
                group.spawn(server->serve(handler));
                co_await body(*server, url);
                group.cancel();
            });
            co_await until_slots(1);  // the listener
        });
    }
};
INSTANTIATE_TEST_SUITE_P(Backends, HttpConformance, all_backends(), backend_name);

http::Request post(const std::string& url, std::string body) {
    http::Request request("POST", http::Url::parse(url).value());
    request.body(std::move(body));
    return request;
}

Task<void> mirror(http::Exchange& exchange) {
    Result<void> ignored = co_await exchange.respond(200, http::Headers(), exchange.body());
    static_cast<void>(ignored);
}

Task<int> post_once(http::Client& client, const std::string& url, std::string body) {
    Result<http::Response> response = co_await client.send(post(url, body));
    if (!response) ADD_FAILURE() << response.error().message();
    co_return response && response->body == body ? 1 : 0;
}

Task<int> post_many(http::Client& client, const std::string& url, int count) {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < count; ++i)
        tasks.push_back(post_once(client, url, pattern(static_cast<std::size_t>(i) * 100)));
    int right = 0;
    for (const int each : co_await gather(std::move(tasks)))
        right += each;
    co_return right;
}

TEST_P(HttpConformance, ReusesConnectionsForManyRequests) {
    serve_here(http::ServerOptions(), mirror,
               [](http::Server& server, const std::string& url) -> Task<void> {
                   http::Client client;
                   for (int round = 0; round < 3; ++round) {
                       EXPECT_EQ(co_await post_many(client, "http" + url, 50), 50);
                   }
                   EXPECT_EQ(client.opened(), 50u);
                   EXPECT_EQ(client.idle(), 50u);
                   EXPECT_EQ(server.requests(), 150u);
               });
}

TEST_P(HttpConformance, CarriesLargeBodiesBothWays) {
    serve_here(http::ServerOptions(), mirror,
               [](http::Server&, const std::string& url) -> Task<void> {
                   http::Client client;
                   EXPECT_EQ(co_await post_once(client, "http" + url, pattern(5'000'000)), 1);
               });
}

TEST_P(HttpConformance, SpeaksTls) {
    http::TlsContext served = http::server_context({"localhost"});
    http::ServerOptions options;
    options.tls(served);
    serve_here(options, mirror, [](http::Server&, const std::string& url) -> Task<void> {
        http::Client client(http::ClientOptions().tls(http::client_context()));
        EXPECT_EQ(co_await post_many(client, "https" + url, 20), 20);
        EXPECT_EQ(co_await post_once(client, "https" + url, pattern(1'000'000)), 1);
        EXPECT_EQ(client.opened(), 20u);
        http::Client stranger(http::ClientOptions().tls(http::TlsContext::client().value()));
        Result<http::Response> refused = co_await stranger.send(post("https" + url, "x"));
        EXPECT_EQ(refused.error(), http::HttpErrc::tls_unknown_ca) << refused.error().message();
    });
}

// A body that is read as it comes, by a handler that is slower than its client at first.
TEST_P(HttpConformance, HandlersReadBodiesPieceByPiece) {
    const auto handler = [](http::Exchange& exchange) -> Task<void> {
        Result<void> sent = co_await exchange.begin(200, http::Headers());
        co_await sleep_for(20ms);
        while (sent) {
            Result<Bytes> piece = co_await exchange.read_body();
            EXPECT_TRUE(piece.has_value());
            if (!piece || piece->empty()) break;
            sent = co_await exchange.write(as_text(*piece));
        }
        if (sent) sent = co_await exchange.end();
        EXPECT_TRUE(sent.has_value());
    };
    const auto use = [](const char* scheme) {
        return [scheme](http::Server&, const std::string& url) -> Task<void> {
            http::Client client(http::ClientOptions().tls(http::client_context()));
            const std::string there = scheme + url;
            for (int i = 0; i < 3; ++i)
                EXPECT_EQ(co_await post_once(client, there, pattern(3'000'000)), 1);
            EXPECT_EQ(co_await post_many(client, there, 20), 20);
        };
    };
    serve_here(http::ServerOptions().stream_bodies(), handler, use("http"));
    serve_here(http::ServerOptions().stream_bodies().tls(http::server_context({"localhost"})),
               handler, use("https"));
}

TEST_P(HttpConformance, GoesThroughASocketFileByItsUrl) {
    const TemporaryFolder folder;
    const std::string path = folder.path_to("it.sock");
    run_here([&]() -> Task<void> {
        UnixListener listener = UnixListener::bind(UnixAddress::path(path).value()).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto serve = [&]() -> Task<void> {
                Result<UnixStream> stream = co_await listener.accept();
                Result<Lease> request = co_await stream->read();
                EXPECT_NE(as_text(request->bytes()).find("Host: localhost\r\n"), std::string::npos);
                std::ignore = co_await stream->write_all(
                    as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
            };
            group.spawn(serve());
            std::string url = "http+unix://" + path + "/";
            for (std::size_t at = 12; (at = url.find('/', at)) < url.size() - 1;)
                url.replace(at, 1, "%2F");
            http::Client client;
            Result<http::Response> response = co_await client.send(post(url, ""));
            EXPECT_EQ(response.value().body, "ok");
        });
    });
}

TEST_P(HttpConformance, ADroppedStreamEndsItsHandler) {
    const auto handler = [](http::Exchange& exchange) -> Task<void> {
        Result<void> sent = co_await exchange.begin(200, http::Headers());
        while (sent) {
            sent = co_await exchange.write("more");
            co_await sleep_for(1ms);
        }
    };
    serve_here(http::ServerOptions(), handler,
               [](http::Server& server, const std::string& url) -> Task<void> {
                   http::Client client;
                   {
                       Result<http::ResponseStream> stream =
                           co_await client.open(post("http" + url, ""));
                       Result<Bytes> piece = co_await stream.value().read();
                       EXPECT_EQ(as_text(piece.value()).substr(0, 4), "more");
                       EXPECT_EQ(server.connections(), 1u);
                   }
                   for (int i = 0; i < 1000 && server.connections() > 0; ++i)
                       co_await sleep_for(1ms);
                   EXPECT_EQ(server.connections(), 0u);
               });
}

TEST_P(HttpConformance, EndsTheWaitForAnAnswerAtItsLimit) {
    const auto handler = [](http::Exchange&) -> Task<void> {
        co_await sleep_for(1h);
    };
    serve_here(http::ServerOptions(), handler,
               [](http::Server&, const std::string& url) -> Task<void> {
                   http::Client client(http::ClientOptions().first_byte_limit(20ms));
                   Result<http::Response> response = co_await client.send(post("http" + url, "x"));
                   EXPECT_EQ(response.error(), Error::timed_out) << response.error().message();
               });
}

TEST_P(HttpConformance, ReportsARefusedConnectionAndACutBody) {
    const auto handler = [](http::Exchange& exchange) -> Task<void> {
        Result<void> sent = co_await exchange.begin(200, http::Headers());
        if (sent) sent = co_await exchange.write("half");
        EXPECT_TRUE(sent.has_value());
        exchange.close_connection();
    };
    serve_here(
        http::ServerOptions(), handler, [&](http::Server&, const std::string& url) -> Task<void> {
            http::Client client;
            Result<http::Response> response = co_await client.send(post("http" + url, "x"));
            EXPECT_EQ(response.error(), http::HttpErrc::body_cut) << response.error().message();
        });
    run_here([&]() -> Task<void> {
        const DeafPort port;
        const std::string url = "http://127.0.0.1:" + port.to_string() + "/";
        http::Client client;
        Result<http::Response> response = co_await client.send(post(url, "x"));
        EXPECT_EQ(response.error(), std::errc::connection_refused) << response.error().message();
    });
}

}  // namespace
