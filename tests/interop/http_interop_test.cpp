// SPDX-License-Identifier: MIT
//
// weir's HTTP beside the programs that people run: nginx as the server, tinyproxy and squid as
// proxies on the way, haproxy in front of weir's own server. run.sh starts them.
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/http/server.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    EXPECT_NE(value, nullptr) << name << " is not set: this program is run by run.sh";
    return value == nullptr ? "1" : value;
}

Url at(const char* port, std::string_view path, std::string_view scheme = "http") {
    const std::string origin = std::string(scheme) + "://localhost:" + setting(port);
    return Url::parse(origin + std::string(path)).value();
}

std::string in_folder(std::string_view name) {
    return setting("INTEROP_FOLDER") + "/" + std::string(name);
}

TlsContext trusting() {
    return TlsContext::client(TlsClientOptions().ca_file(in_folder("ca.pem"))).value();
}

std::string numbers() {
    std::string text;
    for (int number = 1; number <= 20'000; ++number)
        text += std::to_string(number) + "\n";
    return text;
}

// --- nginx ---------------------------------------------------------------------------------------

TEST(Nginx, ServesManyRequestsOnOneConnection) {
    run([]() -> Task<void> {
        Client client;
        for (int i = 0; i < 5; ++i) {
            Result<Response> answer =
                co_await client.send(Request("GET", at("INTEROP_NGINX_PORT", "/numbers.txt")));
            EXPECT_TRUE(answer.value().body == numbers());
            answer = co_await client.send(Request("HEAD", at("INTEROP_NGINX_PORT", "/hello.txt")));
            EXPECT_EQ(answer.value().body, "");
            EXPECT_EQ(answer->head.headers.get("Content-Length"), "6");
            answer = co_await client.send(Request("GET", at("INTEROP_NGINX_PORT", "/nothing")));
            EXPECT_EQ(answer.value().status(), 204);
            answer = co_await client.send(Request("GET", at("INTEROP_NGINX_PORT", "/absent")));
            EXPECT_EQ(answer.value().status(), 404);
        }
        EXPECT_EQ(client.opened(), 1u);
    }());
}

TEST(Nginx, CompressesAndIsUnderstood) {
    run([]() -> Task<void> {
        Client client(ClientOptions().decode_bodies());
        for (int i = 0; i < 2; ++i) {
            Result<Response> answer =
                co_await client.send(Request("GET", at("INTEROP_NGINX_PORT", "/numbers.txt")));
            EXPECT_TRUE(answer.value().body == numbers());
            EXPECT_EQ(answer->head.headers.get("Transfer-Encoding"), "chunked");
        }
        EXPECT_EQ(client.opened(), 1u);
    }());
}

TEST(Nginx, RedirectsAndIsFollowed) {
    run([]() -> Task<void> {
        Client client(ClientOptions().follow_redirects());
        Result<Response> answer =
            co_await client.send(Request("GET", at("INTEROP_NGINX_PORT", "/old")));
        EXPECT_EQ(answer.value().body, "hello\n");
    }());
}

TEST(Nginx, RefusesALargeBodyAndIsHeard) {
    run([]() -> Task<void> {
        Client client;
        Request request("POST", at("INTEROP_NGINX_PORT", "/echo"));
        request.body(std::string(8'000'000, 'x'));
        Result<Response> answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer.value().status(), 413);

        Request small("POST", at("INTEROP_NGINX_PORT", "/echo"));
        small.header("X-Word", "word").body(std::string(60'000, 'x'));
        answer = co_await client.send(std::move(small));
        EXPECT_EQ(answer.value().body, "POST word 60000");

        Request expecting("POST", at("INTEROP_NGINX_PORT", "/echo"));
        expecting.header("Expect", "100-continue").body(std::string(60'000, 'x'));
        answer = co_await client.send(std::move(expecting));
        EXPECT_EQ(answer.value().body, "POST  60000");
    }());
}

TEST(Nginx, ProvesWhoItIs) {
    run([]() -> Task<void> {
        Client client(ClientOptions().tls(trusting()));
        const Url url = at("INTEROP_NGINX_TLS_PORT", "/numbers.txt", "https");
        Result<Response> answer = co_await client.send(Request("GET", url));
        EXPECT_TRUE(answer.value().body == numbers());
        // By its address, too, without a server name.
        const std::string port = setting("INTEROP_NGINX_TLS_PORT");
        const Url address = Url::parse("https://127.0.0.1:" + port + "/hello.txt").value();
        answer = co_await client.send(Request("GET", address));
        EXPECT_EQ(answer.value().body, "hello\n");

        Client stranger;
        answer = co_await stranger.send(Request("GET", url));
        EXPECT_EQ(answer.error(), HttpErrc::tls_unknown_ca);
    }());
}

TEST(Nginx, DemandsACertificate) {
    run([]() -> Task<void> {
        const Url url = at("INTEROP_NGINX_CLIENT_CERTIFICATE_PORT", "/hello.txt", "https");
        TlsClientOptions known;
        known.ca_file(in_folder("ca.pem"))
            .certificate_files(in_folder("client.pem"), in_folder("client.key"));
        Client client(ClientOptions().tls(TlsContext::client(known).value()));
        Result<Response> answer = co_await client.send(Request("GET", url));
        EXPECT_EQ(answer.value().body, "hello\n");

        Client nameless(ClientOptions().tls(trusting()));
        answer = co_await nameless.send(Request("GET", url));
        EXPECT_EQ(answer.value().status(), 400);
    }());
}

TEST(Nginx, ResumesSessions) {
    run([]() -> Task<void> {
        TlsContext context = trusting();
        Client client(ClientOptions().tls(context));
        for (int i = 0; i < 4; ++i) {
            Result<Response> answer = co_await client.send(
                Request("GET", at("INTEROP_NGINX_ONE_CALL_PORT", "/hello.txt", "https")));
            EXPECT_EQ(answer.value().body, "hello\n");
        }
        EXPECT_EQ(client.opened(), 4u);
        EXPECT_EQ(context.resumed(), 3u);
    }());
}

// --- proxies -------------------------------------------------------------------------------------

/// What a client behind that proxy gets, over http and over https.
Task<void> go_through(std::string proxy_url) {
    Proxy proxy = Proxy::parse(proxy_url).value();
    Client client(
        ClientOptions().tls(trusting()).proxies(ProxySettings().for_http(proxy).for_https(proxy)));
    for (int i = 0; i < 3; ++i) {
        Result<Response> answer =
            co_await client.send(Request("GET", at("INTEROP_NGINX_PORT", "/numbers.txt")));
        EXPECT_TRUE(answer.value().body == numbers());
        EXPECT_TRUE(answer->head.headers.contains("Via"));
        answer = co_await client.send(
            Request("GET", at("INTEROP_NGINX_TLS_PORT", "/numbers.txt", "https")));
        EXPECT_TRUE(answer.value().body == numbers());
        EXPECT_FALSE(answer->head.headers.contains("Via"));
    }
}

TEST(Tinyproxy, LetsThroughWhoHasThePassword) {
    const std::string address = "localhost:" + setting("INTEROP_TINYPROXY_PORT");
    run(go_through("http://me:secret@" + address));
    run([](std::string unnamed) -> Task<void> {
        Proxy proxy = Proxy::parse(unnamed).value();
        Client client(ClientOptions().tls(trusting()).proxies(ProxySettings().for_https(proxy)));
        Result<Response> answer = co_await client.send(
            Request("GET", at("INTEROP_NGINX_TLS_PORT", "/hello.txt", "https")));
        EXPECT_EQ(answer.error(), HttpErrc::proxy_refused);
    }("http://" + address));
}

TEST(Squid, LetsThrough) {
    run(go_through("http://localhost:" + setting("INTEROP_SQUID_PORT")));
}

// --- haproxy in front of weir's server -----------------------------------------------------------

class Behind {
public:
    Event left;  // a handler whose client has gone was destroyed
    Event entered;
};

class SetAtEnd {
public:
    explicit SetAtEnd(Event& event) noexcept : event_(event) {}
    SetAtEnd(const SetAtEnd&) = delete;
    SetAtEnd& operator=(const SetAtEnd&) = delete;
    ~SetAtEnd() { event_.set(); }

private:
    Event& event_;
};

Task<void> handle(Exchange& exchange, Behind& behind) {
    if (exchange.request().target == "/wait") {
        const SetAtEnd at_end(behind.left);
        behind.entered.set();
        co_await sleep_for(1h);
    }
    if (exchange.request().target == "/chunks") {
        Result<void> sent = co_await exchange.begin(200, Headers());
        for (int i = 0; i < 100 && sent; ++i)
            sent = co_await exchange.write(std::string(1000, 'c'));
        if (sent) sent = co_await exchange.end();
        co_return;
    }
    std::string text = exchange.request().method + " " + std::to_string(exchange.body().size());
    static_cast<void>(co_await exchange.respond(200, Headers(), std::move(text)));
}

Task<void> wait_for(Event& event) {
    co_await event.wait();
}

Task<void> call_through_haproxy(Behind& behind) {
    Client client;
    for (int i = 0; i < 3; ++i) {
        Request post("POST", at("INTEROP_HAPROXY_PORT", "/body"));
        post.body(std::string(300'000, 'b'));
        Result<Response> answer = co_await client.send(std::move(post));
        EXPECT_EQ(answer.value().body, "POST 300000");
        answer = co_await client.send(Request("GET", at("INTEROP_HAPROXY_PORT", "/chunks")));
        EXPECT_EQ(answer.value().body, std::string(100'000, 'c'));
        answer = co_await client.send(Request("HEAD", at("INTEROP_HAPROXY_PORT", "/chunks")));
        EXPECT_EQ(answer.value().status(), 200);
    }
    EXPECT_EQ(client.opened(), 1u);
    const auto wait = [&]() -> Task<void> {
        std::ignore = co_await client.send(Request("GET", at("INTEROP_HAPROXY_PORT", "/wait")));
    };
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(wait());
        co_await behind.entered.wait();
        group.cancel();
    });
    EXPECT_TRUE(co_await timeout(20s, wait_for(behind.left)));
}

TEST(Haproxy, StandsInFrontOfTheServer) {
    run([]() -> Task<void> {
        const auto port = static_cast<std::uint16_t>(std::stoi(setting("INTEROP_WEIR_PORT")));
        Behind behind;
        Server server = Server::listen(Endpoint::loopback(port)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve([&](Exchange& exchange) { return handle(exchange, behind); }));
            co_await call_through_haproxy(behind);
            group.cancel();
        });
    }());
}

}  // namespace
