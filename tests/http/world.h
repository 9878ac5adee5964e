// SPDX-License-Identifier: MIT
//
// A simulated world with a server in it, for tests of what speaks HTTP. A body is a coroutine
// lambda; it may capture, since it lives until the world has ended. Nothing may be left behind.
#pragma once

#include <gtest/gtest.h>
#include <weir/http/server.h>
#include <weir/http/wire/url.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

inline constexpr std::uint16_t kPort = 8080;

inline Url url(std::string_view path, std::string_view origin = "http://localhost:8080") {
    return Url::parse(std::string(origin) + std::string(path)).value();
}

inline Duration since(Instant start) {
    return Reactor::current().now() - start;
}

/// Runs `body(server)` beside a server with that handler; the server ends with the body.
template <typename Body>
void with_server(Server::Handler handler, ServerOptions options, Body body) {
    const std::size_t frames_before = weir::detail::frames_live();
    const auto serve = [&]() -> Task<void> {
        Server server = Server::listen(Endpoint::loopback(kPort), std::move(options)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve(handler));
            co_await body(server);
            group.cancel();
        });
    };
    run_simulated(serve());
    EXPECT_EQ(weir::detail::frames_live(), frames_before);
}

template <typename Body>
void with_server(Server::Handler handler, Body body) {
    with_server(std::move(handler), ServerOptions(), std::move(body));
}

/// Without the dates that the server writes.
inline std::string without_dates(std::string text) {
    constexpr std::size_t kLine = sizeof("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n") - 1;
    for (std::size_t at = text.find("Date: "); at != std::string::npos; at = text.find("Date: "))
        text.erase(at, kLine);
    return text;
}

/// Reads until `text` has come, or the end; gives all that came.
inline Task<std::string> read_until(TcpStream& stream, std::string_view text) {
    std::string all;
    while (all.find(text) == std::string::npos) {
        Result<Lease> lease = co_await stream.read();
        if (!lease || lease->empty()) break;
        all.append(as_text(lease->bytes()));
    }
    co_return all;
}

/// Reads to the end of the stream.
inline Task<std::string> read_all(TcpStream& stream) {
    std::string all;
    for (;;) {
        Result<Lease> lease = co_await stream.read();
        if (!lease || lease->empty()) co_return all;
        all.append(as_text(lease->bytes()));
    }
}

/// What a server without manners does with one connection: for each part of the script, parted by
/// kNextRequest, it reads a request and sends the part as it is. Then it closes the connection, or
/// stays silent where the script ends with kStayOpen.
inline constexpr std::string_view kNextRequest = "<next request>";
inline constexpr std::string_view kStayOpen = "<stay open>";

inline Task<void> play(TcpStream stream, std::string_view script) {
    const bool stays = script.ends_with(kStayOpen);
    if (stays) script.remove_suffix(kStayOpen.size());
    for (bool is_last = false; !is_last;) {
        const std::size_t end = script.find(kNextRequest);
        is_last = end == std::string_view::npos;
        const std::string request = co_await read_until(stream, "\r\n\r\n");
        Result<void> sent = co_await stream.write_all(as_bytes(script.substr(0, end)));
        EXPECT_TRUE(sent.has_value());
        if (!is_last) script.remove_prefix(end + kNextRequest.size());
    }
    if (stays) co_await sleep_for(std::chrono::hours(24));
}

inline Task<void> serve_scripts(TaskGroup& group, TcpListener& listener,
                                const std::vector<std::string>& scripts) {
    for (const std::string& script : scripts) {
        Result<TcpStream> stream = co_await listener.accept();
        group.spawn(play(*std::move(stream), script));
    }
}

/// Runs `body()` beside a server that plays one script on each connection, in this order.
template <typename Body>
void with_scripts(std::vector<std::string> scripts, Body body) {
    const std::size_t frames_before = weir::detail::frames_live();
    const auto serve = [&]() -> Task<void> {
        TcpListener listener = TcpListener::bind(Endpoint::loopback(kPort)).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve_scripts(group, listener, scripts));
            co_await body();
            group.cancel();
        });
    };
    run_simulated(serve());
    EXPECT_EQ(weir::detail::frames_live(), frames_before);
}

/// Runs `body()` in a world without a server.
template <typename Body>
void alone(Body body) {
    const std::size_t frames_before = weir::detail::frames_live();
    run_simulated(body());
    EXPECT_EQ(weir::detail::frames_live(), frames_before);
}

}  // namespace weir::http
