// SPDX-License-Identifier: MIT
//
// JSON text out: strings and numbers appended to a std::string. Objects and arrays are written by
// the caller, who knows their shape; there is no tree and no builder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::llm {

/// Appends `text` as a JSON string with its quotes. The output is valid UTF-8 whatever the input
/// is: a sequence that is not UTF-8 becomes U+FFFD. Never contains a newline.
void append_json_string(std::string& out, std::string_view text);

void append_json_integer(std::string& out, std::int64_t value);
/// The shortest text that reads back as `value`; `null` where it is not finite.
void append_json_real(std::string& out, double value);

}  // namespace weir::llm
