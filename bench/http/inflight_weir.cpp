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

Result<Sample> inflight(const Arguments& arguments, bool is_secure) {
    raise_descriptor_limit();
    const Result<http::Url> url = server_url(arguments.number(1), is_secure);
    if (!url) return url.error();
    const Result<void> done = run(call_at_once(arguments.number(0), *url));
    if (!done) return done.error();
    return Sample();
}

}  // namespace

// Arguments of both: how many calls, and the server's port.
Result<Sample> inflight_weir(const Arguments& arguments) {
    return inflight(arguments, false);
}
Result<Sample> inflight_tls_weir(const Arguments& arguments) {
    return inflight(arguments, true);
}

}  // namespace weir::bench
