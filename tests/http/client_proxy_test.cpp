// SPDX-License-Identifier: MIT
//
// A client behind a proxy. Which proxy is chosen, and what is said to it, is tested in
// proxy_test.cpp.
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/runtime/race.h>
#include <weir/runtime/resolver.h>

#include "tests/http/tls_pair.h"
#include "tests/http/world.h"

#include <string>

using namespace weir;
using namespace weir::http;

namespace {

constexpr std::uint16_t kProxyPort = 3128;

Task<void> name_the_request(Exchange& exchange) {
    const RequestHead& head = exchange.request();
    std::string text = head.method + " " + head.target + " " +
                       std::string(head.headers.get("Host").value_or("-")) + " " +
                       std::string(head.headers.get("Proxy-Authorization").value_or("-"));
    Result<void> sent = co_await exchange.respond(200, Headers(), std::move(text));
    static_cast<void>(sent);
}

Task<void> copy(TcpStream& from, TcpStream& to) {
    for (;;) {
        Result<Lease> lease = co_await from.read();
        if (!lease || lease->empty()) co_return;
        Result<void> sent = co_await to.write_all(lease->bytes());
        if (!sent) co_return;
    }
}

/// A proxy for one connection. What it was told first goes to `told`; `answer` is what it says to
/// that, and then it connects both sides.
Task<void> relay_once(std::string& told, std::string_view answer) {
    TcpListener listener = TcpListener::bind(Endpoint::loopback(kProxyPort)).value();
    TcpStream client = (co_await listener.accept()).value();
    told = co_await read_until(client, "\r\n\r\n");
    Result<void> sent = co_await client.write_all(as_bytes(answer));
    if (!sent || answer.find(" 200 ") == std::string_view::npos) co_return;
    Result<TcpStream> server = co_await connect_tcp("localhost", kPort);
    co_await race(copy(client, *server), copy(*server, client));
}

ProxySettings all_by(std::string_view text) {
    Proxy proxy = Proxy::parse(text).value();
    return ProxySettings().for_http(proxy).for_https(proxy);
}

ClientOptions behind(std::string_view text = "http://me:secret@localhost:3128") {
    return ClientOptions().tls(client_context()).proxies(all_by(text));
}

/// The error, or the body, of GET https://localhost:8080/ through a proxy that answers so.
std::string through(std::string_view answer, std::string& told) {
    std::string outcome;
    with_server(name_the_request, ServerOptions().tls(server_context({"localhost"})),
                [&](Server&) -> Task<void> {
                    co_await with_group([&](TaskGroup& group) -> Task<void> {
                        group.spawn(relay_once(told, answer));
                        Client client(behind());
                        Result<Response> got = co_await client.send(
                            Request("GET", url("/x", "https://localhost:8080")));
                        outcome = got ? got->body : got.error().message();
                        group.cancel();
                    });
                });
    return outcome;
}

TEST(HttpClientProxy, IsToldTheWholeUrlAndWhoWeAre) {
    with_server(name_the_request, [](Server&) -> Task<void> {
        // The server itself plays the proxy: it shows what a proxy is told.
        Client client(behind("http://me:secret@localhost:8080"));
        for (int i = 0; i < 2; ++i) {
            Result<Response> answer =
                co_await client.send(Request("GET", url("/a?b", "http://far.test")));
            EXPECT_EQ(answer.value().body, "GET http://far.test/a?b far.test Basic bWU6c2VjcmV0");
        }
        EXPECT_EQ(client.opened(), 1u);
    });
}

TEST(HttpClientProxy, IsLeftOutWhereItIsNotMeant) {
    with_server(name_the_request, [](Server&) -> Task<void> {
        ProxySettings settings = all_by("http://me:secret@localhost:1");
        settings.exempt("localhost");
        Client client(ClientOptions().proxies(settings));
        Result<Response> answer = co_await client.send(Request("GET", url("/a")));
        EXPECT_EQ(answer.value().body, "GET /a localhost:8080 -");
    });
}

TEST(HttpClientProxy, OpensTunnelsAndHearsNothingOfWhatGoesThrough) {
    std::string told;
    EXPECT_EQ(through("HTTP/1.1 200 Connection established\r\n\r\n", told),
              "GET /x localhost:8080 -");
    EXPECT_EQ(told,
              "CONNECT localhost:8080 HTTP/1.1\r\nHost: localhost:8080\r\n"
              "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n");
    EXPECT_EQ(through("HTTP/1.1 200 \r\n\r\n", told), "GET /x localhost:8080 -");
}

TEST(HttpClientProxy, ThatRefusesIsNamedWithoutItsPassword) {
    std::string told;
    for (const char* answer :
         {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", "HTTP/1.1 200 OK\r\n\r\nearly",
          "SSH-2.0-OpenSSH\r\n", ""}) {
        const std::string error = through(answer, told);
        EXPECT_NE(error.find("the proxy http://localhost:3128"), std::string::npos) << error;
        EXPECT_EQ(error.find("secret"), std::string::npos) << error;
    }
}

TEST(HttpClientProxy, ThatIsNotThereIsNamed) {
    with_server(name_the_request, [](Server&) -> Task<void> {
        Client client(behind());
        Result<Response> answer = co_await client.send(Request("GET", url("/", "http://far.test")));
        EXPECT_EQ(answer.error(), std::errc::connection_refused);
        EXPECT_NE(answer.error().message().find("the proxy http://localhost:3128"),
                  std::string::npos);
    });
}

TEST(HttpClientProxy, OverTlsIsSpokenToForPlainUrlsAlone) {
    with_server(name_the_request, ServerOptions().tls(server_context({"localhost"})),
                [](Server&) -> Task<void> {
                    Client client(behind("https://localhost:8080"));
                    Result<Response> answer =
                        co_await client.send(Request("GET", url("/a", "http://far.test")));
                    EXPECT_EQ(answer.value().body, "GET http://far.test/a far.test -");
                    answer = co_await client.send(Request("GET", url("/", "https://far.test")));
                    EXPECT_EQ(answer.error(), HttpErrc::bad_proxy);
                });
}

TEST(HttpClientProxy, ThatIsSilentTakesNoLongerThanAConnectionMay) {
    with_server(name_the_request, [](Server&) -> Task<void> {
        TcpListener silent = TcpListener::bind(Endpoint::loopback(kProxyPort)).value();
        Client client(behind().connect_limit(std::chrono::seconds(3)));
        const Instant start = Reactor::current().now();
        Result<Response> answer =
            co_await client.send(Request("GET", url("/", "https://far.test")));
        EXPECT_EQ(answer.error(), Error::timed_out);
        EXPECT_EQ(since(start), std::chrono::seconds(3));
    });
}

}  // namespace
