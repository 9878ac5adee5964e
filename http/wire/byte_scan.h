// SPDX-License-Identifier: MIT
//
// The loops over single bytes that heads spend their time in: how far a name or a value goes, where
// a head ends. Sixteen bytes at a time with SSE2, which each x86-64 has; one by one elsewhere, at
// the end of a text, and in tests, which compare the two.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::http::detail {

/// RFC 9110, 5.6.2.
inline constexpr std::array<bool, 256> kTokenBytes = [] {
    std::array<bool, 256> table{};
    for (int byte = '0'; byte <= '9'; ++byte)
        table[byte] = true;
    for (int byte = 'a'; byte <= 'z'; ++byte)
        table[byte] = true;
    for (int byte = 'A'; byte <= 'Z'; ++byte)
        table[byte] = true;
    for (const char byte : std::string_view("!#$%&'*+-.^_`|~")) {
        table[static_cast<unsigned char>(byte)] = true;
    }
    return table;
}();

constexpr bool is_token_byte(char byte) noexcept {
    return kTokenBytes[static_cast<unsigned char>(byte)];
}

/// RFC 9110, 5.5: all but control bytes, of which the tab is allowed.
constexpr bool is_value_byte(char signed_byte) noexcept {
    const auto byte = static_cast<unsigned char>(signed_byte);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/// Whether the LF at `at` closes an empty line. There are two bytes before it.
constexpr bool closes_empty_line(const char* at) noexcept {
    return at[-1] == '\n' || (at[-1] == '\r' && at[-2] == '\n');
}

/// One byte after the other. All of these give the first place that is not what is skipped, or
/// `end`.
namespace by_byte {
inline const char* skip_token(const char* at, const char* end) noexcept {
    while (at != end && is_token_byte(*at))
        ++at;
    return at;
}
inline const char* skip_value(const char* at, const char* end) noexcept {
    while (at != end && is_value_byte(*at))
        ++at;
    return at;
}
/// The first LF that closes an empty line. Two bytes before `at` are there too.
inline const char* find_empty_line(const char* at, const char* end) noexcept {
    while (at != end) {
        const auto left = static_cast<std::size_t>(end - at);
        const auto* lf = static_cast<const char*>(std::memchr(at, '\n', left));
        if (lf == nullptr) return end;
        if (closes_empty_line(lf)) return lf;
        at = lf + 1;
    }
    return end;
}
/// The first place with an LF that has no CR before it, or with another byte that has. One byte
/// before `at` is there too.
inline const char* find_lone_line_end(const char* at, const char* end) noexcept {
    while (at != end && (at[-1] == '\r') == (*at == '\n'))
        ++at;
    return at;
}
}  // namespace by_byte

#if defined(__SSE2__)

inline constexpr std::ptrdiff_t kBlock = 16;

/// Sixteen bytes, compared at once. Masks have a bit for each, the first byte's lowest.
class Block {
public:
    explicit Block(const char* at) noexcept
        : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}

    __m128i equal_to(char byte) const noexcept {
        return _mm_cmpeq_epi8(bytes_, _mm_set1_epi8(byte));
    }
    /// Letters, digits and hyphens: what nearly all names are made of.
    unsigned usual_in_names() const noexcept {
        // Moved up so that the last of the range is the highest signed byte, and what lies behind
        // it becomes negative, one comparison does for both ends.
        const __m128i lower = _mm_or_si128(bytes_, _mm_set1_epi8(0x20));
        const __m128i letters = _mm_cmpgt_epi8(_mm_add_epi8(lower, _mm_set1_epi8(0x7f - 'z')),
                                               _mm_set1_epi8(0x7f - 26));
        const __m128i digits = _mm_cmpgt_epi8(_mm_add_epi8(bytes_, _mm_set1_epi8(0x7f - '9')),
                                              _mm_set1_epi8(0x7f - 10));
        return mask(_mm_or_si128(_mm_or_si128(letters, digits), equal_to('-')));
    }
    unsigned controls() const noexcept {
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(0x1f)), bytes_);
        return mask(_mm_or_si128(low, equal_to(0x7f)));
    }
    static unsigned mask(__m128i bytes) noexcept {
        return static_cast<unsigned>(_mm_movemask_epi8(bytes));
    }

private:
    __m128i bytes_;
};

inline const char* skip_token(const char* at, const char* end) noexcept {
    while (end - at >= kBlock) {
        const int usual = std::countr_one(Block(at).usual_in_names());
        at += usual;
        if (usual == kBlock) continue;
        if (!is_token_byte(*at)) return at;
        ++at;
    }
    return by_byte::skip_token(at, end);
}

inline const char* skip_value(const char* at, const char* end) noexcept {
    while (end - at >= kBlock) {
        const unsigned controls = Block(at).controls();
        if (controls == 0) {
            at += kBlock;
            continue;
        }
        at += std::countr_zero(controls);
        if (*at != '\t') return at;
        ++at;
    }
    return by_byte::skip_value(at, end);
}

inline const char* find_empty_line(const char* at, const char* end) noexcept {
    while (end - at >= kBlock) {
        // Lines of one byte are marked too: they are rare, and looked at below.
        const __m128i before =
            _mm_or_si128(Block(at - 1).equal_to('\n'), Block(at - 2).equal_to('\n'));
        unsigned marks = Block::mask(_mm_and_si128(Block(at).equal_to('\n'), before));
        for (; marks != 0; marks &= marks - 1) {
            const char* const lf = at + std::countr_zero(marks);
            if (closes_empty_line(lf)) return lf;
        }
        at += kBlock;
    }
    return by_byte::find_empty_line(at, end);
}

inline const char* find_lone_line_end(const char* at, const char* end) noexcept {
    while (end - at >= kBlock) {
        const unsigned lone =
            Block::mask(_mm_xor_si128(Block(at - 1).equal_to('\r'), Block(at).equal_to('\n')));
        if (lone != 0) return at + std::countr_zero(lone);
        at += kBlock;
    }
    return by_byte::find_lone_line_end(at, end);
}

#else

using by_byte::find_empty_line;
using by_byte::find_lone_line_end;
using by_byte::skip_token;
using by_byte::skip_value;

#endif

}  // namespace weir::http::detail
