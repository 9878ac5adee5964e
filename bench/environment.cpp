// SPDX-License-Identifier: MIT
#include "bench/environment.h"

#include <weir/runtime/backend.h>

#include <sys/utsname.h>
#include <unistd.h>

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

std::string to_text(const Environment& environment) {
    return "machine   " + environment.machine + "\nkernel    " + environment.kernel +
           "\ncompiler  " + environment.compiler + "\nbackend   " + environment.backend + "\n";
}

}  // namespace weir::bench
