// SPDX-License-Identifier: MIT
//
// The pieces of calls that a stream brings, put together. Servers number them each in its own way:
// all as 0, not at all, or with the number of another call. The rules here serve all of them.
#pragma once

#include <weir/llm/wire/answer.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::llm {

/// The calls of one choice. A piece belongs to the call whose id it has; else to the latest call
/// of its index; else to the call that the last piece belonged to. It begins a call if its id is
/// new and its index taken, or if it names a function although the call's arguments are whole.
class ToolCallAssembler {
public:
    ToolCallAssembler() = default;

    void add(ToolCallDelta piece);

    bool is_empty() const noexcept { return calls_.empty(); }
    std::size_t size() const noexcept { return calls_.size(); }

    /// The calls so far, in the order in which they began. A call without an id has a made-up one,
    /// the same each time that the same call is asked for; no arguments are "{}". Whether the
    /// arguments are whole the finish reason tells, and nothing else.
    std::vector<ToolCall> calls() const;

private:
    class Entry {
    public:
        Entry() = default;

        ToolCall call;
        std::optional<std::int64_t> index;  // as the server gave it
        bool is_displaced = false;          // its index was another's: its place is one as well
    };

    Entry& entry_for(const ToolCallDelta& piece);
    Entry* find_id(const std::string& id) noexcept;
    Entry* find_index(std::int64_t index) noexcept;
    Entry& begin(std::optional<std::int64_t> index, bool is_displaced);

    std::vector<Entry> calls_;
    std::size_t last_ = 0;  // the call that the last piece belonged to
};

}  // namespace weir::llm
