// SPDX-License-Identifier: MIT
//
// How the servers that speak Chat Completions differ from one another, as far as bytes differ. Each
// dialect is what one server was seen to send, not all that it does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::llm::mock {

/// What an error looks like as JSON. `numeric`: with the status as its code. `flat`: without a
/// member around it. `listed`: in an array. `detail`: as FastAPI has it.
enum class ErrorShape : std::uint8_t { openai, numeric, openrouter, flat, listed, azure, detail };

/// How the chunks of a stream bring a call. `whole`: in one chunk. `at_zero`: the same, and each
/// call has the index 0. `unnumbered`: the same without an index.
enum class CallShape : std::uint8_t { fragments, whole, at_zero, unnumbered };

class Dialect {
public:
    constexpr explicit Dialect(std::string_view server) : name(server) {}

    /// Null where there is no such dialect. They live for ever.
    static const Dialect* find(std::string_view name);
    /// What is spoken where none was asked for: nothing that a client could stumble over.
    static const Dialect& plain();
    /// All names, with commas.
    static std::string names();

    std::string_view name;
    std::string_view members;         ///< JSON members of each answer and chunk, a comma before
    std::string_view choice_members;  ///< the same, of each choice
    std::string_view reasoning;       ///< which member has it; empty: it is not told
    std::string_view comment;         ///< a line of a stream that waits for its first token
    std::string_view comment_at_end;  ///< a line of a stream before its end mark
    std::string_view length_reason = "length";
    std::string_view line_end = "\n";
    std::string_view data_prefix = "data: ";
    ErrorShape error_shape = ErrorShape::openai;
    CallShape call_shape = CallShape::fragments;
    bool has_filter_chunk = false;       ///< a first chunk without choices: Azure's
    bool has_role_chunk = false;         ///< a first chunk with the role alone
    bool has_null_usage = false;         ///< on all chunks but the last, if usage is wanted
    bool has_padding = false;            ///< chunks have a member that only makes them longer
    bool tells_usage_unasked = false;    ///< at the end of each stream
    bool tells_usage_often = false;      ///< on each chunk
    bool has_usage_at_finish = false;    ///< on the chunk with the finish reason
    bool has_usage_with_choice = false;  ///< the chunk with the usage has a choice, an empty one
    bool stops_for_calls = false;        ///< the finish reason of calls is "stop"
    bool sends_blank_lines = false;      ///< before a whole answer, while it is not there
    bool has_content_parts = false;      ///< a whole answer's content is an array
    bool has_short_ids = false;          ///< calls have ids of nine letters
    bool has_error_field = false;        ///< an error in a stream is a field "error"
    bool has_error_choice = false;       ///< an error in a stream comes with a choice
    bool has_numeric_resets = false;     ///< limits reset after whole seconds; retry-after-ms too
};

}  // namespace weir::llm::mock
