// SPDX-License-Identifier: MIT
//
// How much the mock server lets through in a minute. What is beyond is answered with status 429.
#pragma once

#include <cstdint>

namespace weir::llm::mock {

/// Each limit is a bucket that holds a minute's worth, is full at first, and fills again all the
/// time. Zero means that there is no such limit. A call is charged when it arrives, for its prompt
/// and for what it may answer: `max_tokens`, or the script's length where it names none.
class Limits {
public:
    Limits() noexcept {}

    Limits& requests_per_minute(std::int64_t count) noexcept { return requests = count, *this; }
    /// Input and output together, as OpenAI counts them.
    Limits& tokens_per_minute(std::int64_t count) noexcept { return tokens = count, *this; }
    /// Each for itself, as Anthropic counts them.
    Limits& input_tokens_per_minute(std::int64_t count) noexcept { return input = count, *this; }
    Limits& output_tokens_per_minute(std::int64_t count) noexcept { return output = count, *this; }

    std::int64_t requests = 0;
    std::int64_t tokens = 0;
    std::int64_t input = 0;
    std::int64_t output = 0;
};

}  // namespace weir::llm::mock
