// SPDX-License-Identifier: MIT
#include "llm/cli/report_tasks.h"

#include <weir/runtime/reactor.h>
#include <weir/runtime/task_tree.h>

#include "llm/cli/terminal.h"

#include <cstdint>
#include <cstdio>

namespace weir::cli {
namespace {

std::string count(std::uint64_t number) {
    return grouped(static_cast<std::int64_t>(number));
}

}  // namespace

Task<void> report_tasks(SignalCatcher& catcher) {
    for (;;) {
        Result<int> signal = co_await catcher.next();
        if (!signal) co_return;
        const std::string text =
            "tasks:\n" + task_tree() + stats_line(Reactor::current().stats()) + "\n";
        std::fputs(text.c_str(), stderr);
    }
}

std::string stats_line(const ReactorStats& stats) {
    return "loop: " + count(stats.turns) + " turns, " + count(stats.steps) + " steps, " +
           count(stats.units_unwound) + " cancelled, " + count(stats.completions) +
           " operations done, " + count(stats.posts) + " posts; now " + count(stats.ready) +
           " ready, " + count(stats.timers_armed) + " timers, " + count(stats.operations) +
           " operations, " + count(stats.sockets) + " sockets, " + count(stats.leases) +
           " buffers lent, " + count(stats.frames) + " frames";
}

}  // namespace weir::cli
