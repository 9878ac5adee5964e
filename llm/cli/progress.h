// SPDX-License-Identifier: MIT
//
// How a batch is told of: a line that moves while it runs, and a summary at its end, for people or
// for programs.
#pragma once

#include <weir/llm/batch/runner.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <optional>
#include <string>

namespace weir::cli {

/// Shows `summary` on stderr five times a second until it is cancelled; does nothing where stderr
/// is no terminal. `summary` must outlive the task.
Task<void> show_progress(const llm::BatchSummary& summary);

/// The moving line: what is done, and how fast it went in the last seconds.
std::string progress_text(const llm::BatchSummary& summary, double calls_per_second,
                          double tokens_per_second);

/// A batch that is over, in one way or another.
class BatchReport {
public:
    BatchReport(const llm::BatchSummary& counts, Duration span) noexcept
        : summary(counts), elapsed(span) {}

    const llm::BatchSummary& summary;
    Duration elapsed;
    std::string output_path;
    std::optional<std::string> error_path;  ///< where the error file was made
    std::optional<std::string> failure;     ///< what ended the batch too early
    bool is_interrupted = false;
};

/// Some lines for people.
std::string summary_text(const BatchReport& report);
/// One line, a JSON object.
std::string summary_json(const BatchReport& report);

}  // namespace weir::cli
