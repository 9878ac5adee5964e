// SPDX-License-Identifier: MIT
//
// An error answer in the shape that a protocol and a dialect give it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "llm/mock/dialect.h"

namespace weir::llm::mock {

class Refusal {
public:
    /// The type is the one that fits the status.
    Refusal(int http_status, std::string words) : status(http_status), message(std::move(words)) {}

    int status;
    std::string message;
    std::string_view code;  ///< such as "rate_limit_exceeded"; empty where there is none
};

/// As servers of Chat Completions and of the Responses API word it.
std::string write_refusal(const Dialect& dialect, const Refusal& refusal);
/// As Anthropic words it.
std::string write_anthropic_refusal(const Refusal& refusal, std::string_view request_id);
/// The type of error that Anthropic has for a status.
std::string_view anthropic_error_type(int status) noexcept;

/// What is said where the script asked for that status.
Refusal scripted_refusal(int status);

}  // namespace weir::llm::mock
