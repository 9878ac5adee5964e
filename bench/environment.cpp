// SPDX-License-Identifier: MIT
#include "bench/environment.h"

#include <weir/runtime/backend.h>

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>
#include <thread>

namespace weir::bench {
namespace {

std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("model name")) continue;
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown processor";
}

std::string memory() {
    const auto pages = static_cast<double>(::sysconf(_SC_PHYS_PAGES));
    const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
    return std::to_string(static_cast<int>(pages * page_bytes / (1 << 30) + 0.5)) + " GiB";
}

std::string kernel() {
    utsname name{};
    if (::uname(&name) != 0) return "unknown";
    return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

std::string compiler() {
#if defined(__clang__)
    return std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
    return std::string("g++ ") + __VERSION__;
#else
    return "unknown";
#endif
}

}  // namespace

Environment find_environment() {
    Environment environment;
    environment.machine = processor() + ", " + std::to_string(std::thread::hardware_concurrency()) +
                          " CPUs, " + memory();
    environment.kernel = kernel();
    environment.compiler = compiler();
    environment.backend = explain_backend_choice();
    return environment;
}

// Of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in ticks of all CPUs.
Weather::Times Weather::times() {
    std::ifstream file("/proc/stat");
    std::string name;
    std::array<double, 8> ticks{};
    file >> name;
    for (double& each : ticks)
        file >> each;
    Times times;
    for (const double each : ticks)
        times.all += each;
    times.stolen = ticks[7];
    times.busy = times.all - times.stolen - ticks[3] - ticks[4];
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage{};
        ::getrusage(who, &usage);
        for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
            times.ours +=
                static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
        }
    }
    times.ours *= static_cast<double>(::sysconf(_SC_CLK_TCK));
    return times;
}

Weather::Weather() : begin_(times()) {}

std::string Weather::report() const {
    constexpr double kOthersAtMost = 3;  // percent of the machine
    constexpr double kStolenAtMost = 1;
    const Times end = times();
    const double all = std::max(end.all - begin_.all, 1.0);
    const double ours = end.ours - begin_.ours;
    const double others = std::max(end.busy - begin_.busy - ours, 0.0) / all * 100;
    const double stolen = (end.stolen - begin_.stolen) / all * 100;
    const bool is_noisy = others > kOthersAtMost || stolen > kStolenAtMost;
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(),
                  "%s: other processes took %.1f %% of the machine, its host %.1f %%",
                  is_noisy ? "too noisy to tell small differences" : "quiet", others, stolen);
    return text.data();
}

std::string to_text(const Environment& environment) {
    return "machine   " + environment.machine + "\nkernel    " + environment.kernel +
           "\ncompiler  " + environment.compiler + "\nbackend   " + environment.backend +
           (environment.peers.empty() ? "" : "\npeers     " + environment.peers) + "\n";
}

}  // namespace weir::bench
