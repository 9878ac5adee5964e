// SPDX-License-Identifier: MIT
//
// What debug mode tells: see ReactorOptions::debug(). A step that runs long keeps every other task
// of the loop waiting, so it is reported with the task's name and the place where it was spawned.
#pragma once

#include <weir/runtime/base/time.h>
#include <string>
#include <utility>

namespace weir {

/// A step, from one wait of a task to its next, that took longer than ReactorOptions::slow_step().
class SlowStep {
public:
    SlowStep(Duration took, std::string task, std::string spawned_at)
        : took_(took), task_(std::move(task)), spawned_at_(std::move(spawned_at)) {}

    /// Real time, in a simulated world too.
    Duration took() const noexcept { return took_; }
    /// "outermost > innermost" function, as task_tree() has it, where the step began.
    const std::string& task() const noexcept { return task_; }
    /// "server.cpp:12", where TaskGroup::spawn() was called; empty for other tasks.
    const std::string& spawned_at() const noexcept { return spawned_at_; }
    /// One sentence with all of it, and what to do.
    std::string text() const;

private:
    Duration took_;
    std::string task_;
    std::string spawned_at_;
};

}  // namespace weir
