// SPDX-License-Identifier: MIT
//
// A client that follows redirections, over connections. What is to be followed, and how, is tested
// in redirect_test.cpp.
#include <gtest/gtest.h>
#include <weir/http/client.h>

#include "tests/http/world.h"

#include <chrono>
#include <optional>
#include <string>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

/// Sends "/303" to "/end" with that status, and "/chain/3" to "/chain/2"; tells what has come.
Task<void> lead_on(Exchange& exchange) {
    const std::string& target = exchange.request().target;
    std::string where = "/end";
    int status = 307;
    if (target.starts_with("/chain/")) {
        const int left = std::stoi(target.substr(7));
        if (left > 0) where = "/chain/" + std::to_string(left - 1);
    } else if (target != "/end") {
        status = std::stoi(target.substr(1));
    }
    Headers headers;
    std::string text = exchange.request().method + " " + target + " " + exchange.body();
    if (target != "/end") {
        headers.add("Location", where);
        text = std::string(50'000, '.');
    } else {
        status = 200;
    }
    Result<void> sent = co_await exchange.respond(status, std::move(headers), std::move(text));
    static_cast<void>(sent);
}

class Piece final : public BodySource {
public:
    Task<Result<Bytes>> next() override {
        co_return std::exchange(is_given_, true) ? Bytes() : as_bytes("piece");
    }
    bool rewind() override {
        is_given_ = false;
        return can_rewind;
    }
    bool can_rewind = false;

private:
    bool is_given_ = false;
};

Request post(std::string_view path) {
    Request request("POST", url(path));
    request.body("asked");
    return request;
}

TEST(HttpClientRedirect, IsAnAnswerUnlessFollowed) {
    with_server(lead_on, [](Server&) -> Task<void> {
        Client client;
        Result<Response> answer = co_await client.send(post("/303"));
        EXPECT_EQ(answer.value().status(), 303);
        EXPECT_EQ(answer->head.headers.get("Location"), "/end");
    });
}

TEST(HttpClientRedirect, KeepsMethodAndBodyOrDropsBoth) {
    with_server(lead_on, [](Server&) -> Task<void> {
        Client client(ClientOptions().follow_redirects());
        for (const char* path : {"/301", "/302", "/303"}) {
            Result<Response> answer = co_await client.send(post(path));
            EXPECT_EQ(answer.value().body, "GET /end ") << path;
        }
        for (const char* path : {"/307", "/308"}) {
            Result<Response> answer = co_await client.send(post(path));
            EXPECT_EQ(answer.value().body, "POST /end asked") << path;
        }
    });
}

TEST(HttpClientRedirect, UsesOneConnectionForAll) {
    with_server(lead_on, [](Server&) -> Task<void> {
        Client client(ClientOptions().follow_redirects());
        Result<Response> answer = co_await client.send(post("/chain/4"));
        EXPECT_EQ(answer.value().body, "POST /end asked");
        EXPECT_EQ(client.opened(), 1u);
        EXPECT_EQ(client.idle(), 1u);
    });
}

TEST(HttpClientRedirect, EndsAtItsLimit) {
    with_server(lead_on, [](Server&) -> Task<void> {
        Client client(ClientOptions().follow_redirects(RedirectPolicy().hops_max(3)));
        Result<Response> answer = co_await client.send(post("/chain/3"));
        EXPECT_EQ(answer.error(), HttpErrc::bad_redirect);
        answer = co_await client.send(post("/chain/2"));
        EXPECT_EQ(answer.value().status(), 200);
    });
}

TEST(HttpClientRedirect, SendsAStreamedBodyAgainWhereThatCanBe) {
    with_server(lead_on, [](Server&) -> Task<void> {
        Client client(ClientOptions().follow_redirects());
        Piece body;
        Result<Response> answer = co_await client.send(Request("POST", url("/307")), body);
        EXPECT_EQ(answer.error(), HttpErrc::bad_redirect);
        EXPECT_NE(answer.error().message().find("rewind"), std::string::npos);

        Piece second;
        second.can_rewind = true;
        answer = co_await client.send(Request("POST", url("/307")), second);
        EXPECT_EQ(answer.value().body, "POST /end piece");

        Piece third;
        answer = co_await client.send(Request("POST", url("/303")), third);
        EXPECT_EQ(answer.value().body, "GET /end ");
    });
}

TEST(HttpClientRedirect, IsWithinOneDeadline) {
    const auto slowly = [](Exchange& exchange) -> Task<void> {
        co_await sleep_for(600ms);
        co_await lead_on(exchange);
    };
    with_server(slowly, [](Server&) -> Task<void> {
        Client client(ClientOptions().follow_redirects().call_limit(1s));
        const Instant start = Reactor::current().now();
        Result<Response> answer = co_await client.send(post("/chain/4"));
        EXPECT_EQ(answer.error(), Error::timed_out);
        EXPECT_EQ(since(start), 1s);
    });
}

}  // namespace
