// SPDX-License-Identifier: MIT
//
// Which requests are sent again where a kept connection ended before any byte of an answer.
#include <gtest/gtest.h>
#include <weir/http/client.h>

#include "tests/http/world.h"

#include <string>
#include <utility>

using namespace weir;
using namespace weir::http;

namespace {

const std::string kOne = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
const std::string kTwo = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo";

Request get(std::string_view path) {
    return Request("GET", url(path));
}

std::string told(const Result<Response>& response) {
    if (!response) return response.error() == HttpErrc::no_response ? "none" : "other";
    return std::to_string(response->status()) + " " + response->body;
}

TEST(HttpClientResend, SendsAgainOnlyWhatItMay) {
    // What a second request, over a connection that ends, comes to.
    const auto second = [](Resend by_client, Request request) {
        std::string text;
        with_scripts({kOne + std::string(kNextRequest), kTwo}, [&]() -> Task<void> {
            Client client(ClientOptions().resend_unanswered(by_client));
            EXPECT_EQ(told(co_await client.send(get("/"))), "200 one");
            Result<Response> response = co_await client.send(request);
            text = told(response);
            EXPECT_EQ(client.opened(), response ? 2u : 1u);
        });
        return text;
    };
    const Request post = Request("POST", url("/")).body("x");
    EXPECT_EQ(second(Resend::any, post), "200 two");
    EXPECT_EQ(second(Resend::idempotent, post), "none");
    EXPECT_EQ(second(Resend::never, post), "none");
    EXPECT_EQ(second(Resend::idempotent, get("/")), "200 two");
    EXPECT_EQ(second(Resend::never, get("/")), "none");
    EXPECT_EQ(second(Resend::idempotent, Request(post).header("idempotency-key", "1")), "200 two");
    EXPECT_EQ(second(Resend::any, Request(post).resend_unanswered(Resend::idempotent)), "none");
    EXPECT_EQ(second(Resend::never, Request(post).resend_unanswered(Resend::any)), "200 two");
}

TEST(HttpClientResend, KeepsTheRequestsOwnWordOverARedirection) {
    const std::string moved =
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    with_scripts({moved + std::string(kNextRequest), kTwo}, []() -> Task<void> {
        Client client(ClientOptions().follow_redirects());
        Request request = Request("POST", url("/")).body("x").resend_unanswered(Resend::never);
        Result<Response> response = co_await client.send(std::move(request));
        EXPECT_EQ(response.error(), HttpErrc::no_response);
    });
}

}  // namespace
