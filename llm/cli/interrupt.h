// SPDX-License-Identifier: MIT
//
// Runs a command's work until it ends or the user wants it to end: SIGINT and SIGTERM cancel the
// work, which is destroyed with all that it holds, and the program goes on to say so. SIGUSR1 makes
// it tell what its tasks wait for (report_tasks.h).
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/task.h>
#include <optional>

namespace weir::cli {

/// Runs `work` and gives its value; nothing where a signal came first. An error where signals or
/// the backend cannot be had: then `work` never ran.
Result<std::optional<int>> run_until_signal(Task<int> work);

/// The exit code of a command: that of `work`, kExitInterrupted after a signal, and
/// kExitCannotStart with a message on stderr where the loop could not be made.
int run_command(Task<int> work);

}  // namespace weir::cli
