// SPDX-License-Identifier: MIT
//
// A reply with an error status as an Error: its class, whether a retry is worth it, how long to
// wait, and one sentence with the server's own words. It knows no clock, so a retry-after that is
// a date is not understood.
#pragma once

#include <weir/runtime/base/error.h>
#include <optional>
#include <string_view>

namespace weir::llm {

/// The fields of a response that say when to try again.
class RetryFields {
public:
    RetryFields() noexcept {}

    std::optional<std::string_view> after_ms;  ///< retry-after-ms, which wins
    std::optional<std::string_view> after;     ///< Retry-After: seconds, or a date
    std::optional<std::string_view> date;      ///< Date: what the server's clock said
    /// x-should-retry: "true" or "false", which wins over what the status would say.
    std::optional<std::string_view> should_retry;
};

/// A Retry-After that is a date counts from the server's own Date, so that no clock need agree with
/// another; without one it says nothing. `request_id` may be empty. All known shapes of error
/// bodies are understood; of any other text a bounded excerpt is shown. A wait of more than a year
/// is taken for one of a year, and the message says so. No field makes it worth a retry that there
/// is no money.
Error failure_from_response(int status, std::string_view body, const RetryFields& retry,
                            std::string_view request_id);

}  // namespace weir::llm
