// SPDX-License-Identifier: MIT
#include <weir/llm/wire/answer_builder.h>
#include <weir/llm/wire/error.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::llm {
namespace {

void append(std::string& text, std::string&& piece) {
    if (text.empty()) {
        text = std::move(piece);
    } else {
        text += piece;
    }
}

}  // namespace

void AnswerBuilder::add(Delta&& delta) {
    if (delta.usage) usage_ = delta.usage;
    Choice& target = choice(delta.choice);
    append(target.said.text, std::move(delta.text));
    append(target.said.reasoning, std::move(delta.reasoning));
    if (!delta.refusal.empty()) {
        if (!target.said.refusal) target.said.refusal.emplace();
        append(*target.said.refusal, std::move(delta.refusal));
    }
    for (ToolCallDelta& piece : delta.tool_calls)
        target.calls.add(std::move(piece));
    if (delta.finish_reason && !delta.finish_reason->empty()) {
        target.said.finish_reason = *std::move(delta.finish_reason);
    }
    if (!delta.reasoning_blocks.empty()) {
        target.said.reasoning_blocks = std::move(delta.reasoning_blocks);
    }
}

AnswerBuilder::Choice& AnswerBuilder::choice(int index) {
    if (!choices_.empty() && choices_.front().said.index == index) return choices_.front();
    const auto place = std::ranges::lower_bound(choices_, index, {},
                                                [](const Choice& each) { return each.said.index; });
    if (place != choices_.end() && place->said.index == index) return *place;
    Choice& made = *choices_.emplace(place);
    made.said.index = index;
    return made;
}

ChatAnswer AnswerBuilder::answer() const {
    ChatAnswer answer;
    answer.usage = usage_;
    for (const Choice& each : choices_) {
        ChatChoice said = each.said;
        if (!said.finish_reason.empty()) said.tool_calls = each.calls.calls();
        if (&each == choices_.data()) {
            static_cast<ChatChoice&>(answer) = std::move(said);
        } else {
            answer.more_choices.push_back(std::move(said));
        }
    }
    return answer;
}

std::size_t AnswerBuilder::open_calls() const noexcept {
    std::size_t count = 0;
    for (const Choice& each : choices_) {
        if (each.said.finish_reason.empty()) count += each.calls.size();
    }
    return count;
}

Result<ChatAnswer> AnswerBuilder::finish() && {
    if (const std::size_t open = open_calls(); open > 0) {
        return Error(LlmErrc::stream_truncated,
                     "the stream ended without a finish reason, so that " + std::to_string(open) +
                         " of its calls may be cut; send the request again")
            .with_retry(true);
    }
    for (Choice& each : choices_) {
        if (each.said.finish_reason.empty()) each.said.finish_reason = "stop";
    }
    return answer();
}

}  // namespace weir::llm
