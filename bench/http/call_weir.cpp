// SPDX-License-Identifier: MIT
//
// weir's side of the calls on kept connections: http::Client as a user has it, one task for each
// call in flight.
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>

#include "bench/groups.h"
#include "bench/http/call.h"

namespace weir::bench {
namespace {

Task<Result<void>> keep_calling(http::Client& client, const http::Url& url, std::size_t& left) {
    while (left > 0) {
        --left;
        if (Result<void> done = co_await call(client, url); !done) co_return done;
    }
    co_return Result<void>();
}

Task<Result<void>> call_often(http::Client& client, const http::Url& url, std::size_t calls,
                              std::size_t in_flight) {
    co_return co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
        for (std::size_t i = 0; i < in_flight; ++i)
            group.spawn(keep_calling(client, url, calls));
        co_return Result<void>();
    });
}

Task<Result<Sample>> keep_connections(const http::Url& url, std::size_t calls,
                                      std::size_t in_flight) {
    http::Client client;
    // All of these begin before the first answer comes, and so each opens a connection.
    Result<void> done = co_await call_often(client, url, in_flight, in_flight);
    if (!done) co_return std::move(done).error();
    const Usage usage;
    done = co_await call_often(client, url, calls, in_flight);
    if (!done) co_return std::move(done).error();
    Sample sample = usage.so_far();
    if (client.opened() != in_flight) {
        co_return Error(Errc::stream_ended, "a connection was not kept, or not used");
    }
    co_return std::move(sample);
}

}  // namespace

// Arguments: how many calls, how many at a time, and the server's port.
Result<Sample> http_call_weir(const Arguments& arguments) {
    const Result<http::Url> url = server_url(arguments.number(2));
    if (!url) return url.error();
    return run(keep_connections(*url, arguments.number(0), arguments.number(1)));
}

}  // namespace weir::bench
