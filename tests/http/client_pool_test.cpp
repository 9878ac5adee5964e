// SPDX-License-Identifier: MIT
//
// The client's connections: how many, for how long, and who gets them.
#include <gtest/gtest.h>
#include <weir/http/client.h>
#include <weir/runtime/timeout.h>

#include "tests/http/world.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOne = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
constexpr std::string_view kTwo = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo";

Task<void> answer_in_a_second(Exchange& exchange) {
    co_await sleep_for(1s);
    std::string target = exchange.request().target;
    std::ignore = co_await exchange.respond(200, Headers(), std::move(target));
}

// "200 body", or "(message)".
std::string told(const Result<Response>& response) {
    if (!response) return "(" + response.error().message() + ")";
    return std::to_string(response->status()) + " " + response->body;
}

Task<std::string> get(Client& client, std::string_view path,
                      std::string_view origin = "http://localhost:8080") {
    Request request("GET", url(path, origin));
    co_return told(co_await client.send(std::move(request)));
}

/// Sends a request and notes its answer in the order of the answers.
Task<void> note(Client& client, std::string path, std::vector<std::string>& answers,
                std::string origin = "http://localhost:8080") {
    std::string answer = co_await get(client, path, origin);
    answers.push_back(std::move(answer));
}

TEST(ClientPool, OpensNoMoreConnectionsThanAllowedAndServesCallsInTheirOrder) {
    with_server(answer_in_a_second, [](Server& server) -> Task<void> {
        Client client(ClientOptions().connections_max(2));
        std::vector<std::string> answers;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (const char* path : {"/1", "/2", "/3", "/4", "/5"})
                group.spawn(note(client, path, answers));
            co_await sleep_for(500ms);
            EXPECT_EQ(server.connections(), 2u);
        });
        EXPECT_EQ(answers,
                  (std::vector<std::string>{"200 /1", "200 /2", "200 /3", "200 /4", "200 /5"}));
        EXPECT_EQ(client.opened(), 2u);
        EXPECT_EQ(client.idle(), 2u);
    });
}

TEST(ClientPool, LimitsTheConnectionsOfEachOriginAlone) {
    with_server(answer_in_a_second, [](Server& server) -> Task<void> {
        Client client(ClientOptions().connections_max_by_origin(1));
        std::vector<std::string> answers;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(note(client, "/a1", answers));
            group.spawn(note(client, "/a2", answers));
            group.spawn(note(client, "/b1", answers, "http://127.0.0.1:8080"));
            co_await sleep_for(500ms);
            EXPECT_EQ(server.connections(), 2u);
        });
        EXPECT_EQ(answers, (std::vector<std::string>{"200 /a1", "200 /b1", "200 /a2"}));
        EXPECT_EQ(client.opened(), 2u);
    });
}

TEST(ClientPool, ACallThatIsCancelledWhileItWaitsPassesItsTurnOn) {
    with_server(answer_in_a_second, [](Server&) -> Task<void> {
        Client client(ClientOptions().connections_max(1));
        std::vector<std::string> answers;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(note(client, "/1", answers));
            co_await yield();
            Child<void> second = group.start(note(client, "/2", answers));
            group.spawn(note(client, "/3", answers));
            co_await sleep_for(500ms);
            second.cancel();
        });
        EXPECT_EQ(answers, (std::vector<std::string>{"200 /1", "200 /3"}));
        EXPECT_EQ(client.opened(), 1u);
    });
}

// Granted and cancelled in one turn: the group is cancelled by the task whose call has just ended.
TEST(ClientPool, APlaceGrantedToACallThatIsCancelledInThatTurnPassesOn) {
    with_server(answer_in_a_second, [](Server&) -> Task<void> {
        Client client(ClientOptions().connections_max(1));
        std::vector<std::string> answers;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            std::optional<Child<void>> second;
            const auto first = [&]() -> Task<void> {
                co_await note(client, "/1", answers);
                second->cancel();
            };
            group.spawn(first());
            co_await yield();
            second = group.start(note(client, "/2", answers));
            co_await sleep_for(5s);
            EXPECT_EQ(co_await get(client, "/3"), "200 /3");
        });
        EXPECT_EQ(answers, (std::vector<std::string>{"200 /1"}));
        EXPECT_EQ(client.opened(), 1u);
    });
}

TEST(ClientPool, ACallThatIsCancelledGivesItsConnectionsPlaceBack) {
    with_server(answer_in_a_second, [](Server&) -> Task<void> {
        Client client(ClientOptions().connections_max(1));
        Result<std::string> cut = co_await timeout(500ms, get(client, "/1"));
        EXPECT_EQ(cut.error(), Error::timed_out);
        EXPECT_EQ(co_await get(client, "/2"), "200 /2");
        EXPECT_EQ(client.opened(), 2u);
    });
}

TEST(ClientPool, AStreamHoldsItsPlaceUntilItIsReadOrDropped) {
    with_server(answer_in_a_second, [](Server&) -> Task<void> {
        Client client(ClientOptions().connections_max(1).call_limit(3s));
        {
            Result<ResponseStream> stream = co_await client.open(Request("GET", url("/1")));
            EXPECT_TRUE(stream.has_value());
            EXPECT_EQ(co_await get(client, "/2"),
                      "(http://localhost:8080: the call's deadline passed while it waited for "
                      "others to end, for the limit of connections is reached)");
        }
        EXPECT_EQ(co_await get(client, "/3"), "200 /3");
    });
}

