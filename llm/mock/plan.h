// SPDX-License-Identifier: MIT
//
// An answer piece by piece, before any protocol words it: some reasoning, then a text or calls of
// tools. A piece is what the mock server counts as a token.
#pragma once

#include <weir/llm/mock/text.h>
#include <weir/llm/wire/answer.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "llm/mock/request.h"

namespace weir::llm::mock {

enum class PieceKind : std::uint8_t {
    thought,    ///< of the reasoning
    word,       ///< of the text
    call,       ///< the beginning of a call, without its arguments
    arguments,  ///< a fragment of the last call's arguments
};

class Piece {
public:
    Piece(PieceKind what, std::string_view content, std::size_t call = 0) noexcept
        : kind(what), text(content), call_index(call) {}

    PieceKind kind;
    std::string_view text;  ///< not of a call
    std::size_t call_index;
};

/// What the pieces make. Calls are cut short where the answer is.
class WholeAnswer {
public:
    WholeAnswer() = default;

    std::string thought;
    std::string text;
    std::vector<PlannedCall> calls;
};

class Plan {
public:
    /// `ask` must outlive the plan. `scripted_tokens` and `thoughts` are how long the text and the
    /// reasoning are, where nothing in the request bounds them.
    Plan(const Ask& ask, int scripted_tokens, int thoughts);

    /// How many pieces there are, at least one.
    int size() const noexcept { return thoughts_ + tokens_; }
    /// The next piece. Its text is valid as long as the plan. To be called size() times.
    Piece next();

    const std::vector<PlannedCall>& calls() const noexcept { return ask_.calls; }
    bool is_cut_short() const noexcept { return is_cut_short_; }
    /// Whether the words need no escape in JSON.
    bool has_plain_words() const noexcept { return pieces_.empty(); }
    int thoughts() const noexcept { return thoughts_; }
    /// All pieces put together, instead of taking them one by one.
    WholeAnswer take_all();
    Usage usage() const;

private:
    void cut_text(std::string_view text);
    void cut_call(std::size_t index);

    const Ask& ask_;
    std::vector<Piece> pieces_;  // of the answer, where it is not words drawn from the prompt
    TokenSource thought_source_;
    TokenSource source_;
    int thoughts_;
    int tokens_;
    int next_ = 0;
    bool is_cut_short_ = false;
};

}  // namespace weir::llm::mock
