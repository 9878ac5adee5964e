// SPDX-License-Identifier: MIT
//
// The demo's load: many streamed calls, all open at once on one loop, each checked against what the
// mock server must have said.
#pragma once

#include <weir/llm/client.h>
#include <weir/runtime/base/error.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

class StreamPlan {
public:
    StreamPlan() noexcept {}

    /// What one call takes if nothing is ever late.
    Duration scripted() const noexcept { return first_token + interval * (tokens - 1); }

    int calls = 10'000;
    /// The calls begin evenly over this span. It is shorter than the time to the first token, so
    /// that all of them are open before any has spoken.
    Duration ramp = std::chrono::milliseconds(2000);
    Duration first_token = std::chrono::milliseconds(2500);
    Duration interval = std::chrono::milliseconds(250);
    int tokens = 20;
    bool checks_text = true;  ///< a real model's answer cannot be known
};

/// What has happened so far. It lives with the caller, who may read it at any time.
class StreamTally {
public:
    StreamTally() = default;

    std::int64_t in_flight = 0;
    std::int64_t in_flight_peak = 0;
    std::int64_t begun = 0;
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;       ///< an error, or a text that is not the right one
    std::int64_t wrong_texts = 0;  ///< those among them with the wrong text
    std::int64_t tokens = 0;
    std::optional<Error> first_error;
    /// From a call's begin to its first token.
    std::vector<Duration> first_tokens;
    Duration elapsed = Duration::zero();
};

/// Makes all calls of the plan. Ends when each has ended, well or not.
Task<void> run_streams(llm::Client& client, const StreamPlan& plan, StreamTally& tally);

/// The value that a share of `spans`, from 0 to 1, does not exceed; zero of none.
Duration quantile(std::vector<Duration> spans, double share);

}  // namespace weir::cli