TEST(ClientPool, AnIdleConnectionMakesRoomForOneOfAnotherOrigin) {
    with_server(answer_in_a_second, [](Server& server) -> Task<void> {
        Client client(ClientOptions().connections_max(2));
        EXPECT_EQ(co_await get(client, "/", "http://localhost:8080"), "200 /");
        EXPECT_EQ(co_await get(client, "/", "http://127.0.0.1:8080"), "200 /");
        EXPECT_EQ(client.idle(), 2u);
        std::vector<std::string> answers;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(note(client, "/1", answers, "http://127.0.0.1:8080"));
            group.spawn(note(client, "/2", answers, "http://127.0.0.1:8080"));
            co_await sleep_for(500ms);
            EXPECT_EQ(server.connections(), 2u);
        });
        EXPECT_EQ(answers, (std::vector<std::string>{"200 /1", "200 /2"}));
        EXPECT_EQ(client.opened(), 3u);
    });
}

TEST(ClientPool, ClosesAConnectionThatWasIdleForTooLong) {
    with_server(answer_in_a_second, [](Server& server) -> Task<void> {
        Client client(ClientOptions().idle_limit(20s));
        EXPECT_EQ(co_await get(client, "/"), "200 /");
        co_await sleep_for(19s);
        EXPECT_EQ(client.idle(), 1u);
        EXPECT_EQ(co_await get(client, "/"), "200 /");
        EXPECT_EQ(client.opened(), 1u);
        // Of itself, without another call.
        co_await sleep_for(21s);
        EXPECT_EQ(client.idle(), 0u);
        EXPECT_EQ(server.connections(), 0u);
        EXPECT_EQ(co_await get(client, "/"), "200 /");
        EXPECT_EQ(client.opened(), 2u);
    });
}

TEST(ClientPool, KeepsTheConnectionsThatWereUsedLast) {
    with_server(answer_in_a_second, [](Server&) -> Task<void> {
        Client client(ClientOptions().idle_limit(20s).idle_max(2));
        std::vector<std::string> answers;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 4; ++i)
                group.spawn(note(client, "/", answers));
            co_return;
        });
        EXPECT_EQ(client.idle(), 2u);
        co_await sleep_for(15s);
        EXPECT_EQ(co_await get(client, "/"), "200 /");
        co_await sleep_for(10s);
        EXPECT_EQ(client.idle(), 1u);
        EXPECT_EQ(client.opened(), 4u);
    });
}

TEST(ClientPool, NeverUsesAnIdleConnectionThatReceivedBytes) {
    // The server goes on talking after its answer: nobody asked for that.
    const auto chatter = [](TcpListener& listener) -> Task<void> {
        std::vector<TcpStream> open;
        for (const std::string_view text : {kOne, kTwo}) {
            open.push_back((co_await listener.accept()).value());
            std::ignore = co_await read_until(open.back(), "\r\n\r\n");
            std::ignore = co_await open.back().write_all(as_bytes(text));
            co_await sleep_for(1s);
            std::ignore = co_await open.back().write_all(as_bytes(text));
        }
    };
    alone([&]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(kPort)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(chatter(listener));
            Client client;
            EXPECT_EQ(co_await get(client, "/"), "200 one");
            EXPECT_EQ(client.idle(), 1u);
            co_await sleep_for(2s);
            EXPECT_EQ(co_await get(client, "/"), "200 two");
            EXPECT_EQ(client.opened(), 2u);
        });
    });
}

TEST(ClientPool, DoesNotKeepAConnectionWhoseAnswerIsFollowedByMore) {
    with_scripts({std::string(kOne) + std::string(kTwo), std::string(kTwo)}, []() -> Task<void> {
        Client client;
        EXPECT_EQ(co_await get(client, "/"), "200 one");
        EXPECT_EQ(client.idle(), 0u);
        EXPECT_EQ(co_await get(client, "/"), "200 two");
    });
}

TEST(ClientPool, CallsThatWaitTakeConnectionsOverAsTheyComeFree) {
    with_server(answer_in_a_second, [](Server&) -> Task<void> {
        Client client(ClientOptions().connections_max_by_origin(10));
        std::vector<std::string> answers;
        const Instant start = Reactor::current().now();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 100; ++i)
                group.spawn(note(client, "/", answers));
            co_return;
        });
        EXPECT_EQ(answers.size(), 100u);
        EXPECT_EQ(client.opened(), 10u);
        EXPECT_LT(since(start), 10100ms);
    });
}

TEST(ClientPoolDeath, AStreamMustNotOutliveItsClient) {
    const auto outlive = [] {
        with_server(answer_in_a_second, [](Server&) -> Task<void> {
            auto client = std::make_unique<Client>();
            Result<ResponseStream> stream = co_await client->open(Request("GET", url("/")));
            client.reset();
        });
    };
    EXPECT_DEATH(outlive(), "outlives its http::Client");
}

}  // namespace
