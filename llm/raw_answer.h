// SPDX-License-Identifier: MIT
//
// What a server answered, whatever its status; for callers who pass bodies through.
#pragma once

#include <weir/http/wire/message.h>
#include <weir/llm/wire/failure.h>
#include <weir/runtime/base/error.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm {

/// What a server answered, whatever its status; for callers who pass bodies through.
class RawAnswer {
public:
    RawAnswer(const http::ResponseHead& head, std::string text);
    RawAnswer(int status_code, std::string id, std::string text)
        : status(status_code), request_id(std::move(id)), body(std::move(text)) {}

    bool is_success() const noexcept { return status >= 200 && status < 300; }
    /// The Error that chat() would have given. Precondition: !is_success().
    Error failure() const;

    int status;
    std::string request_id;  ///< the server's x-request-id, or request-id; may be empty
    std::string body;
    std::optional<std::string> retry_after_ms;  ///< the headers of these names
    std::optional<std::string> retry_after;
    std::optional<std::string> date;
    std::optional<std::string> should_retry;  ///< x-should-retry
};

}  // namespace weir::llm
