// SPDX-License-Identifier: MIT
#include "llm/mock/plan.h"

#include <algorithm>

namespace weir::llm::mock {
namespace {

// About what a token of a real model has.
constexpr std::size_t kPieceBytes = 6;

// Where to cut `text`, so that no character is cut in two.
std::size_t piece_size(std::string_view text) noexcept {
    std::size_t size = std::min(kPieceBytes, text.size());
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0u) == 0x80u)
        ++size;
    return size;
}

}  // namespace

Plan::Plan(const Ask& ask, int scripted_tokens, int thoughts)
    : ask_(ask),
      thought_source_(TokenSource::of_thoughts(ask.prompt)),
      source_(ask.prompt),
      thoughts_(thoughts),
      tokens_(scripted_tokens) {
    cut_text(ask.text);
    for (std::size_t i = 0; i < ask.calls.size(); ++i)
        cut_call(i);
    if (!pieces_.empty()) tokens_ = static_cast<int>(pieces_.size());
    if (ask.tokens_max && *ask.tokens_max < tokens_) {
        tokens_ = static_cast<int>(*ask.tokens_max);
        is_cut_short_ = true;
    }
}

void Plan::cut_text(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = piece_size(text);
        pieces_.emplace_back(PieceKind::word, text.substr(0, size));
        text.remove_prefix(size);
    }
}

void Plan::cut_call(std::size_t index) {
    pieces_.emplace_back(PieceKind::call, std::string_view(), index);
    std::string_view arguments = ask_.calls[index].arguments;
    while (!arguments.empty()) {
        const std::size_t size = piece_size(arguments);
        pieces_.emplace_back(PieceKind::arguments, arguments.substr(0, size), index);
        arguments.remove_prefix(size);
    }
}

Piece Plan::next() {
    const int at = next_++;
    if (at < thoughts_) return Piece(PieceKind::thought, thought_source_.next());
    if (pieces_.empty()) return Piece(PieceKind::word, source_.next());
    return pieces_[static_cast<std::size_t>(at - thoughts_)];
}

WholeAnswer Plan::take_all() {
    WholeAnswer whole;
    for (int i = 0; i < size(); ++i) {
        const Piece piece = next();
        switch (piece.kind) {
            case PieceKind::thought:
                whole.thought += piece.text;
                break;
            case PieceKind::word:
                whole.text += piece.text;
                break;
            case PieceKind::call:
                whole.calls.emplace_back(ask_.calls[piece.call_index].name, std::string());
                break;
            case PieceKind::arguments:
                whole.calls.back().arguments += piece.text;
                break;
        }
    }
    return whole;
}

Usage Plan::usage() const {
    Usage usage(ask_.prompt_tokens, size());
    usage.reasoning_tokens = thoughts_;
    return usage;
}

}  // namespace weir::llm::mock
