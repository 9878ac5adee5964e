// SPDX-License-Identifier: MIT
//
// The error object that a server sends, in any of its shapes: as the body of an error status, or
// inside an answer that began well.
#pragma once

#include <weir/runtime/base/error.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::llm {

/// What an error body says. Members that it does not have are empty.
class ErrorBody {
public:
    ErrorBody() = default;

    std::string message;  ///< one line, bounded; an excerpt of the body where it has no message
    std::string type;
    std::string code;  ///< a number is kept as text
    std::string param;
    std::string request_id;
    std::optional<std::int64_t> status;  ///< a numeric code or status, as the body tells it
};

/// Reads an error body: JSON of a known shape, a page of HTML, plain text, or nothing.
ErrorBody read_error_body(std::string_view body);

/// Whether the body says that there is no money, rather than too many requests.
bool is_out_of_money(const ErrorBody& body);

/// "the message (type t, code c; request id r)"
std::string describe(const ErrorBody& body);

/// LlmErrc::failed_in_stream, for an error object that came with status 200.
Error error_in_answer(std::string_view body);

}  // namespace weir::llm
