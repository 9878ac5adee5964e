// SPDX-License-Identifier: MIT
#include "bench/runtime/micro.h"

#include <vector>

namespace weir::bench {

// Takes each run's rate instead of printing it.
class MicroRounds::Collector final : public benchmark::BenchmarkReporter {
public:
    explicit Collector(MicroRounds& rounds) : rounds_(rounds) {}

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
            const std::string name = full_name.substr(0, slash);
            const double per_second = run.counters.at("items_per_second");
            rounds_.series_[{name, full_name.substr(slash + 1)}].add(
                is_rate(name) ? per_second : 1e9 / per_second);
        }
    }

    const std::string& error() const noexcept { return error_; }

private:
    MicroRounds& rounds_;
    std::string error_;
};

void add_micro(const std::string& name, const std::string& peer, Micro micro) {
    benchmark::RegisterBenchmark((name + "/" + peer).c_str(), micro);
}

MicroRounds::MicroRounds(bool is_quick) {
    add_spawn_join();
    add_yield();
    add_await();
    add_semaphore();
    add_timer(is_quick);
    add_cancel(is_quick);
    add_simulation();

    std::vector<std::string> words = {
        "weir_bench", "--benchmark_enable_random_interleaving=true",
        "--benchmark_min_warmup_time=0.05",
        is_quick ? "--benchmark_min_time=0.02" : "--benchmark_min_time=0.2"};
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    int count = static_cast<int>(pointers.size());
    benchmark::Initialize(&count, pointers.data());
}

Result<void> MicroRounds::run_round() {
    Collector collector(*this);
    benchmark::RunSpecifiedBenchmarks(&collector);
    if (!collector.error().empty()) return Error(Errc::unsupported, collector.error());
    return {};
}

void MicroRounds::add_to(Report& report) const {
    for (const auto& [key, series] : series_) {
        report.add(Subject(key.first, key.second).unit(is_rate(key.first) ? "1/s" : "ns"), series);
    }
}

}  // namespace weir::bench
