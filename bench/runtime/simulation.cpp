// SPDX-License-Identifier: MIT
//
// How many simulated worlds a second: in each a client and a server exchange some messages over a
// stream, with a time limit and on a bad day. The floor is a world in which nothing happens, so the
// ratio tells what the making of a world costs in it.
#include <weir/runtime/run.h>
#include <weir/runtime/simulation.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

constexpr int kMessages = 4;
constexpr std::string_view kMessage = "so that a segment has something to be cut in";

Task<void> echo(TcpListener& listener) {
    Result<TcpStream> stream = co_await listener.accept();
    while (stream) {
        const Result<Lease> lease = co_await stream->read();
        if (!lease || lease->empty()) co_return;
        const Result<void> sent = co_await stream->write_all(lease->bytes());
        if (!sent) co_return;
    }
}

Task<Result<void>> ask(Endpoint server) {
    Result<TcpStream> stream = co_await TcpStream::connect(server);
    if (!stream) co_return std::move(stream).error();
    for (int i = 0; i < kMessages; ++i) {
        const Result<void> sent = co_await stream->write_all(as_bytes(kMessage));
        if (!sent) co_return sent.error();
        for (std::size_t got = 0; got < kMessage.size();) {
            const Result<Lease> lease = co_await stream->read();
            if (!lease) co_return lease.error();
            if (lease->empty()) co_return Error(Errc::stream_ended);
            got += lease->size();
        }
    }
    co_return Result<void>();
}

// True when all that was sent came back.
Task<bool> exchange() {
    Result<TcpListener> listener = TcpListener::bind(Endpoint::loopback(0));
    if (!listener) co_return false;
    const auto body = [&](TaskGroup& group) -> Task<bool> {
        group.spawn(echo(*listener));
        const Result<void> answered =
            co_await timeout(std::chrono::seconds(10), ask(listener->local_endpoint()));
        group.cancel();
        co_return answered.has_value();
    };
    co_return co_await with_group(body);
}

Task<bool> nothing() {
    co_return true;
}

template <typename Program>
void run_worlds(benchmark::State& state, Program program) {
    const Faults faults = Faults::light();
    std::uint64_t seed = 0;
    std::uint64_t good = 0;
    while (state.KeepRunning())
        good += run_simulated(program(), Simulation().seed(++seed).faults(faults).shuffle());
    // Light faults break few exchanges: otherwise this would measure how fast worlds fail.
    if (good < seed * 3 / 4) state.SkipWithError("too few exchanges succeeded");
    state.SetItemsProcessed(state.iterations());
}

}  // namespace

void add_simulation() {
    add_micro("simulation_seeds.per_s", "weir",
              [](benchmark::State& state) { run_worlds(state, exchange); });
    add_micro("simulation_seeds.per_s", "floor",
              [](benchmark::State& state) { run_worlds(state, nothing); });
}

}  // namespace weir::bench
