// SPDX-License-Identifier: MIT
//
// What the message parsers report, and the limits they are given.
#pragma once

#include <weir/runtime/base/bytes.h>
#include <cstdint>
#include <limits>

namespace weir::http {

/// One step of a message: its head, then any number of body pieces, then its end.
class ParserEvent {
public:
    enum class Kind : std::uint8_t {
        need_more,  ///< all input was consumed; read more
        head,       ///< the head is complete: take_head()
        body,       ///< `bytes` is the next piece, a view into the input
        end,        ///< the message is complete; what is left of the input is not part of it
    };
    using enum Kind;

    explicit ParserEvent(Kind event_kind, Bytes piece = {}) noexcept
        : bytes(piece), kind(event_kind) {}

    Bytes bytes;  ///< set for body only, and then never empty
    Kind kind;
};

/// Bounds on one message. Beyond them the parsers give an error instead of memory.
class ParserLimits {
public:
    ParserLimits() noexcept {}

    std::uint64_t body_bytes = std::numeric_limits<std::uint64_t>::max();
    std::uint32_t head_bytes = 64 * 1024;
    std::uint32_t fields = 256;
    std::uint32_t target_bytes = 16 * 1024;  ///< of a request; RFC 9112, 3 asks for 8,000
};

}  // namespace weir::http
