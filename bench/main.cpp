// SPDX-License-Identifier: MIT
//
// weir_bench [GROUP] [OPTIONS]: what weir costs, with the least that the same work can cost
// beside it. bench/README.md says what is measured and how.
#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "bench/baseline.h"
#include "bench/environment.h"
#include "bench/groups.h"
#include "bench/memory/frames.h"
#include "bench/memory/waiters.h"

namespace weir::bench {
namespace {

struct Group {
    std::string_view name;
    Result<void> (*run)(const Plan& plan, Report& report);
    bool is_usual;  // a part of a run that names no group
};
constexpr std::array<Group, 6> kGroups = {Group{"runtime", run_runtime_group, true},
                                          Group{"memory", run_memory_group, true},
                                          Group{"http", run_http_group, true},
                                          Group{"llm", run_llm_group, true},
                                          Group{"scale", run_scale_group, true},
                                          Group{"hundred_million", run_hundred_million, false}};

struct NamedWorker {
    std::string_view name;
    Worker run;
};
constexpr std::array<NamedWorker, 32> kWorkers = {
    NamedWorker{"sleepers_weir", sleepers_weir},
    NamedWorker{"sleepers_spread_weir", sleepers_spread_weir},
    NamedWorker{"waiters_weir", waiters_weir},
    NamedWorker{"frames_weir", frames_weir},
    NamedWorker{"connections_weir", connections_weir},
    NamedWorker{"pingpong_weir", pingpong_weir},
    NamedWorker{"cancel_io_weir", cancel_io_weir},
    NamedWorker{"pingpong_blocking", floor::pingpong_blocking},
    NamedWorker{"pingpong_epoll", floor::pingpong_epoll},
    NamedWorker{"pingpong_uring", floor::pingpong_uring},
    NamedWorker{"sleepers_floor", floor::sleepers},
    NamedWorker{"inflight_weir", inflight_weir},
    NamedWorker{"inflight_epoll", floor::inflight_epoll},
    NamedWorker{"inflight_uring", floor::inflight_uring},
    NamedWorker{"http_call_weir", http_call_weir},
    NamedWorker{"http_call_epoll", floor::http_call_epoll},
    NamedWorker{"http_call_uring", floor::http_call_uring},
    NamedWorker{"inflight_tls_weir", inflight_tls_weir},
    NamedWorker{"inflight_tls_epoll", floor::inflight_tls_epoll},
    NamedWorker{"one_call_weir", one_call_weir},
    NamedWorker{"one_call_blocking", floor::one_call_blocking},
    NamedWorker{"session_reuse_weir", session_reuse_weir},
    NamedWorker{"tls_connect_weir", tls_connect_weir},
    NamedWorker{"tls_connect_blocking", floor::tls_connect_blocking},
    NamedWorker{"head_parse_weir", head_parse_weir},
    NamedWorker{"head_parse_floor", floor::head_parse},
    NamedWorker{"chat_call_weir", chat_call_weir},
    NamedWorker{"stream_weir", stream_weir},
    NamedWorker{"stream_epoll", floor::stream_epoll},
    NamedWorker{"stream_server", floor::stream_server},
    NamedWorker{"delay_relay", floor::delay_relay},
    NamedWorker{"delay_server", floor::delay_server}};

int work(std::string_view name, const Arguments& arguments) {
    for (const NamedWorker& worker : kWorkers) {
        if (worker.name == name) return run_worker(worker.run, arguments);
    }
    std::fprintf(stderr, "weir_bench: there is no worker '%s'\n", std::string(name).c_str());
    return 2;
}

// Runs the groups asked for; a group that fails does not keep the others from running.
bool run_groups(std::string_view asked, const Plan& plan, Report& report) {
    bool all_ran = true;
    for (const Group& group : kGroups) {
        if (asked.empty() ? !group.is_usual : group.name != asked) continue;
        const Result<void> done = group.run(plan, report);
        if (done) continue;
        all_ran = false;
        std::fprintf(stderr, "weir_bench: group %s: %s\n", std::string(group.name).c_str(),
                     done.error().message().c_str());
    }
    return all_ran;
}

struct Options {
    std::string group;
    std::string json_path;
    std::string peers_folder;
    std::string earlier_path;
    bool is_quick = false;
    int repeats = 0;
};

void add_options(CLI::App& app, Options& options) {
    app.add_option("GROUP", options.group, "what to measure; all but the last when not given")
        ->check(CLI::IsMember({"runtime", "memory", "http", "llm", "scale", "hundred_million"}));
    app.add_option("--peers", options.peers_folder, "also measure the peers that were built there")
        ->type_name("FOLDER");
    app.add_option("--json", options.json_path,
                   "also write the figures to this file, an object a line")
        ->type_name("FILE");
    app.add_option("--against", options.earlier_path,
                   "compare with the figures of an earlier run; status 1 where some got worse")
        ->type_name("FILE");
    app.add_flag("--quick", options.is_quick, "small loads, once each: to see that it works");
    app.add_option("--repeats", options.repeats, "how often each is measured: 3, or 1 with --quick")
        ->check(CLI::Range(1, 100));
}

Result<std::vector<Peer>> find_peers(const Options& options, Environment& environment) {
    if (options.peers_folder.empty()) return std::vector<Peer>();
    Result<std::vector<Peer>> peers = bench::find_peers(options.peers_folder);
    if (!peers) return peers;
    for (const Peer& peer : *peers)
        environment.peers += (environment.peers.empty() ? "" : "; ") + peer.version();
    for (const std::string& peer : absent_peers(options.peers_folder))
        environment.peers += "; without " + peer;
    return peers;
}

/// What was asked for beside the table. False where something could not be done, or got worse.
Result<bool> hand_out(const Options& options, const Environment& environment, const Report& report,
                      const std::optional<Baseline>& earlier) {
    bool is_well = true;
    if (earlier) {
        const Baseline::Comparison comparison = earlier->compare(report);
        std::printf("\nagainst %s\n%s%d got worse\n", options.earlier_path.c_str(),
                    comparison.text.c_str(), comparison.worse);
        is_well = comparison.worse == 0;
    }
    if (options.json_path.empty()) return is_well;
    const auto written = write_file(options.json_path, report.json_lines(environment));
    if (!written) return written.error();
    return is_well;
}

Result<bool> run(const Options& options) {
    std::optional<Baseline> earlier;
    if (!options.earlier_path.empty()) {
        Result<Baseline> read = Baseline::read(options.earlier_path);
        if (!read) return std::move(read).error();
        earlier = *std::move(read);
    }
    Environment environment = find_environment();
    Result<std::vector<Peer>> peers = find_peers(options, environment);
    if (!peers) return std::move(peers).error();
    std::printf("%s\n", to_text(environment).c_str());
    std::fflush(stdout);

    const int repeats = options.repeats > 0 ? options.repeats : (options.is_quick ? 1 : 3);
    const Plan plan(options.is_quick, repeats, *std::move(peers));
    const Weather weather;
    Report report;
    const bool is_complete = run_groups(options.group, plan, report);
    environment.weather = weather.report();
    std::printf("%s\nweather   %s\n", report.table().c_str(), environment.weather.c_str());
    const Result<bool> is_well = hand_out(options, environment, report, earlier);
    if (!is_well) return is_well;
    return is_complete && *is_well;
}

int bench_main(int count, char** words) {
    if (count >= 3 && std::string_view(words[1]) == "--worker") {
        return work(words[2], Arguments(std::vector<std::string>(words + 3, words + count)));
    }
    CLI::App app("Measures what weir costs, beside the least that the same work can cost.");
    app.name("weir_bench");
    Options options;
    add_options(app, options);
    CLI11_PARSE(app, count, words);
    const Result<bool> is_well = run(options);
    if (is_well) return *is_well ? 0 : 1;
    std::fprintf(stderr, "weir_bench: %s\n", is_well.error().message().c_str());
    return 2;
}

}  // namespace
}  // namespace weir::bench

int main(int count, char** words) {
    return weir::bench::bench_main(count, words);
}
