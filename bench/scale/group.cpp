// SPDX-License-Identifier: MIT
//
// How a loop bears more and more of the same: sleepers by powers of ten, and connections up to the
// number of descriptors that a process may have.
#include <algorithm>
#include <cstdio>

#include "bench/contest.h"

namespace weir::bench {
namespace {

/// "1e3" for 1,000; another number as it is.
std::string short_number(std::size_t number) {
    int zeros = 0;
    std::size_t rest = number;
    for (; rest >= 10 && rest % 10 == 0; rest /= 10)
        ++zeros;
    return rest == 1 ? "1e" + std::to_string(zeros) : std::to_string(number);
}

void ask_raw(Contest& contest, const std::string& bench, const std::string& field,
             const std::string& unit) {
    contest.ask(bench + "." + field, unit,
                [field](const Reading& reading) { return reading.raw(field); });
}

// Their deadlines are spread over a span, so that the loop is never done with its work for long.
Result<void> spread_sleepers(const Plan& plan, Report& report, std::size_t count) {
    const std::size_t milliseconds = plan.is_quick() ? 300 : 10'000;
    const std::string bench = "sleepers_" + short_number(count);
    Contest contest("scale: " + short_number(count) + " sleepers that wake one after another");
    ask_raw(contest, bench, "lateness_p50_ms", "ms");
    ask_raw(contest, bench, "lateness_p99_ms", "ms");
    ask_raw(contest, bench, "turn_max_ms", "ms");
    contest.ask(bench + ".cpu_us", "us",
                [](const Reading& reading) { return reading.each("cpu_s") * 1e6; });
    Command many("sleepers_spread_weir");
    many.argument(count).argument(milliseconds).cpu(kMeasuringCpu);
    Command one("sleepers_spread_weir");
    one.argument(1).argument(10).cpu(kMeasuringCpu);
    contest.enter(Contender("weir", many, count - 1).less(one));
    return contest.run(plan, report);
}

Result<void> connections(const Plan& plan, Report& report, std::size_t count) {
    const std::size_t milliseconds = plan.is_quick() ? 300 : 5000;
    const std::string bench = "connections_" + short_number(count);
    Contest contest("scale: " + std::to_string(count) + " connections");
    ask_raw(contest, bench, "round_trip_p50_us", "us");
    ask_raw(contest, bench, "round_trip_p99_us", "us");
    ask_raw(contest, bench, "turn_max_ms", "ms");
    contest.ask(bench + ".cpu_us", "us",
                [](const Reading& reading) { return reading.each("cpu_s") * 1e6; });
    // A connection has two ends here, and each has a task that waits.
    contest.ask(bench + ".bytes_per_end", "B",
                [](const Reading& reading) { return reading.each("peak_bytes") / 2; });
    contest.ask(bench + ".kernel_bytes_per_end", "B",
                [](const Reading& reading) { return reading.each("kernel_bytes") / 2; });
    for (const char* backend : {"uring", "epoll"}) {
        Command many("connections_weir");
        many.argument(count).argument(milliseconds).cpu(kMeasuringCpu);
        Command one("connections_weir");
        one.argument(1).argument(10).cpu(kMeasuringCpu);
        Contender contender("weir", many, count - 1);
        contest.enter(std::move(contender.less(one).backend(backend)));
    }
    return contest.run(plan, report);
}

}  // namespace

Result<void> run_scale_group(const Plan& plan, Report& report) {
    Result<void> worst;
    const std::size_t sleepers_max = plan.is_quick() ? 100'000 : 10'000'000;
    for (std::size_t count = 1000; count <= sleepers_max; count *= 10) {
        if (auto done = spread_sleepers(plan, report, count); !done) worst = std::move(done);
    }
    constexpr std::size_t kOtherDescriptors = 64;
    const std::size_t limit = (raise_descriptor_limit() - kOtherDescriptors) / 2;
    const std::size_t connections_max = plan.is_quick() ? 1000 : limit;
    for (std::size_t count = 100;; count = std::min(count * 10, connections_max)) {
        if (auto done = connections(plan, report, count); !done) worst = std::move(done);
        if (count >= connections_max) return worst;
    }
}

}  // namespace weir::bench
