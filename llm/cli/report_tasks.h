// SPDX-License-Identifier: MIT
//
// What a running command is doing, asked from outside: `kill -USR1` makes it tell on stderr who
// waits for what, and the loop's counters. The command goes on.
#pragma once

#include <weir/runtime/signal.h>
#include <weir/runtime/stats.h>
#include <weir/runtime/task.h>
#include <string>

namespace weir::cli {

/// Reports at each signal that `catcher` gives, until it is cancelled.
Task<void> report_tasks(SignalCatcher& catcher);

/// The counters in one line, for a person.
std::string stats_line(const ReactorStats& stats);

}  // namespace weir::cli
