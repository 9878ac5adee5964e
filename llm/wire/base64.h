// SPDX-License-Identifier: MIT
//
// Base64 (RFC 4648, section 4): how bytes travel inside JSON, in both directions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::llm {

/// `bytes` as base64 with its padding.
std::string to_base64(std::string_view bytes);

/// The bytes of a base64 text; nothing where it is not one. The padding may be missing.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace weir::llm
