// SPDX-License-Identifier: MIT
//
// The demo's batch: texts that lie on this machine anyway, cut into pieces, one request each. What
// goes in and out are lines of batch files, kept in memory, and each answer is checked.
#pragma once

#include <weir/llm/batch/runner.h>
#include <weir/llm/client.h>
#include <weir/runtime/base/error.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli {

class TextPiece {
public:
    TextPiece(std::string name, std::string text)
        : file(std::move(name)), prompt(std::move(text)) {}

    std::string file;
    std::string prompt;
};

/// At most `pieces_max` pieces of the licences that Debian installs and of docs/*.md, where this
/// folder has them. Never empty: where there are none, one sentence stands for them.
std::vector<TextPiece> collect_texts(std::size_t pieces_max);

/// How the batch went. It lives with the caller, as BatchSummary does.
class BatchTally {
public:
    BatchTally() = default;

    llm::BatchSummary summary;
    std::size_t pieces = 0;
    std::size_t files = 0;
    std::uint64_t wrong_texts = 0;
    Duration elapsed = Duration::zero();
    std::optional<Error> failure;
    std::string first_failure_line;

    bool is_right() const noexcept {
        return !failure && wrong_texts == 0 && summary.succeeded == pieces;
    }
};

/// Asks for a summary of each piece, `concurrency` calls at a time; answers are `tokens` long.
Task<void> run_summaries(llm::Client& client, const std::vector<TextPiece>& pieces,
                         std::size_t concurrency, int tokens, BatchTally& tally);

}  // namespace weir::cli
