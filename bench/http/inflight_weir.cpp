// SPDX-License-Identifier: MIT
//
// weir's side of the calls in flight: http::Client as a user has it, one task a call.
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>

#include "bench/groups.h"
#include "bench/http/call.h"

namespace weir::bench {
namespace {

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
    const Result<http::Url> url = server_url(arguments.number(1));
    if (!url) return url.error();
    const Result<void> done = run(call_at_once(arguments.number(0), *url));
    if (!done) return done.error();
    return Sample();
}

}  // namespace weir::bench
