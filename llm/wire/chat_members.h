// SPDX-License-Identifier: MIT
//
// Members that whole answers and streamed chunks share.
#pragma once

#include <weir/llm/wire/answer.h>
#include <optional>
#include <string>

#include "llm/wire/json_reader.h"

namespace weir::llm {

/// Appends `content`: a string, an array of parts of which the text ones count, or null. `high`
/// is as for append_json_text(). Parts that the model thought go to `reasoning`.
error_code read_content(ondemand::value value, std::string& text, char16_t& high,
                        std::string* reasoning = nullptr);

/// Appends a string; anything else is ignored.
error_code append_text(ondemand::value value, std::string& text, char16_t& high);

/// Appends the elements of an array, raw and separated by commas; anything else is ignored.
error_code append_elements(ondemand::value value, std::string& elements);

/// Replaces `usage` if the value is an object with at least one known count.
error_code read_usage(ondemand::value value, std::optional<Usage>& usage);

/// Whether the value of a member named "error" is an error: an object, or text.
error_code read_is_error(ondemand::value value, bool& is_error);

}  // namespace weir::llm
