// SPDX-License-Identifier: MIT
#include <weir/http/router.h>

#include <gtest/gtest.h>

#include "tests/http/world.h"

#include <string>
#include <tuple>

using namespace weir;
using namespace weir::http;

namespace {

// A handler that says its name, and what it found in the path.
Router::Handler says(std::string name) {
    return [name](Exchange& exchange) -> Task<void> {
        std::string text = name + " " + std::string(exchange.parameter("id")) + "|" +
                           std::string(exchange.parameter("rest"));
        return [](Exchange& asked, std::string answer) -> Task<void> {
            std::ignore = co_await asked.respond(200, Headers(), std::move(answer));
        }(exchange, std::move(text));
    };
}

Router make_router() {
    Router router;
    router.add("GET", "/", says("root"))
        .add("GET", "/users", says("list"))
        .add("POST", "/users", says("create"))
        .add("GET", "/users/me", says("me"))
        .add("GET", "/users/{id}", says("user"))
        .add("DELETE", "/users/{id}", says("delete"))
        .add("GET", "/users/{id}/posts/{rest}", says("post"))
        .add("GET", "/files/{rest...}", says("files"));
    return router;
}

// "status body", with what Allow says in between.
Task<std::string> ask(std::string method, std::string target) {
    Result<TcpStream> stream = co_await TcpStream::connect(Endpoint::loopback(kPort));
    const std::string request =
        method + " " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    std::ignore = co_await stream->write_all(as_bytes(request));
    const std::string told = co_await read_all(*stream);
    std::string text = told.substr(9, 3);
    const std::size_t allow = told.find("Allow: ");
    if (allow != std::string::npos) {
        text += " [" + told.substr(allow + 7, told.find("\r\n", allow) - allow - 7) + "]";
    }
    co_return text + " " + told.substr(told.find("\r\n\r\n") + 4);
}

template <typename Body>
void with_routes(Body body) {
    const Router router = make_router();
    with_server(router.handler(), [&](Server&) -> Task<void> { co_await body(); });
}

TEST(HttpRouter, ChoosesByMethodAndPathTheBestFirst) {
    with_routes([]() -> Task<void> {
        EXPECT_EQ(co_await ask("GET", "/"), "200 root |");
        EXPECT_EQ(co_await ask("GET", "/users?x=1"), "200 list |");
        EXPECT_EQ(co_await ask("POST", "/users"), "200 create |");
        EXPECT_EQ(co_await ask("GET", "/users/me"), "200 me |");
        EXPECT_EQ(co_await ask("GET", "/users/7"), "200 user 7|");
        EXPECT_EQ(co_await ask("DELETE", "/users/me"), "200 delete me|");
        EXPECT_EQ(co_await ask("GET", "/users/me/posts/9"), "200 post me|9");
        EXPECT_EQ(co_await ask("GET", "http://other/users/7"), "200 user 7|");
    });
}

TEST(HttpRouter, TakesTheRestOfAPath) {
    with_routes([]() -> Task<void> {
        EXPECT_EQ(co_await ask("GET", "/files/a/b%20c/"), "200 files |a/b c/");
        EXPECT_EQ(co_await ask("GET", "/files/"), "200 files |");
        EXPECT_EQ(co_await ask("GET", "/files"), "404 Not Found\n");
        EXPECT_EQ(co_await ask("GET", "/files/a%2Fb"), "404 Not Found\n");
    });
}

TEST(HttpRouter, DecodesSafelyOrNotAtAll) {
    with_routes([]() -> Task<void> {
        EXPECT_EQ(co_await ask("GET", "/%75sers/a%2Fb"), "200 user a/b|");
        for (const char* path : {"/files/../x", "/files/%2e%2E/x", "/files/./x", "/users/%00",
                                 "/users/%", "/users/%4", "/users/%zz", "/.."}) {
            EXPECT_EQ(co_await ask("GET", path), "400 Bad Request\n") << path;
        }
    });
}

TEST(HttpRouter, SaysWhatIsNotThereAndWhatIsNotAllowed) {
    with_routes([]() -> Task<void> {
        for (const char* path : {"/user", "/users/", "/users//posts/1", "//users", "/Users"})
            EXPECT_EQ(co_await ask("GET", path), "404 Not Found\n") << path;
        EXPECT_EQ(co_await ask("PUT", "/users"),
                  "405 [GET, HEAD, OPTIONS, POST] Method Not Allowed\n");
        EXPECT_EQ(co_await ask("PUT", "/users/me"),
                  "405 [DELETE, GET, HEAD, OPTIONS] Method Not Allowed\n");
        EXPECT_EQ(co_await ask("get", "/"), "405 [GET, HEAD, OPTIONS] Method Not Allowed\n");
    });
}

TEST(HttpRouter, AnswersHeadByGetAndOptionsByItself) {
    with_routes([]() -> Task<void> {
        EXPECT_EQ(co_await ask("HEAD", "/users/7"), "200 ");
        EXPECT_EQ(co_await ask("OPTIONS", "/users"), "204 [GET, HEAD, OPTIONS, POST] ");
        EXPECT_EQ(co_await ask("OPTIONS", "/none"), "404 Not Found\n");
    });
}

TEST(HttpRouterDeath, ABadPatternAborts) {
    const auto add = [](const char* pattern) {
        Router router;
        router.add("GET", pattern, says("x"));
    };
    EXPECT_DEATH(add("users"), "begins with a slash");
    EXPECT_DEATH(add("/{rest...}/x"), "the last of a pattern");
    EXPECT_DEATH(add("/a{id}"), "whole segment");
    EXPECT_DEATH(make_router().add("GET", "/users", says("x")), "added before");
}

}  // namespace
