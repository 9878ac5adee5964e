// SPDX-License-Identifier: MIT
//
// What a run has cost, the line that says so, and small help. For the one source that includes it.
#pragma once

#include <errno.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace peer {

using Clock = std::chrono::steady_clock;
using Report = std::map<std::string, double>;

[[noreturn]] inline void fail(int status, const std::string& what) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, what.c_str());
    std::exit(status);
}

inline void require(bool is_true, const char* what) {
    if (!is_true) fail(1, what);
}

inline double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// CPU and wall time since it was made.
class Usage {
public:
    explicit Usage(double cpu = cpu_seconds()) : cpu_(cpu) {}

    double cpu() const { return cpu_seconds() - cpu_; }
    Report report(std::size_t items) const {
        const std::chrono::duration<double> wall = Clock::now() - wall_;
        return {{"cpu_s", cpu()}, {"wall_s", wall.count()}, {"items", static_cast<double>(items)}};
    }

private:
    double cpu_;
    Clock::time_point wall_ = Clock::now();
};

inline double peak_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) * 1024;
    }
    return 0;
}

inline void print(Report report) {
    report["peak_bytes"] = peak_bytes();
    const char* before = "{";
    for (const auto& [name, value] : report) {
        std::printf("%s\"%s\":%.9g", before, name.c_str(), value);
        before = ",";
    }
    std::printf("}\n");
}

inline void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The same order in each run.
inline std::vector<std::size_t> random_order(std::size_t count) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    return order;
}

}  // namespace peer
