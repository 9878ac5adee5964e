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

/// `retry_after_ms` and `retry_after` are the values of the headers of those names; the first one
/// wins. `request_id` may be empty. All known shapes of error bodies are understood; of any other
/// text a bounded excerpt is shown.
Error failure_from_response(int status, std::string_view body,
                            std::optional<std::string_view> retry_after_ms,
                            std::optional<std::string_view> retry_after,
                            std::string_view request_id);

}  // namespace weir::llm
