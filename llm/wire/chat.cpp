// SPDX-License-Identifier: MIT
#include <weir/llm/wire/chat.h>
#include <algorithm>

namespace weir::llm {

std::string_view to_string(Role role) noexcept {
    switch (role) {
        case Role::system:
            return "system";
        case Role::user:
            return "user";
        case Role::assistant:
            return "assistant";
    }
    return "user";
}

FinishReason finish_reason_from(std::string_view raw) noexcept {
    struct Word {
        std::string_view raw;
        FinishReason reason;
    };
    static constexpr Word kWords[] = {
        {"", FinishReason::none},
        {"stop", FinishReason::stop},
        {"end_turn", FinishReason::stop},
        {"eos", FinishReason::stop},
        {"length", FinishReason::length},
        {"model_length", FinishReason::length},
        {"max_tokens", FinishReason::length},
        {"tool_calls", FinishReason::tool_calls},
        {"function_call", FinishReason::tool_calls},
        {"content_filter", FinishReason::content_filter},
    };
    const auto* word = std::ranges::find(kWords, raw, &Word::raw);
    return word == std::end(kWords) ? FinishReason::other : word->reason;
}

}  // namespace weir::llm
