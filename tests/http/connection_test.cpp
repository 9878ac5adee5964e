// SPDX-License-Identifier: MIT
#include "http/connection.h"

#include <gtest/gtest.h>

#include "tests/http/world.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

// Whether a request is still there when its connection has given up waiting for an answer.
Task<bool> keeps(Request request, bool was_idle) {
    ConnectionPool pool{PoolLimits()};
    CallLimits limits;
    limits.first_byte = 10s;
    limits.gap = 10s;
    limits.proceed = 1s;
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    std::optional<Place> place = pool.try_place(request.url());
    Connection connection(Transport(*std::move(stream)), *std::move(place), limits);
    co_await sleep_for(1s);
    if (was_idle) connection.become_idle(Reactor::current().now());
    auto owner = std::make_unique<Outgoing>(std::move(request), nullptr);
    Outgoing& outgoing = *owner;
    Result<ParserEvent> head = co_await connection.exchange(outgoing, &owner);
    EXPECT_EQ(head.error(), Error::timed_out);
    co_return owner != nullptr;
}

Request with_body(std::string body) {
    Request request("POST", url("/"));
    request.body(std::move(body));
    return request;
}

TEST(HttpConnection, LetsARequestGoOnceItWasSent) {
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        const bool is_kept = co_await keeps(with_body("short"), false);
        EXPECT_FALSE(is_kept);
    });
}

TEST(HttpConnection, KeepsARequestThatMayBeSentAgain) {
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        const bool is_kept = co_await keeps(with_body("short"), true);
        EXPECT_TRUE(is_kept) << "the server may have closed the connection meanwhile";
    });
    with_scripts({std::string(kStayOpen)}, []() -> Task<void> {
        Request request = with_body("short");
        request.header("Expect", "100-continue");
        const bool is_kept = co_await keeps(std::move(request), false);
        EXPECT_TRUE(is_kept) << "the server may not know what Expect means";
    });
}

}  // namespace
