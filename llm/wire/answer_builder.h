// SPDX-License-Identifier: MIT
//
// A streamed answer put together from its deltas, without I/O. What came so far is there at any
// time, also when the stream fails.
#pragma once

#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/tool_call_assembler.h>
#include <weir/runtime/base/result.h>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weir::llm {

/// Add each delta of a stream, in order; then `finish()` if the stream ended well, and `answer()`
/// if it did not.
class AnswerBuilder {
public:
    AnswerBuilder() = default;

    void add(const Delta& delta) { add(Delta(delta)); }
    void add(Delta&& delta);

    /// What came so far. The text may be cut at any place. Calls are whole only when their choice
    /// has its finish reason, even if their arguments happen to parse: those of a choice without
    /// one are left out here, and counted by open_calls().
    ChatAnswer answer() const;
    std::size_t open_calls() const noexcept;

    /// The whole answer of a stream that ended well. A choice without a finish reason, which some
    /// servers never give, has stopped: "stop". LlmErrc::stream_truncated if such a choice has
    /// calls, since nobody knows whether they are whole.
    Result<ChatAnswer> finish() &&;

private:
    class Choice {
    public:
        Choice() = default;

        ChatChoice said;
        ToolCallAssembler calls;
    };

    Choice& choice(int index);

    std::vector<Choice> choices_;  // by index
    std::optional<Usage> usage_;
};

}  // namespace weir::llm
