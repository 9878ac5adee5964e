// SPDX-License-Identifier: MIT
#include "bench/runtime/micro.h"

#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "bench/groups.h"

namespace weir::bench {
namespace {

using Key = std::pair<std::string, std::string>;  // name and peer

// Takes each run's rate instead of printing it.
class Collector final : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type != Run::RT_Iteration) continue;
            const std::string& full_name = run.run_name.function_name;
            if (run.error_occurred) {
                error_ = full_name + ": " + run.error_message;
                continue;
            }
            const std::size_t slash = full_name.find('/');
            const Key key(full_name.substr(0, slash), full_name.substr(slash + 1));
            const double per_second = run.counters.at("items_per_second");
            series_[key].add(is_rate(key.first) ? per_second : 1e9 / per_second);
        }
    }

    static bool is_rate(const std::string& name) { return name.ends_with(".per_s"); }

    const std::map<Key, Series>& series() const noexcept { return series_; }
    const std::string& error() const noexcept { return error_; }

private:
    std::map<Key, Series> series_;
    std::string error_;
};

}  // namespace

void add_micro(const std::string& name, const std::string& peer, Micro micro) {
    benchmark::RegisterBenchmark((name + "/" + peer).c_str(), micro);
}

Result<void> run_runtime_group(const Plan& plan, Report& report) {
    std::fprintf(stderr, "runtime: microbenchmarks, %d repeats of each\n", plan.repeats());
    add_spawn_join();
    add_yield();
    add_await();
    add_semaphore();
    add_timer(plan.is_quick());
    add_cancel(plan.is_quick());

    std::vector<std::string> words = {
        "weir_bench", "--benchmark_enable_random_interleaving=true",
        "--benchmark_repetitions=" + std::to_string(plan.repeats()),
        "--benchmark_min_warmup_time=0.05",
        plan.is_quick() ? "--benchmark_min_time=0.02" : "--benchmark_min_time=0.2"};
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    int count = static_cast<int>(pointers.size());
    benchmark::Initialize(&count, pointers.data());
    Collector collector;
    benchmark::RunSpecifiedBenchmarks(&collector);
    if (!collector.error().empty()) return Error(Errc::unsupported, collector.error());
    for (const auto& [key, series] : collector.series()) {
        const char* unit = Collector::is_rate(key.first) ? "1/s" : "ns";
        report.add(Subject(key.first, key.second).unit(unit), series);
    }
    return {};
}

}  // namespace weir::bench
