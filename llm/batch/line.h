// SPDX-License-Identifier: MIT
//
// Lines of the OpenAI Batch API's files: one request in, one answer or one failure out. A codec
// only: it reads no files and does not know whether a custom_id is used twice.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm {

/// One request of a batch.
class RequestLine {
public:
    RequestLine(std::string id, std::string path, std::string json)
        : custom_id(std::move(id)), url(std::move(path)), body(std::move(json)) {}

    std::string custom_id;
    std::string url;   ///< the path of the endpoint: "/v1/chat/completions"
    std::string body;  ///< the request body, byte for byte as it stood in the line
};

/// The line without a byte order mark, blanks and line ends around it.
std::string_view trim_line(std::string_view line) noexcept;
/// Whether nothing is left of the line then; such lines are skipped.
bool is_blank(std::string_view line) noexcept;

/// A request line. A line that cannot be sent is LlmErrc::bad_line, with a message that names the
/// member at fault; it does not name the line, whose number the caller knows.
Result<RequestLine> parse_request_line(std::string_view line);

/// The custom_id of a line, as far as it can be found; to report a line that is bad otherwise.
std::optional<std::string> find_custom_id(std::string_view line);

/// The reply that a request got, for the error file.
class FailedResponse {
public:
    FailedResponse(int status, std::string id, std::string text)
        : status_code(status), request_id(std::move(id)), body(std::move(text)) {}

    int status_code;
    std::string request_id;
    std::string body;
};

// Each writes one line, without the newline at its end and without one inside. A body that is
// JSON is inserted as it is, on one line; any other text becomes a JSON string.

std::string write_output_line(std::string_view id, std::string_view custom_id, int status_code,
                              std::string_view request_id, std::string_view body);

/// A request that failed. As in OpenAI's files, `error` is null where the response tells it all:
/// pass an empty `code` then.
std::string write_failure_line(std::string_view id, std::string_view custom_id,
                               const std::optional<FailedResponse>& response, std::string_view code,
                               std::string_view message);

/// A line that was not a request. `line_number` counts from 1.
std::string write_bad_line(std::uint64_t line_number, const std::optional<std::string>& custom_id,
                           std::string_view message);

}  // namespace weir::llm
