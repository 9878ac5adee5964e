// SPDX-License-Identifier: MIT
//
// weir_bench [GROUP] [--json FILE]: what weir costs, with the least that the same work can cost
// beside it. bench/README.md says what is measured and how.
#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "bench/environment.h"
#include "bench/groups.h"
#include "bench/memory/waiters.h"

namespace weir::bench {
namespace {

struct Group {
    std::string_view name;
    Result<void> (*run)(const Plan& plan, Report& report);
    bool is_usual;  // a part of a run that names no group
};
constexpr std::array<Group, 4> kGroups = {
    Group{"runtime", run_runtime_group, true}, Group{"memory", run_memory_group, true},
    Group{"http", run_http_group, true}, Group{"hundred_million", run_hundred_million, false}};

struct NamedWorker {
    std::string_view name;
    Worker run;
};
constexpr std::array<NamedWorker, 12> kWorkers = {
    NamedWorker{"sleepers_weir", sleepers_weir},
    NamedWorker{"sleepers_spread_weir", sleepers_spread_weir},
    NamedWorker{"waiters_weir", waiters_weir},
    NamedWorker{"pingpong_weir", pingpong_weir},
    NamedWorker{"pingpong_blocking", floor::pingpong_blocking},
    NamedWorker{"pingpong_epoll", floor::pingpong_epoll},
    NamedWorker{"pingpong_uring", floor::pingpong_uring},
    NamedWorker{"sleepers_floor", floor::sleepers},
    NamedWorker{"inflight_weir", inflight_weir},
    NamedWorker{"inflight_epoll", floor::inflight_epoll},
    NamedWorker{"inflight_uring", floor::inflight_uring},
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

int bench_main(int count, char** words) {
    if (count >= 3 && std::string_view(words[1]) == "--worker") {
        return work(words[2], Arguments(std::vector<std::string>(words + 3, words + count)));
    }

    CLI::App app("Measures what weir costs, beside the least that the same work can cost.");
    app.name("weir_bench");
    std::string group;
    std::string json_path;
    std::string peers_folder;
    bool is_quick = false;
    int repeats = 0;
    app.add_option("GROUP", group, "what to measure; all when not given")
        ->check(CLI::IsMember({"runtime", "memory", "http", "hundred_million"}));
    app.add_option("--peers", peers_folder, "also measure the peers that were built there")
        ->type_name("FOLDER");
    app.add_option("--json", json_path, "also write the figures to this file, an object a line")
        ->type_name("FILE");
    app.add_flag("--quick", is_quick, "small loads, once each: to see that it works");
    app.add_option("--repeats", repeats, "how often each is measured: 3, or 1 with --quick")
        ->check(CLI::Range(1, 100));
    CLI11_PARSE(app, count, words);

    Environment environment = find_environment();
    std::vector<Peer> peers;
    if (!peers_folder.empty()) {
        Result<std::vector<Peer>> found = find_peers(peers_folder);
        if (!found) {
            std::fprintf(stderr, "weir_bench: %s\n", found.error().message().c_str());
            return 2;
        }
        peers = *std::move(found);
        for (const Peer& peer : peers)
            environment.peers += (environment.peers.empty() ? "" : "; ") + peer.version();
    }
    std::printf("%s\n", to_text(environment).c_str());
    std::fflush(stdout);
    const Plan plan(is_quick, repeats > 0 ? repeats : (is_quick ? 1 : 3), std::move(peers));
    const Weather weather;
    Report report;
    bool is_complete = run_groups(group, plan, report);
    environment.weather = weather.report();
    std::printf("%s\nweather   %s\n", report.table().c_str(), environment.weather.c_str());
    if (!json_path.empty()) {
        const auto written = write_file(json_path, report.json_lines(environment));
        if (!written) {
            std::fprintf(stderr, "weir_bench: %s\n", written.error().message().c_str());
            is_complete = false;
        }
    }
    return is_complete ? 0 : 1;
}

}  // namespace
}  // namespace weir::bench

int main(int count, char** words) {
    return weir::bench::bench_main(count, words);
}
