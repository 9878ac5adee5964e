// SPDX-License-Identifier: MIT
//
// The group of benchmarks about the LLM client: whole calls beside plain HTTP calls, and streams
// that come as fast as they are taken, at a pace, and slowly but very many.
#include <algorithm>
#include <cstdio>

#include "bench/http/contests.h"

namespace weir::bench {
namespace {

constexpr std::size_t kSpareDescriptors = 64;

class StreamLoad {
public:
    StreamLoad(std::size_t how_many, std::size_t chunks_each, std::size_t pace) noexcept
        : streams(how_many), chunks(chunks_each), pace_us(pace) {}

    std::size_t streams;
    std::size_t chunks;
    std::size_t pace_us;  // between two chunks of a stream; 0: none
};

Command stream_server(const StreamLoad& load) {
    Command server("stream_server");
    return server.argument(load.chunks).argument(load.pace_us).cpu(kServerCpu);
}

/// `less`: what one stream takes is not counted.
Contender reader(std::string peer, Command command, const StreamLoad& load, std::size_t items,
                 bool less) {
    Command one = command;
    command.argument(load.streams).argument(load.chunks).cpu(kMeasuringCpu);
    Contender contender(std::move(peer), std::move(command), items);
    if (less) contender.less(std::move(one.argument(1).argument(load.chunks).cpu(kMeasuringCpu)));
    return contender.beside(stream_server(load));
}

void enter_readers(Contest& contest, const Plan& plan, const char* metric, const StreamLoad& load,
                   bool is_about_streams) {
    const auto items = [&](std::size_t streams) {
        return is_about_streams ? streams - 1 : streams * load.chunks;
    };
    const auto enter = [&](std::string peer, Command command, const StreamLoad& some) {
        return reader(std::move(peer), std::move(command), some, items(some.streams),
                      is_about_streams);
    };
    contest.enter(enter("floor", Command("stream_epoll"), load));
    enter_weir(contest, enter("weir", Command("stream_weir"), load));
    for (const Peer& peer : plan.peers()) {
        StreamLoad some = load;
        if (!is_about_streams)
            some.streams = std::max<std::size_t>(peer.scaled(metric, load.streams), 1);
        contest.enter(enter(peer.name(), peer.command("stream"), some));
    }
}

Result<void> stream_fast(const Plan& plan, Report& report) {
    const StreamLoad load(plan.is_quick() ? 20 : 200, 2000, 0);
    Contest contest("llm: streams as fast as they are taken");
    contest.ask("stream_fast.cpu_ns_per_chunk", "ns",
                [](const Reading& reading) { return reading.each("cpu_s") * 1e9; });
    enter_readers(contest, plan, "stream_fast", load, false);
    return contest.run(plan, report);
}

Result<void> stream_paced(const Plan& plan, Report& report) {
    const StreamLoad load(100, plan.is_quick() ? 50 : 500, 5000);
    Contest contest("llm: streams at a pace");
    contest.ask("stream_paced.cpu_us_per_chunk", "us", microseconds_of_cpu);
    enter_readers(contest, plan, "stream_paced", load, false);
    return contest.run(plan, report);
}

Result<void> stream_slow(const Plan& plan, Report& report) {
    const std::size_t wanted = plan.is_quick() ? 1000 : 10'000;
    const std::size_t streams = std::min(wanted, raise_descriptor_limit() - kSpareDescriptors);
    const StreamLoad load(streams, 8, 500'000);
    Contest contest("llm: " + std::to_string(streams) + " slow streams");
    contest.ask("stream_slow.bytes_per_call", "B",
                [](const Reading& reading) { return reading.each("peak_bytes"); });
    contest.ask("stream_slow.cpu_us_per_chunk", "us", [&](const Reading& reading) {
        return microseconds_of_cpu(reading) / static_cast<double>(load.chunks);
    });
    contest.ask("stream_slow.live_peak", "streams", pending_peak);
    enter_readers(contest, plan, "stream_slow", load, true);
    return contest.run(plan, report);
}

// A chat of typed messages, and its answer read into a result, beside the same by plain HTTP with
// JSON written and read by hand, which stands as the floor.
Result<void> chat_call(const Plan& plan, Report& report) {
    constexpr std::size_t kInFlight = 64;
    const std::size_t calls = plan.is_quick() ? 10'000 : 200'000;
    Contest contest("llm: whole calls on kept connections");
    contest.ask("chat_call.cpu_us", "us", microseconds_of_cpu);
    contest.ask_over_floor("chat_call.added_us", "us", microseconds_of_cpu);
    const Command server = http_server(0);
    for (const char* backend : {"uring", "epoll"}) {
        for (const auto& [peer, worker] :
             {std::pair("weir", "chat_call_weir"), std::pair("floor", "http_call_weir")}) {
            Contender contender = http_client(peer, Command(worker), {calls, kInFlight}, server);
            contest.enter(std::move(contender.backend(backend)));
        }
    }
    for (const Peer& peer : plan.peers()) {
        // What they call a chat is a call over HTTP with JSON in it.
        const std::size_t some = peer.scaled("http_call", calls / 2);
        const Command command = peer.command("http_call");
        contest.enter(http_client(peer.name(), command, {some, kInFlight}, server));
    }
    return contest.run(plan, report);
}

}  // namespace

Result<void> run_llm_group(const Plan& plan, Report& report) {
    return run_all({chat_call, stream_fast, stream_paced, stream_slow}, plan, report);
}

}  // namespace weir::bench
