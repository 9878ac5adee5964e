// SPDX-License-Identifier: MIT
//
// What can go wrong between us and a model, by what a caller can do about it. The details (the
// server's own words, whether a retry is worth it and after how long) are in the Error itself.
#pragma once

#include <weir/runtime/base/error.h>
#include <system_error>

namespace weir::llm {

enum class LlmErrc {
    unauthorized = 1,  ///< 401, 403: the key is missing, wrong, or not allowed to do this
    rate_limited,      ///< 429: too many requests or tokens in this minute; wait, then retry
    quota_exhausted,   ///< 402, and a 429 that means "no money": a retry cannot help
    bad_request,       ///< 400, 404, 405, 413, 415, 422 and other 4xx: the request itself is wrong
    try_again,         ///< 408, 409, 425: the server gave up on this attempt, not on the request
    overloaded,        ///< 503, 529: the server is too busy, or still loading its model
    server_error,      ///< 500 and other 5xx
    stream_truncated,  ///< a stream that ended without [DONE] and without a finish reason
    malformed_answer,  ///< an answer that is not what the protocol promises
    failed_in_stream,  ///< an error object inside an answer whose status was 200
    bad_line,          ///< a line of a batch file that is not a request
};

const std::error_category& llm_category() noexcept;
std::error_code make_error_code(LlmErrc code) noexcept;

}  // namespace weir::llm

template <>
struct std::is_error_code_enum<weir::llm::LlmErrc> : std::true_type {};
