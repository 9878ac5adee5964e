// SPDX-License-Identifier: MIT
//
// Small messages there and back over TCP on loopback, with both ends on one loop.
#include <weir/runtime/run.h>
#include <weir/runtime/task_group.h>

#include <string>
#include <vector>

#include "bench/floor/pingpong.h"
#include "bench/groups.h"
#include "bench/runtime/pairs.h"

namespace weir::bench {
namespace {

Task<void> answer(TcpStream& stream, std::size_t rounds) {
    const std::string message(kMessageBytes, 'b');
    for (std::size_t i = 0; i < rounds; ++i) {
        if (!co_await read_message(stream)) co_return;
        const Result<void> sent = co_await stream.write_all(as_bytes(message));
        if (!sent) co_return;
    }
}

Task<void> ask(TcpStream& stream, std::size_t rounds, std::size_t& done) {
    const std::string message(kMessageBytes, 'a');
    for (std::size_t i = 0; i < rounds; ++i) {
        const Result<void> sent = co_await stream.write_all(as_bytes(message));
        if (!sent || !co_await read_message(stream)) co_return;
        ++done;
    }
}

Task<std::size_t> play(std::vector<Pair>& pairs, std::size_t rounds) {
    std::size_t done = 0;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (Pair& pair : pairs) {
            group.spawn(answer(pair.server, rounds));
            group.spawn(ask(pair.client, rounds, done));
        }
        co_return;
    });
    co_return done;
}

Task<Result<Sample>> pingpong(std::size_t connections, std::size_t rounds) {
    Result<std::vector<Pair>> pairs = co_await connect_pairs(connections);
    if (!pairs) co_return std::move(pairs).error();
    co_await play(*pairs, floor::warm_up_rounds(rounds));
    const double before = cpu_seconds();
    const std::size_t done = co_await play(*pairs, rounds);
    Sample sample;
    sample.set("cpu_s", cpu_seconds() - before);
    sample.set("items", static_cast<double>(done));
    if (done != connections * rounds) {
        co_return Error(Errc::stream_ended, "a connection has failed under way");
    }
    co_return std::move(sample);
}

}  // namespace

// Arguments: how many connections, and how many round trips each makes.
Result<Sample> pingpong_weir(const Arguments& arguments) {
    return run(pingpong(arguments.number(0), arguments.number(1)));
}

}  // namespace weir::bench
