// SPDX-License-Identifier: MIT
//
// What the mock server reads from the body of a request for an answer, whichever of its protocols
// it is in, and what it is going to say to it. A body that a real server would refuse is refused
// here too, with a sentence for the client.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm::mock {

/// Chat Completions, Anthropic's Messages, and OpenAI's Responses.
enum class Protocol : std::uint8_t { chat, messages, responses };

/// A call that the answer asks for. `arguments` is a JSON object as text.
class PlannedCall {
public:
    PlannedCall(std::string tool, std::string json)
        : name(std::move(tool)), arguments(std::move(json)) {}

    std::string name;
    std::string arguments;
};

class Ask {
public:
    explicit Ask(Protocol spoken) noexcept : protocol(spoken) {}

    Protocol protocol;
    bool is_streamed = false;
    bool wants_usage = false;        ///< in a streamed chat: as its last chunk
    bool wants_usage_often = false;  ///< in a streamed chat: on every chunk
    bool wants_thoughts = false;     ///< some reasoning before the answer
    std::string model;
    std::string prompt;              ///< the text of the last message
    std::int64_t prompt_tokens = 0;  ///< the words of all messages
    std::optional<std::int64_t> tokens_max;
    std::vector<PlannedCall> calls;  ///< what the answer asks for instead of a text
    std::string text;                ///< what it says; empty: words drawn from the prompt
};

/// LlmErrc::bad_request with a message that names the member at fault.
Result<Ask> read_ask(Protocol protocol, std::string_view body);

}  // namespace weir::llm::mock
