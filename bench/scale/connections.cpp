// SPDX-License-Identifier: MIT
//
// Many connections of which few have something to say at any time: each has a task at either end
// that waits for bytes, and sends one message there and back at a moment of its own.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "bench/groups.h"
#include "bench/runtime/pairs.h"
#include "bench/turn_meter.h"

namespace weir::bench {
namespace {

using Clock = TurnMeter::Clock;
using Microseconds = std::chrono::duration<double, std::micro>;

// What the kernel keeps for itself and cannot drop, of the whole machine.
double kernel_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string word;
    while (file >> word) {
        if (word != "SUnreclaim:") continue;
        double kilobytes = 0;
        file >> kilobytes;
        return kilobytes * 1024;
    }
    return 0;
}

class Visit {
public:
    TurnMeter turns;
    std::vector<double> round_trips;  // in microseconds
    Clock::time_point start;
    double kernel_bytes_at_rest = 0;
};

Task<void> answer(TcpStream& stream) {
    const std::string message(kMessageBytes, 'b');
    while (co_await read_message(stream)) {
        if (!co_await stream.write_all(as_bytes(message))) co_return;
    }
}

// The client's end waits for bytes too, as a connection's reader does, while another task sends.
Task<void> listen(TcpStream& stream, Visit& visit, Clock::time_point& sent) {
    if (!co_await read_message(stream)) co_return;
    const Clock::time_point now = Clock::now();
    visit.turns.step(now);
    visit.round_trips.push_back(Microseconds(now - sent).count());
}

Task<void> ask(TcpStream& stream, Instant when, Clock::time_point& sent) {
    const std::string message(kMessageBytes, 'a');
    co_await sleep_until(when);
    sent = Clock::now();
    static_cast<void>(co_await stream.write_all(as_bytes(message)));
}

Task<void> converse(std::vector<Pair>& pairs, Duration span, Visit& visit) {
    std::vector<Clock::time_point> sent(pairs.size());
    std::vector<std::size_t> places(pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i)
        places[i] = i;
    std::shuffle(places.begin(), places.end(), std::mt19937(1));
    const auto answerers = [&](TaskGroup& group) -> Task<void> {
        for (Pair& pair : pairs)
            group.spawn(answer(pair.server));
        const auto askers = [&](TaskGroup& inner) -> Task<void> {
            for (std::size_t i = 0; i < pairs.size(); ++i)
                inner.spawn(listen(pairs[i].client, visit, sent[i]));
            for (int i = 0; i < 3; ++i)
                co_await yield();  // until all wait
            visit.kernel_bytes_at_rest = kernel_bytes();
            const Instant start(Clock::now().time_since_epoch());
            for (std::size_t i = 0; i < pairs.size(); ++i) {
                const Instant when = start + span / pairs.size() * places[i];
                inner.spawn(ask(pairs[i].client, when, sent[i]));
            }
        };
        co_await with_group(askers);
        group.cancel();
    };
    co_await with_group(answerers);
}

Task<Result<Sample>> visit_connections(std::size_t count, Duration span) {
    const double kernel_before = kernel_bytes();
    Result<std::vector<Pair>> pairs = co_await connect_pairs(count);
    if (!pairs) co_return std::move(pairs).error();
    Visit visit;
    visit.round_trips.reserve(count);
    const double cpu_before = cpu_seconds();
    co_await converse(*pairs, span, visit);
    std::vector<double>& trips = visit.round_trips;
    if (trips.size() != count) {
        co_return Error(Errc::stream_ended, "a connection has failed under way");
    }
    std::sort(trips.begin(), trips.end());
    Sample sample;
    sample.set("cpu_s", cpu_seconds() - cpu_before);
    sample.set("round_trip_p50_us", trips[count / 2]);
    sample.set("round_trip_p99_us", trips[count - 1 - count / 100]);
    sample.set("turn_max_ms", visit.turns.longest_ms());
    sample.set("kernel_bytes", visit.kernel_bytes_at_rest - kernel_before);
    co_return std::move(sample);
}

}  // namespace

// Arguments: how many connections, and over how many milliseconds their messages are spread.
Result<Sample> connections_weir(const Arguments& arguments) {
    raise_descriptor_limit();
    const Duration span = std::chrono::milliseconds(arguments.number(1));
    return run(visit_connections(arguments.number(0), span));
}

}  // namespace weir::bench
