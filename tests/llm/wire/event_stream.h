// SPDX-License-Identifier: MIT
//
// A body of server-sent events given to a decoder in pieces, and all that came out of it: what a
// caller would have in the end, which must not depend on the cuts.
#pragma once

#include <gtest/gtest.h>

#include <weir/http/wire/sse_parser.h>
#include <weir/llm/wire/answer.h>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/splitter.h"

namespace weir::llm::tests {

class EventStreamResult {
public:
    EventStreamResult() = default;

    void take(const Delta& delta) {
        ++deltas;
        text += delta.text;
        reasoning += delta.reasoning;
        refusal += delta.refusal;
        for (const ToolCallDelta& piece : delta.tool_calls) {
            ToolCall& call = calls[piece.index.value_or(-1)];
            if (!piece.id.empty()) call.id = piece.id;
            if (!piece.name.empty()) call.name = piece.name;
            if (piece.are_arguments_whole) call.arguments.clear();
            call.arguments += piece.arguments;
        }
        if (delta.role) role = *delta.role;
        if (delta.finish_reason) finish_reason = *delta.finish_reason;
        if (delta.usage) usage = delta.usage;
        if (!delta.reasoning_blocks.empty()) reasoning_blocks = delta.reasoning_blocks;
    }

    std::string text, reasoning, refusal, role, finish_reason, reasoning_blocks;
    std::map<std::int64_t, ToolCall> calls;
    std::optional<Usage> usage;
    std::optional<Error> error;  // of an event, or of the end
    int deltas = 0;
    bool is_done = false;
};

template <typename Decoder>
EventStreamResult run_events(const weir::test::Pieces& pieces, bool body_complete = true) {
    EventStreamResult result;
    Decoder decoder;
    http::SseParser parser;
    const auto give = [&](const http::SseEvent& event) {
        const auto delta = decoder.event(event.type, event.data);
        if (delta && *delta) result.take(**delta);
    };
    for (std::size_t at = 0; at < pieces.size(); ++at) {
        Bytes rest = pieces[at];
        for (;;) {
            const auto event = parser.next(rest);
            if (!event || event->kind == http::SseEvent::Kind::need_more) break;
            give(*event);
        }
    }
    const auto last = parser.finish();
    if (last && last->kind == http::SseEvent::Kind::event) give(*last);
    const auto end = decoder.finish(body_complete);
    if (!end) result.error = end.error();
    result.is_done = decoder.is_done();
    return result;
}

template <typename Decoder>
EventStreamResult run_events(std::string_view body, bool body_complete = true) {
    weir::test::Pieces pieces;
    pieces.add(body);
    return run_events<Decoder>(pieces, body_complete);
}

}  // namespace weir::llm::tests
