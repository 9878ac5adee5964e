// SPDX-License-Identifier: MIT
//
// UTF-8 that is safe to pass on, and short excerpts of text that nobody has checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::llm {

/// Appends one character. A surrogate, or a value past U+10FFFF, becomes U+FFFD.
void append_code_point(std::string& out, char32_t code_point);

/// Length in bytes of the UTF-8 character that `text` begins with, or 0 if it begins with none.
/// Precondition: `text` is not empty.
std::size_t utf8_length(std::string_view text) noexcept;

/// Appends `text`, each byte that is not part of a UTF-8 character replaced by U+FFFD.
void append_valid_utf8(std::string& out, std::string_view text);

/// `text` on one line and at most about `bytes_max` long, for a message: runs of blanks and
/// control characters become one space, and a cut is marked by "...".
std::string excerpt(std::string_view text, std::size_t bytes_max);

}  // namespace weir::llm
