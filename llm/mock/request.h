// SPDX-License-Identifier: MIT
//
// What the mock server reads from the body of a chat request. A body that a real server would
// refuse is refused here too, with a sentence for the client.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::llm::mock {

class ChatRequest {
public:
    ChatRequest() = default;

    std::string model;
    std::string prompt;              ///< the text of the last message
    std::int64_t prompt_tokens = 0;  ///< the words of all messages
    std::optional<std::int64_t> tokens_max;
    bool is_streamed = false;
    bool wants_usage = false;  ///< in a stream: as its last chunk
};

/// LlmErrc::bad_request with a message that names the member at fault.
Result<ChatRequest> read_chat_request(std::string_view body);

}  // namespace weir::llm::mock
