// SPDX-License-Identifier: MIT
#include <weir/llm/wire/json.h>
#include <weir/llm/wire/tool_call_assembler.h>

#include "llm/wire/json_reader.h"
#include "llm/wire/tool_call_members.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <utility>

namespace weir::llm {
namespace {

/// Whether a piece that names a function, and has no id, must be the begin of another call.
bool begins_another(const ToolCallDelta& piece, const ToolCall& call) {
    return !piece.name.empty() && !call.name.empty() && is_json(call.arguments);
}

}  // namespace

void ToolCallAssembler::add(ToolCallDelta piece) {
    Entry& entry = entry_for(piece);
    last_ = static_cast<std::size_t>(&entry - calls_.data());
    ToolCall& call = entry.call;
    if (!piece.id.empty()) call.id = std::move(piece.id);
    if (call.name.empty()) call.name = std::move(piece.name);
    if (piece.are_arguments_whole) {
        call.arguments = std::move(piece.arguments);
    } else if (call.arguments.empty()) {
        call.arguments = std::move(piece.arguments);
    } else {
        call.arguments += piece.arguments;
    }
    merge_members(call.extra, piece.extra);
}

ToolCallAssembler::Entry& ToolCallAssembler::entry_for(const ToolCallDelta& piece) {
    if (!piece.id.empty()) {
        if (Entry* const known = find_id(piece.id)) return *known;
        Entry* const taken = piece.index ? find_index(*piece.index) : nullptr;
        if (taken == nullptr) return begin(piece.index, false);
        const bool is_late_id = taken->call.id.empty() && !begins_another(piece, taken->call);
        return is_late_id ? *taken : begin(piece.index, true);
    }
    if (piece.index) {
        Entry* const bound = find_index(*piece.index);
        if (bound == nullptr) return begin(piece.index, false);
        return begins_another(piece, bound->call) ? begin(piece.index, true) : *bound;
    }
    if (calls_.empty() || begins_another(piece, calls_[last_].call)) {
        return begin(std::nullopt, false);
    }
    return calls_[last_];
}

ToolCallAssembler::Entry* ToolCallAssembler::find_id(const std::string& id) noexcept {
    const auto found =
        std::ranges::find_if(calls_, [&](const Entry& each) { return each.call.id == id; });
    return found == calls_.end() ? nullptr : &*found;
}

/// The latest call of this index. One whose index was another's when it began is then numbered
/// rightly by some servers.
ToolCallAssembler::Entry* ToolCallAssembler::find_index(std::int64_t index) noexcept {
    for (Entry& each : std::views::reverse(calls_)) {
        if (each.index == index) return &each;
    }
    if (index < 0 || index >= std::ssize(calls_)) return nullptr;
    Entry& placed = calls_[static_cast<std::size_t>(index)];
    return placed.is_displaced ? &placed : nullptr;
}

ToolCallAssembler::Entry& ToolCallAssembler::begin(std::optional<std::int64_t> index,
                                                   bool is_displaced) {
    Entry& entry = calls_.emplace_back();
    entry.index = index;
    entry.is_displaced = is_displaced;
    return entry;
}

std::vector<ToolCall> ToolCallAssembler::calls() const {
    std::vector<ToolCall> calls;
    calls.reserve(calls_.size());
    for (const Entry& entry : calls_) {
        ToolCall& call = calls.emplace_back(entry.call);
        if (call.id.empty()) {
            call.id = made_up_id(std::to_string(calls.size()) + call.name + "\n" + call.arguments);
        }
        if (trim_json(call.arguments).empty()) call.arguments = "{}";
    }
    return calls;
}

}  // namespace weir::llm
