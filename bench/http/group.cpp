// SPDX-License-Identifier: MIT
//
// The group of benchmarks about HTTP, and those of its contests that are about calls and their
// bytes.
#include <algorithm>
#include <cstdio>

#include "bench/http/contests.h"

namespace weir::bench {
namespace {

constexpr std::size_t kSpareDescriptors = 64;

/// Calls `enter(peer, command, backend)` for weir and the floors of its two mechanisms, by the
/// names of their workers.
template <typename Enter>
void for_each_own(const std::string& bench, Enter enter) {
    for (const char* backend : {"uring", "epoll"}) {
        enter("weir", Command(bench + "_weir"), backend);
        enter("floor", Command(bench + "_" + backend), backend);
    }
}

// Very many calls at once, each on a connection of its own to a server that takes a second to
// answer: the client's own memory a call, its CPU a call, and how far above one second the whole
// takes.
Result<void> inflight(const Plan& plan, Report& report) {
    constexpr std::size_t kDelayMilliseconds = 1000;
    const std::size_t wanted = plan.is_quick() ? 1000 : 10'000;
    const std::size_t calls = std::min(wanted, raise_descriptor_limit() - kSpareDescriptors);
    if (calls < wanted) {
        std::fprintf(stderr, "http: %zu calls and not %zu, since no more descriptors are allowed\n",
                     calls, wanted);
    }
    Contest contest("http: " + std::to_string(calls) + " calls in flight");
    contest.ask("inflight.bytes_per_call", "B",
                [](const Reading& reading) { return reading.each("peak_bytes"); });
    contest.ask("inflight.cpu_us", "us", microseconds_of_cpu);
    contest.ask("inflight.wall_s", "s",
                [](const Reading& reading) { return reading.raw("wall_s"); });
    contest.ask("inflight.pending_peak", "calls", pending_peak);
    const Command server = http_server(kDelayMilliseconds);
    for_each_own("inflight", [&](const char* peer, const Command& command, const char* backend) {
        Contender contender = http_crowd(peer, command, calls, server);
        contest.enter(std::move(contender.backend(backend)));
    });
    for (const Peer& peer : plan.peers())
        contest.enter(http_crowd(peer.name(), peer.command("inflight"), calls, server));
    return contest.run(plan, report);
}

Result<void> head_parse(const Plan& plan, Report& report) {
    const std::size_t rounds = plan.is_quick() ? 2000 : 50'000;
    Contest contest("http: heads of responses");
    contest.ask("head_parse.gb_per_s", "GB/s", [](const Reading& reading) {
        return reading.raw("items") / reading.raw("cpu_s") / 1e9;
    });
    const auto enter = [&](std::string peer, Command command) {
        command.argument(rounds).cpu(kMeasuringCpu);
        contest.enter(Contender(std::move(peer), std::move(command), rounds));
    };
    enter("weir", Command("head_parse_weir"));
    enter("floor", Command("head_parse_floor"));
    for (const Peer& peer : plan.peers())
        enter(peer.name(), peer.command("head_parse"));
    return contest.run(plan, report);
}

// One call after another on each of a few kept connections, to a server that answers at once.
Result<void> http_call(const Plan& plan, Report& report) {
    constexpr std::size_t kInFlight = 64;
    const std::size_t calls = plan.is_quick() ? 10'000 : 200'000;
    Contest contest("http: calls on kept connections");
    contest.ask("http_call.cpu_us", "us", [](const Reading& reading) {
        constexpr double kBusy = 0.95;
        const double share = reading.of_helper("cpu_s") / reading.raw("wall_s");
        if (share > kBusy) {
            std::fprintf(stderr, "http: the server was busy for %.0f %% of the time\n",
                         share * 100);
        }
        return microseconds_of_cpu(reading);
    });
    const Command server = http_server(0);
    for_each_own("http_call", [&](const char* peer, const Command& command, const char* backend) {
        Contender contender = http_client(peer, command, {calls, kInFlight}, server);
        contest.enter(std::move(contender.backend(backend)));
    });
    for (const Peer& peer : plan.peers()) {
        const std::size_t some = peer.scaled("http_call", calls / 2);
        const Command command = peer.command("http_call");
        contest.enter(http_client(peer.name(), command, {some, kInFlight}, server));
    }
    return contest.run(plan, report);
}

// One call after the other on one connection: how long each takes. The floor is a blocking socket.
Result<void> one_call(const Plan& plan, Report& report) {
    const std::size_t calls = plan.is_quick() ? 500 : 10'000;
    Contest contest("http: one call after the other");
    const auto p50 = [](const Reading& reading) {
        return reading.raw("p50_us");
    };
    contest.ask("one_call.p50_us", "us", p50);
    contest.ask_over_floor("one_call.added_us", "us", p50);
    const Command server = http_server(0);
    contest.enter(http_client("floor", Command("one_call_blocking"), {calls}, server));
    enter_weir(contest, http_client("weir", Command("one_call_weir"), {calls}, server));
    for (const Peer& peer : plan.peers())
        contest.enter(http_client(peer.name(), peer.command("one_call"), {calls / 5}, server));
    return contest.run(plan, report);
}

}  // namespace

Result<void> run_http_group(const Plan& plan, Report& report) {
    return run_all({head_parse, http_call, one_call, inflight, run_connection_contests}, plan,
                   report);
}

}  // namespace weir::bench
