// SPDX-License-Identifier: MIT
//
// What the demo found, as a table for people and as JSON for programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "llm/cli/demo_batch.h"
#include "llm/cli/demo_streams.h"

namespace weir::cli {

/// Filled in as the demo goes on, and readable at any time.
class DemoReport {
public:
    DemoReport() = default;

    /// Whether all that was begun went well.
    bool is_right() const noexcept;

    std::string base_url;
    std::string backend;
    bool has_batch = false;    ///< it was run to its end
    bool has_streams = false;  ///< the same
    BatchTally batch;
    Duration batch_scripted = Duration::zero();  ///< of one call
    StreamPlan plan;
    StreamTally streams;
    double cpu_seconds = 0;  ///< of this process, while the streams ran
    std::int64_t resident_before = 0;
    std::int64_t resident_peak = 0;
};

std::string batch_table(const DemoReport& report);
std::string streams_table(const DemoReport& report);
/// One line, a JSON object, with a newline.
std::string demo_json(const DemoReport& report);
/// What was done until an interruption.
std::string interrupted_text(const DemoReport& report);

}  // namespace weir::cli
