// SPDX-License-Identifier: MIT
//
// The contests about HTTP. Each client has the first CPU, and a server, in a process of its own and
// new for each run, the second: so no run meets the closed connections of the one before.
#include <algorithm>
#include <cstdio>

#include "bench/contest.h"

namespace weir::bench {
namespace {

constexpr std::size_t kSpareDescriptors = 64;

Command server(std::size_t delay_milliseconds) {
    Command command("delay_server");
    return command.argument(delay_milliseconds).cpu(kServerCpu);
}

double microseconds_of_cpu(const Reading& reading) {
    return reading.each("cpu_s") * 1e6;
}

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
    // How many the server had at one time: were they all in flight at once?
    contest.ask("inflight.pending_peak", "calls",
                [](const Reading& reading) { return reading.of_helper("pending_peak"); });
    const auto contender_of = [&](std::string peer, Command all) {
        Command one = all;
        all.argument(calls).cpu(kMeasuringCpu);
        one.argument(1).cpu(kMeasuringCpu);
        Contender contender(std::move(peer), all, calls - 1);
        contender.less(one).beside(server(kDelayMilliseconds));
        return contender;
    };
    for_each_own("inflight", [&](const char* peer, const Command& command, const char* backend) {
        contest.enter(std::move(contender_of(peer, command).backend(backend)));
    });
    for (const Peer& peer : plan.peers())
        contest.enter(contender_of(peer.name(), peer.command("inflight")));
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
    const auto contender_of = [](std::string peer, Command command, std::size_t some) {
        command.argument(some).argument(kInFlight).cpu(kMeasuringCpu);
        Contender contender(std::move(peer), command, some);
        contender.beside(server(0));
        return contender;
    };
    for_each_own("http_call", [&](const char* peer, const Command& command, const char* backend) {
        contest.enter(std::move(contender_of(peer, command, calls).backend(backend)));
    });
    for (const Peer& peer : plan.peers()) {
        const std::size_t some = peer.scaled("http_call", calls / 2);
        contest.enter(contender_of(peer.name(), peer.command("http_call"), some));
    }
    return contest.run(plan, report);
}

}  // namespace

Result<void> run_http_group(const Plan& plan, Report& report) {
    Result<void> worst;
    for (auto* part : {http_call, inflight}) {
        if (Result<void> done = part(plan, report); !done) worst = std::move(done);
    }
    return worst;
}

}  // namespace weir::bench
