// SPDX-License-Identifier: MIT
//
// weir's side of the calls in flight: http::Client as a user has it, one task a call.
#include <weir/http/client.h>
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>

#include <string>

#include "bench/floor/http_bytes.h"
#include "bench/groups.h"

namespace weir::bench {
namespace {

Task<Result<void>> call(http::Client& client, const http::Url& url) {
    http::Request request("POST", url);
    request.header("Content-Type", "application/json").body(floor::request_body());
    const Result<http::Response> response = co_await client.send(std::move(request));
    if (!response) co_return response.error();
    if (response->status() != 200 || response->body.size() != floor::kResponseBodyBytes) {
        co_return Error(Errc::bad_argument, "the server's answer is not what it should be");
    }
    co_return Result<void>();
}

Task<Result<void>> call_at_once(std::size_t calls, const http::Url& url) {
    http::Client client;
    co_return co_await with_group([&](TaskGroup& group) -> Task<Result<void>> {
        for (std::size_t i = 0; i < calls; ++i)
            group.spawn(call(client, url));
        co_return Result<void>();
    });
}

}  // namespace

// Arguments: how many calls, and the server's port.
Result<Sample> inflight_weir(const Arguments& arguments) {
    raise_descriptor_limit();
    const Result<http::Url> url = http::Url::parse(
        "http://127.0.0.1:" + std::to_string(arguments.number(1)) + std::string(floor::kPath));
    if (!url) return url.error();
    const Result<void> done = run(call_at_once(arguments.number(0), *url));
    if (!done) return done.error();
    return Sample();
}

}  // namespace weir::bench
