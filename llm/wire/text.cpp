// SPDX-License-Identifier: MIT
#include "llm/wire/text.h"

namespace weir::llm {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned byte_at(std::string_view text, std::size_t index) noexcept {
    return static_cast<unsigned char>(text[index]);
}

bool is_continuation(std::string_view text, std::size_t index) noexcept {
    return index < text.size() && (byte_at(text, index) & 0xC0u) == 0x80u;
}

}  // namespace

void append_code_point(std::string& out, char32_t code_point) {
    const auto value = static_cast<unsigned>(code_point);
    const auto put = [&out](unsigned byte) {
        out += static_cast<char>(byte);
    };
    if (value < 0x80) {
        put(value);
    } else if (value < 0x800) {
        put(0xC0u | (value >> 6));
        put(0x80u | (value & 0x3Fu));
    } else if ((value >= 0xD800 && value < 0xE000) || value > 0x10FFFF) {
        out += kReplacement;
    } else if (value < 0x10000) {
        put(0xE0u | (value >> 12));
        put(0x80u | ((value >> 6) & 0x3Fu));
        put(0x80u | (value & 0x3Fu));
    } else {
        put(0xF0u | (value >> 18));
        put(0x80u | ((value >> 12) & 0x3Fu));
        put(0x80u | ((value >> 6) & 0x3Fu));
        put(0x80u | (value & 0x3Fu));
    }
}

std::size_t utf8_length(std::string_view text) noexcept {
    const unsigned lead = byte_at(text, 0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4 || !is_continuation(text, 1)) return 0;
    if (lead < 0xE0) return 2;
    // The second byte excludes overlong forms, surrogates and what lies past U+10FFFF.
    const unsigned second = byte_at(text, 1);
    if (!is_continuation(text, 2)) return 0;
    if (lead < 0xF0) {
        const bool is_bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F);
        return is_bad ? 0 : 3;
    }
    const bool is_bad = (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
    return is_bad || !is_continuation(text, 3) ? 0 : 4;
}

void append_valid_utf8(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out += kReplacement;
            text.remove_prefix(1);
        } else {
            out += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
}

std::string excerpt(std::string_view text, std::size_t bytes_max) {
    std::string out;
    bool after_blank = true;  // drops the blanks at the beginning
    while (!text.empty()) {
        if (out.size() >= bytes_max) return out + "...";
        const unsigned byte = byte_at(text, 0);
        if (byte <= ' ' || byte == 0x7F) {
            if (!after_blank) out += ' ';
            after_blank = true;
            text.remove_prefix(1);
            continue;
        }
        const std::size_t length = utf8_length(text);
        append_valid_utf8(out, text.substr(0, length == 0 ? 1 : length));
        text.remove_prefix(length == 0 ? 1 : length);
        after_blank = false;
    }
    if (!out.empty() && after_blank) out.pop_back();
    return out;
}

}  // namespace weir::llm
