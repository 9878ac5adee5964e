// SPDX-License-Identifier: MIT
//
// Cancelling tasks that each wait for bytes of a connection of their own.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <vector>

#include "bench/groups.h"
#include "bench/runtime/pairs.h"

namespace weir::bench {
namespace {

Task<void> wait_for_bytes(TcpStream& stream, std::size_t& waiting) {
    ++waiting;
    const Result<Lease> lease = co_await stream.read();
    --waiting;  // never: the task is cancelled
}

// How much CPU it took from the cancellation until all were gone; negative where not all waited.
Task<double> cancel_readers(std::vector<Pair>& pairs) {
    using std::chrono_literals::operator""ms;
    std::size_t waiting = 0;
    double begin = 0;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (Pair& pair : pairs)
            group.spawn(wait_for_bytes(pair.server, waiting));
        co_await sleep_for(10ms);
        begin = cpu_seconds();
        group.cancel();
    });
    const double span = cpu_seconds() - begin;
    co_return waiting == pairs.size() ? span : -1;
}

Task<Result<Sample>> cancel_io(std::size_t count) {
    constexpr int kRounds = 20;  // one is too short for the clock of CPU time
    Result<std::vector<Pair>> pairs = co_await connect_pairs(count);
    if (!pairs) co_return std::move(pairs).error();
    double span = 0;
    for (int round = 0; round <= kRounds; ++round) {
        const double one = co_await cancel_readers(*pairs);
        if (one < 0) co_return Error(Errc::timed_out, "a reader did not wait");
        if (round > 0) span += one;  // the first warms up
    }
    Sample sample;
    sample.set("cpu_s", span / kRounds);
    co_return std::move(sample);
}

}  // namespace

// Argument: how many tasks, each with a connection.
Result<Sample> cancel_io_weir(const Arguments& arguments) {
    raise_descriptor_limit();
    return run(cancel_io(arguments.number(0)));
}

}  // namespace weir::bench
