// SPDX-License-Identifier: MIT
//
// The contests about memory: sleeping tasks beside the floor and the peers, waiting tasks by kind,
// and how late those wake whose deadlines are spread.
#include <cstdio>

#include "bench/contest.h"
#include "bench/memory/frames.h"
#include "bench/memory/waiters.h"

namespace weir::bench {
namespace {

Contender sleepers_of(std::string peer, Command many, Command one, std::size_t count,
                      std::size_t milliseconds) {
    many.argument(count).argument(milliseconds);
    one.argument(1).argument(500);  // the process itself, and the machinery that one task needs
    return Contender(std::move(peer), std::move(many), count - 1).less(std::move(one));
}

/// Bytes of a task, and the CPU of so many of them.
void ask_bytes_and_cpu(Contest& contest, const std::string& bench, const std::string& cpu,
                       double items) {
    contest.ask(bench + ".bytes_per_task", "B",
                [](const Reading& reading) { return reading.each("peak_bytes"); });
    contest.ask(bench + cpu, "s",
                [items](const Reading& reading) { return reading.each("cpu_s") * items; });
}

void enter_own_sleepers(Contest& contest, std::size_t count, std::size_t milliseconds) {
    for (const char* peer : {"weir", "floor"}) {
        const Command worker(std::string("sleepers_") + peer);
        contest.enter(sleepers_of(peer, worker, worker, count, milliseconds));
    }
}

Result<void> sleepers(const Plan& plan, Report& report) {
    const std::size_t count = plan.is_quick() ? 200'000 : 1'000'000;
    const std::size_t milliseconds = plan.is_quick() ? 1000 : 10'000;
    Contest contest("memory: " + std::to_string(count) + " sleepers");
    contest.warm_memory(std::size_t{3} << 30);
    ask_bytes_and_cpu(contest, "sleepers", ".cpu_s_per_million", 1e6);
    enter_own_sleepers(contest, count, milliseconds);
    for (const Peer& peer : plan.peers()) {
        const Command command = peer.command("sleepers");
        const std::size_t some = peer.scaled("sleepers", count);
        contest.enter(sleepers_of(peer.name(), command, command, some, milliseconds));
    }
    return contest.run(plan, report);
}

Result<void> ten_million_sleepers(Report& report) {
    constexpr std::size_t kCount = 10'000'000;
    constexpr std::size_t kMilliseconds = 20'000;
    Contest contest("memory: ten million sleepers");
    contest.warm_memory(std::size_t{2} << 30);
    ask_bytes_and_cpu(contest, "sleepers10m", ".cpu_s", kCount);
    enter_own_sleepers(contest, kCount, kMilliseconds);
    return contest.run(Plan(false, 1, {}), report);
}

Result<void> lateness(const Plan& plan, Report& report) {
    const std::size_t count = plan.is_quick() ? 100'000 : 1'000'000;
    const std::size_t milliseconds = plan.is_quick() ? 500 : 10'000;
    Contest contest("memory: lateness of sleepers that wake one after another");
    contest.ask("sleepers.lateness_p50_ms", "ms",
                [](const Reading& reading) { return reading.raw("lateness_p50_ms"); });
    contest.ask("sleepers.lateness_p99_ms", "ms",
                [](const Reading& reading) { return reading.raw("lateness_p99_ms"); });
    Command worker("sleepers_spread_weir");
    worker.argument(count).argument(milliseconds);
    contest.enter(Contender("weir", worker, count));
    for (const Peer& peer : plan.peers()) {
        Command command = peer.command("sleepers_spread");
        const std::size_t some = peer.scaled("sleepers_spread", count);
        command.argument(some).argument(milliseconds);
        contest.enter(Contender(peer.name(), command, some));
    }
    return contest.run(plan, report);
}

Result<void> waiters(const Plan& plan, Report& report) {
    const std::size_t count = plan.is_quick() ? 50'000 : 1'000'000;
    const std::vector<std::string> kinds = kinds_of_waiters();
    Result<void> worst;
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        Contest contest("memory: tasks that wait: " + kinds[kind]);
        contest.ask("waiting." + kinds[kind] + "_bytes", "B",
                    [](const Reading& reading) { return reading.each("peak_bytes"); });
        Command many("waiters_weir");
        Command one = many;
        many.argument(kind).argument(count);
        one.argument(kind).argument(1);
        contest.enter(Contender("weir", many, count - 1).less(one));
        // Memory hardly differs from run to run.
        if (auto done = contest.run(Plan(plan.is_quick(), 1, {}), report); !done) worst = done;
    }
    return worst;
}

// The compiler decides it, so once is enough.
Result<void> frames(const Plan&, Report& report) {
    const std::vector<std::string> kinds = kinds_of_frames();
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        std::fprintf(stderr, "memory: frames of a task that waits: %s\n", kinds[kind].c_str());
        Command worker("frames_weir");
        const Result<Sample> sample = measure(worker.argument(kind));
        if (!sample) return sample.error();
        for (const auto& [frame, bytes] : sample->values()) {
            if (frame.ends_with("_bytes") || frame.ends_with("_s")) continue;  // of the process
            Series series;
            series.add(bytes);
            report.add(Subject("frames." + kinds[kind] + " " + frame, "weir").unit("B"), series);
        }
    }
    return {};
}

}  // namespace

Result<void> run_memory_group(const Plan& plan, Report& report) {
    Result<void> worst = sleepers(plan, report);
    for (auto* part : {lateness, waiters, frames}) {
        if (Result<void> done = part(plan, report); !done) worst = std::move(done);
    }
    if (plan.is_quick()) return worst;
    if (Result<void> done = ten_million_sleepers(report); !done) worst = std::move(done);
    return worst;
}

Result<void> run_hundred_million(const Plan&, Report& report) {
    constexpr std::size_t kCount = 100'000'000;
    constexpr std::size_t kMilliseconds = 60'000;
    Contest contest("one hundred million sleepers, all at one time");
    contest.warm_memory(std::size_t{14} << 30);
    ask_bytes_and_cpu(contest, "hundred_million", ".cpu_s", kCount);
    contest.ask("hundred_million.wall_s", "s",
                [](const Reading& reading) { return reading.raw("wall_s"); });
    enter_own_sleepers(contest, kCount, kMilliseconds);
    return contest.run(Plan(false, 1, {}), report);
}

}  // namespace weir::bench
