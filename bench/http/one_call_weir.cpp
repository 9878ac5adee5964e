// SPDX-License-Identifier: MIT
//
// weir's side of calls that are made one after the other: on a kept connection, on a new one each
// time, and by turns on both.
#include <weir/runtime/run.h>

#include "bench/groups.h"
#include "bench/http/call.h"

namespace weir::bench {
namespace {

/// Keeps no connection; what else it remembers of a server, it keeps.
http::ClientOptions fresh_connections() {
    return http::ClientOptions().idle_max(0);
}

Task<Result<void>> call_in_turn(http::Client& client, const http::Url& url, std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) {
        Result<void> done = co_await call(client, url);
        if (!done) co_return done;
    }
    co_return Result<void>();
}

Task<Result<void>> call_timed(http::Client& client, const http::Url& url, Latencies& latencies) {
    latencies.begin();
    Result<void> done = co_await call(client, url);
    latencies.end();
    co_return done;
}

Task<Result<Sample>> one_call(const http::Url& url, std::size_t calls) {
    http::Client client;
    Result<void> done = co_await call_in_turn(client, url, calls / 10 + 1);
    Latencies latencies;
    for (std::size_t i = 0; done && i < calls; ++i)
        done = co_await call_timed(client, url, latencies);
    if (!done) co_return std::move(done).error();
    Sample sample;
    sample.set("p50_us", latencies.p50_us());
    co_return std::move(sample);
}

Task<Result<Sample>> session_reuse(const http::Url& url, std::size_t calls) {
    http::Client keeping;
    http::Client fresh(fresh_connections());
    Result<void> done = co_await call_in_turn(keeping, url, calls / 10 + 1);
    if (done) done = co_await call_in_turn(fresh, url, calls / 10 + 1);
    Latencies reused;
    Latencies anew;
    for (std::size_t i = 0; done && i < calls; ++i) {
        done = co_await call_timed(keeping, url, reused);
        if (done) done = co_await call_timed(fresh, url, anew);
    }
    if (!done) co_return std::move(done).error();
    if (keeping.opened() != 1) {
        co_return Error(Errc::stream_ended, "the connection was not kept");
    }
    Sample sample;
    sample.set("reused_p50_us", reused.p50_us());
    sample.set("new_p50_us", anew.p50_us());
    co_return std::move(sample);
}

Task<Result<Sample>> tls_connect(const http::Url& url, std::size_t calls) {
    http::Client client(fresh_connections());
    Result<void> done = co_await call_in_turn(client, url, calls / 10 + 1);
    const Usage usage;
    if (done) done = co_await call_in_turn(client, url, calls);
    if (!done) co_return std::move(done).error();
    co_return usage.so_far();
}

}  // namespace

// Arguments: how many calls, and the server's port.
Result<Sample> one_call_weir(const Arguments& arguments) {
    const Result<http::Url> url = server_url(arguments.number(1));
    if (!url) return url.error();
    return run(one_call(*url, arguments.number(0)));
}

// Arguments: how many calls of each kind, whether over TLS, and the server's port.
Result<Sample> session_reuse_weir(const Arguments& arguments) {
    const Result<http::Url> url = server_url(arguments.number(2), arguments.number(1) != 0);
    if (!url) return url.error();
    return run(session_reuse(*url, arguments.number(0)));
}

// Arguments: how many connections, one after the other, and the server's port.
Result<Sample> tls_connect_weir(const Arguments& arguments) {
    const Result<http::Url> url = server_url(arguments.number(1), true);
    if (!url) return url.error();
    return run(tls_connect(*url, arguments.number(0)));
}

}  // namespace weir::bench
