// SPDX-License-Identifier: MIT
#include "llm/cli/interrupt.h"

#include <weir/runtime/run.h>
#include <weir/runtime/signal.h>
#include <weir/runtime/task_group.h>

#include "llm/cli/exit_code.h"
#include "llm/cli/report_tasks.h"
#include "llm/cli/terminal.h"

#include <csignal>
#include <utility>

namespace weir::cli {
namespace {

Task<void> cancel_on_signal(SignalCatcher& catcher, TaskGroup& group) {
    Result<int> signal = co_await catcher.next();
    if (signal) group.cancel();
}

Task<std::optional<int>> until_signal(SignalCatcher& catcher, SignalCatcher& questions,
                                      Task<int> work) {
    std::optional<int> value;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(cancel_on_signal(catcher, group));
        group.spawn(report_tasks(questions));
        value = co_await std::move(work);
        group.cancel();
    });
    co_return value;
}

}  // namespace

Result<std::optional<int>> run_until_signal(Task<int> work) {
    Result<SignalCatcher> catcher = SignalCatcher::make({SIGINT, SIGTERM});
    if (!catcher) return std::move(catcher).error();
    Result<SignalCatcher> questions = SignalCatcher::make({SIGUSR1});
    if (!questions) return std::move(questions).error();
    try {
        return run(until_signal(*catcher, *questions, std::move(work)));
    } catch (const BadResultAccess& failure) {
        return failure.error();
    }
}

int run_command(Task<int> work) {
    Result<std::optional<int>> code = run_until_signal(std::move(work));
    if (!code) return complain(code.error()), kExitCannotStart;
    return code->value_or(kExitInterrupted);
}

}  // namespace weir::cli
