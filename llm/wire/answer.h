// SPDX-License-Identifier: MIT
//
// What a model answers, in values: whole as a ChatAnswer, streamed as one Delta after another. The
// same for all protocols. AnswerBuilder (llm/wire/answer_builder.h) makes the first of the second.
#pragma once

#include <weir/llm/wire/call_report.h>
#include <weir/llm/wire/message.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// What a call cost, in the server's own count.
class Usage {
public:
    Usage() = default;
    Usage(std::int64_t input, std::int64_t output)
        : input_tokens(input), output_tokens(output), total_tokens(input + output) {}

    std::int64_t input_tokens = 0;   ///< all of the input, whether it came from a cache or not
    std::int64_t output_tokens = 0;  ///< all of the output, reasoning included
    std::int64_t total_tokens = 0;
    std::int64_t cache_read_tokens = 0;   ///< of the input: read from the server's cache
    std::int64_t cache_write_tokens = 0;  ///< of the input: put into the server's cache
    std::int64_t reasoning_tokens = 0;    ///< of the output: spent on thinking

    friend bool operator==(const Usage&, const Usage&) = default;
};

/// Why an answer ended. Servers use more words than these: the raw one is kept beside it.
enum class FinishReason {
    stop,            ///< the model was done, or met a stop text
    length,          ///< max_tokens, or the model's own window, was reached
    tool_calls,      ///< the model asks for functions to be called
    content_filter,  ///< the answer was withheld
    other,           ///< another word: see the raw one
    none,            ///< no reason was given
};

FinishReason finish_reason_from(std::string_view raw) noexcept;

/// One of the answers to a request that asked for several.
class ChatChoice {
public:
    ChatChoice() = default;

    /// The finish reason as one of the known kinds. An answer with calls that says it stopped, as
    /// some servers do, is one that asks for calls.
    FinishReason finish() const noexcept {
        const FinishReason reason = finish_reason_from(finish_reason);
        const bool hides_calls = reason == FinishReason::stop && !tool_calls.empty();
        return hides_calls ? FinishReason::tool_calls : reason;
    }

    int index = 0;
    std::string text;
    std::string reasoning;               ///< what the model thought, where the server tells it
    std::optional<std::string> refusal;  ///< the model's words where it declined to answer
    std::vector<ToolCall> tool_calls;
    std::string finish_reason;     ///< as the server spelled it; empty where it gave none
    std::string reasoning_blocks;  ///< see Message::reasoning_blocks
};

/// A whole answer. Its first choice is the answer itself; most have no other.
class ChatAnswer : public ChatChoice {
public:
    ChatAnswer() = default;

    /// What to add to the chat before the results of the calls, or the next question.
    Message message() const {
        Message said = Message::with_calls(text, tool_calls);
        said.reasoning_blocks = reasoning_blocks;
        return said;
    }

    std::string id;
    std::string model;
    std::optional<Usage> usage;
    std::vector<ChatChoice> more_choices;  ///< those after the first, by index
    CallReport report;                     ///< filled in by the client
};

/// A piece of a call, as a stream brings it. Which call it belongs to, ToolCallAssembler knows.
class ToolCallDelta {
public:
    ToolCallDelta() = default;

    std::optional<std::int64_t> index;  ///< as the server gave it, which cannot be relied on
    std::string id;
    std::string name;
    std::string arguments;             ///< to be appended; all of them if are_arguments_whole
    std::string extra;                 ///< see ToolCall::extra
    bool are_arguments_whole = false;  ///< the server gave an object, not pieces of text
};

/// A piece of a streamed answer. A chunk is not a token: count tokens by `usage` alone.
class Delta {
public:
    Delta() = default;
    explicit Delta(std::string piece) : text(std::move(piece)) {}

    /// The finish reason as one of the known kinds; none while the answer goes on.
    FinishReason finish() const noexcept {
        return finish_reason_from(finish_reason ? std::string_view(*finish_reason) : "");
    }

    int choice = 0;         ///< the choice that it belongs to; 0 unless several were asked for
    std::string text;       ///< what to append to the answer; may be empty
    std::string reasoning;  ///< what to append to the reasoning; mostly empty
    std::string refusal;    ///< what to append to the refusal; mostly empty
    std::vector<ToolCallDelta> tool_calls;
    std::optional<std::string> role;           ///< on the first piece, from most servers
    std::optional<std::string> finish_reason;  ///< on the last piece, as the server spelled it
    std::optional<Usage> usage;                ///< so far: the last one of a stream counts
    std::string reasoning_blocks;              ///< whole, on the last piece; see Message
};

}  // namespace weir::llm
