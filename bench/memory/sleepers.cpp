// SPDX-License-Identifier: MIT
//
// What a task costs that only sleeps: bytes at the peak, and CPU to spawn it, let it sleep, wake it
// and join it. All sleep at the same time, which both workers check.
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <array>
#include <cstdio>

#include "bench/groups.h"

namespace weir::bench {
namespace {

Task<void> sleeper(Duration span) {
    co_await sleep_for(span);
}

// True when all were asleep at once.
Task<bool> sleep_together(std::size_t count, Duration span) {
    bool all_slept = false;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (std::size_t i = 0; i < count; ++i)
            group.spawn(sleeper(span));
        co_await yield();  // until the last of them has begun
        all_slept = Reactor::current().timers_armed() == count;
    });
    co_return all_slept;
}

}  // namespace

// Arguments: how many, and how many milliseconds each sleeps.
Result<Sample> sleepers_weir(const Arguments& arguments) {
    const Duration span = std::chrono::milliseconds(arguments.number(1));
    if (!run(sleep_together(arguments.number(0), span))) {
        return Error(Errc::timed_out, "not all tasks slept at once: let them sleep longer");
    }
    return Sample();
}

Result<void> run_memory_group(const Plan& plan, Report& report) {
    const std::size_t count = plan.is_quick() ? 200'000 : 1'000'000;
    const std::size_t milliseconds = plan.is_quick() ? 1000 : 10'000;
    struct Peer {
        const char* name;
        const char* worker;
        Series bytes{};
        Series cpu{};
    };
    std::array<Peer, 2> peers = {Peer{"weir", "sleepers_weir"}, Peer{"floor", "sleepers_floor"}};
    for (int repeat = 0; repeat < plan.repeats(); ++repeat) {
        for (Peer& peer : peers) {
            std::fprintf(stderr, "memory: sleepers, %s, %d of %d\n", peer.name, repeat + 1,
                         plan.repeats());
            // The process itself, and the machinery that one task needs.
            const auto one = measure(Command(peer.worker).argument(1).argument(500));
            if (!one) return one.error();
            const auto all = measure(Command(peer.worker).argument(count).argument(milliseconds));
            if (!all) return all.error();
            const auto each = [&](const char* name) {
                return (all->at(name) - one->at(name)) / static_cast<double>(count - 1);
            };
            peer.bytes.add(each("peak_bytes"));
            peer.cpu.add(each("cpu_s") * 1e6);
        }
    }
    for (const Peer& peer : peers) {
        report.add(Subject("sleepers.bytes_per_task", peer.name).unit("B"), peer.bytes);
        report.add(Subject("sleepers.cpu_s_per_million", peer.name).unit("s"), peer.cpu);
    }
    return {};
}

}  // namespace weir::bench
