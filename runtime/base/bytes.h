// SPDX-License-Identifier: MIT
//
// Byte spans, and views of text as bytes and back. Neither owns anything.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// The same memory seen as bytes. Valid as long as `text` is.
inline Bytes as_bytes(std::string_view text) noexcept {
    return Bytes(reinterpret_cast<const std::byte*>(text.data()), text.size());
}

/// The same memory seen as text. Valid as long as `bytes` is.
inline std::string_view as_text(Bytes bytes) noexcept {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace weir
