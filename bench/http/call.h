// SPDX-License-Identifier: MIT
//
// One call as a program makes it: a question that is made of objects, sent as JSON, and an answer
// whose JSON is parsed.
#pragma once

#include <weir/http/client.h>
#include <string>
#include <vector>

namespace weir::bench {

struct ChatMessage {
    std::string role;
    std::string content;
};

struct ChatQuestion {
    std::string model;
    std::vector<ChatMessage> messages;

    std::string to_json() const;
};

/// The question that the server expects.
ChatQuestion make_question();

/// What the benchmarks of HTTP call: the server at 127.0.0.1:`port`.
Result<http::Url> server_url(std::size_t port, bool is_secure = false);

/// Fails unless the answer is what it should be.
Task<Result<void>> call(http::Client& client, const http::Url& url);

}  // namespace weir::bench
