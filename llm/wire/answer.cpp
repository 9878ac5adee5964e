// SPDX-License-Identifier: MIT
#include <weir/llm/wire/answer.h>

#include <algorithm>

namespace weir::llm {

FinishReason finish_reason_from(std::string_view raw) noexcept {
    struct Word {
        std::string_view raw;
        FinishReason reason;
    };
    static constexpr Word kWords[] = {
        {"", FinishReason::none},
        {"stop", FinishReason::stop},
        {"end_turn", FinishReason::stop},
        {"stop_sequence", FinishReason::stop},
        {"eos", FinishReason::stop},
        {"length", FinishReason::length},
        {"model_length", FinishReason::length},
        {"max_tokens", FinishReason::length},
        {"max_output_tokens", FinishReason::length},
        {"model_context_window_exceeded", FinishReason::length},
        {"tool_calls", FinishReason::tool_calls},
        {"function_call", FinishReason::tool_calls},
        {"tool_use", FinishReason::tool_calls},
        {"content_filter", FinishReason::content_filter},
        {"refusal", FinishReason::content_filter},
    };
    const auto* word = std::ranges::find(kWords, raw, &Word::raw);
    return word == std::end(kWords) ? FinishReason::other : word->reason;
}

}  // namespace weir::llm
