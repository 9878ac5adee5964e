// SPDX-License-Identifier: MIT
//
// The group of runtime benchmarks: the microbenchmarks in rounds, with the peers' programs between
// them, and then the contests over sockets.
#include <cstdio>
#include <map>
#include <utility>

#include "bench/contest.h"
#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

/// What a peer's program does for one of our metrics.
struct PeerWork {
    const char* metric;
    const char* peer_metric;
    std::size_t count;      // scaled down for slow peers
    std::size_t parameter;  // 0: takes none
    std::size_t items;      // done for each of `count`
};
constexpr std::size_t kMillion = 1'000'000;
constexpr PeerWork kPeerWork[] = {
    {"spawn_join.per_s", "spawn_join", 5 * kMillion, 1000, 1},
    {"yield.per_s", "yield", 1000, 5000, 5000},
    {"await.ns", "await", 20 * kMillion, 0, 1},
    {"semaphore.per_s", "semaphore", 100'000, 100, 1},
    {"cancel.ns_per_task", "cancel", kMillion, 0, 1},
};

using PeerSeries = std::map<std::pair<std::string, std::string>, Series>;  // metric, peer

void measure_peers(const Plan& plan, PeerSeries& series) {
    for (const Peer& peer : plan.peers()) {
        for (const PeerWork& work : kPeerWork) {
            std::size_t count = peer.scaled(work.peer_metric, work.count);
            if (plan.is_quick()) count = std::max<std::size_t>(count / 50, 20);
            Command command = peer.command(work.peer_metric);
            command.cpu(kMeasuringCpu).argument(count);
            if (work.parameter != 0) command.argument(work.parameter);
            const Result<Sample> sample = measure(command);
            if (!sample) {
                if (sample.error() == Errc::unsupported) continue;
                std::fprintf(stderr, "runtime: %s\n", sample.error().message().c_str());
                continue;
            }
            const double items = static_cast<double>(count * work.items);
            const double cpu = sample->at("cpu_s");
            const std::string metric = work.metric;
            series[{metric, peer.name()}].add(is_rate(metric) ? items / cpu : cpu * 1e9 / items);
        }
    }
}

// Of those whose timers can be had alone.
void measure_timers_of_peers(const Plan& plan, PeerSeries& series) {
    for (const Peer& peer : plan.peers()) {
        Command command = peer.command("timers");
        command.cpu(kMeasuringCpu).argument(plan.is_quick() ? kMillion / 10 : kMillion);
        const Result<Sample> sample = measure(command);
        if (!sample) continue;
        for (const char* step : {"insert_ns", "cancel_ns", "expire_ns"})
            series[{std::string("timer.") + step, peer.name()}].add(sample->at(step));
    }
}

void enter_own(Contest& contest, std::size_t connections, std::size_t rounds) {
    const auto enter = [&](const char* peer, const char* worker, const char* backend) {
        Command command(worker);
        command.argument(connections).argument(rounds).cpu(kMeasuringCpu);
        Contender contender(peer, command, connections * rounds);
        if (backend != nullptr) contender.backend(backend);
        contest.enter(std::move(contender));
    };
    enter("weir", "pingpong_weir", "uring");
    enter("floor", "pingpong_uring", "uring");
    enter("weir", "pingpong_weir", "epoll");
    enter("floor", "pingpong_epoll", "epoll");
    if (connections == 1) enter("blocking", "pingpong_blocking", nullptr);
}

Result<void> pingpong(const Plan& plan, Report& report, std::size_t connections,
                      std::size_t rounds) {
    if (plan.is_quick()) rounds = std::max<std::size_t>(rounds / 20, 1);
    const std::string bench = "pingpong" + std::to_string(connections);
    Contest contest("runtime: " + bench);
    contest.ask(bench + ".cpu_us", "us",
                [](const Reading& reading) { return reading.each("cpu_s") * 1e6; });
    enter_own(contest, connections, rounds);
    for (const Peer& peer : plan.peers()) {
        const std::size_t some = rounds / 4;
        Command command = peer.command("pingpong");
        command.argument(connections).argument(some).cpu(kMeasuringCpu);
        contest.enter(Contender(peer.name(), command, connections * some));
    }
    return contest.run(plan, report);
}

Result<void> cancel_io(const Plan& plan, Report& report) {
    constexpr std::size_t kTasks = 1000;
    Contest contest("runtime: cancelling readers");
    contest.ask("cancel_io.us_per_task", "us",
                [](const Reading& reading) { return reading.each("cpu_s") * 1e6; });
    for (const char* backend : {"uring", "epoll"}) {
        Command command("cancel_io_weir");
        command.argument(kTasks).cpu(kMeasuringCpu);
        Contender contender("weir", command, kTasks);
        contest.enter(std::move(contender.backend(backend)));
    }
    for (const Peer& peer : plan.peers()) {
        Command command = peer.command("cancel_io");
        command.argument(kTasks).cpu(kMeasuringCpu);
        contest.enter(Contender(peer.name(), command, kTasks));
    }
    return contest.run(plan, report);
}

}  // namespace

Result<void> run_runtime_group(const Plan& plan, Report& report) {
    MicroRounds micro(plan.is_quick());
    PeerSeries peers;
    for (int repeat = 0; repeat < plan.repeats(); ++repeat) {
        std::fprintf(stderr, "runtime: microbenchmarks, %d of %d\n", repeat + 1, plan.repeats());
        {
            const BoundToCpu bound(kMeasuringCpu);
            if (Result<void> done = micro.run_round(); !done) return done;
        }
        measure_peers(plan, peers);
        measure_timers_of_peers(plan, peers);
    }
    micro.add_to(report);
    for (const auto& [key, series] : peers) {
        const char* unit = is_rate(key.first) ? "1/s" : "ns";
        report.add(Subject(key.first, key.second).unit(unit), series);
    }
    Result<void> worst = pingpong(plan, report, 1, 100'000);
    if (Result<void> done = pingpong(plan, report, 100, 2000); !done) worst = std::move(done);
    if (Result<void> done = cancel_io(plan, report); !done) worst = std::move(done);
    return worst;
}

}  // namespace weir::bench
