// SPDX-License-Identifier: MIT
#include <weir/llm/wire/json_writer.h>

#include "llm/wire/text.h"

#include <charconv>
#include <cmath>
#include <iterator>

namespace weir::llm {
namespace {

/// Plain bytes need neither an escape nor a check: printable ASCII but the quote and backslash.
bool is_plain(char character) noexcept {
    const auto byte = static_cast<unsigned char>(character);
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

void append_escape(std::string& out, char character) {
    static constexpr char kHex[] = "0123456789abcdef";
    switch (character) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += kHex[(character >> 4) & 0xF];
            out += kHex[character & 0xF];
    }
}

template <typename Number>
void append_number(std::string& out, Number value) {
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out.append(std::begin(digits), end);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t run = 0;
        while (run < text.size() && is_plain(text[run]))
            ++run;
        out += text.substr(0, run);
        text.remove_prefix(run);
        if (text.empty()) break;
        if (static_cast<unsigned char>(text.front()) < 0x80) {
            append_escape(out, text.front());
            text.remove_prefix(1);
            continue;
        }
        const std::size_t length = utf8_length(text);
        append_valid_utf8(out, text.substr(0, length == 0 ? 1 : length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

void append_json_integer(std::string& out, std::int64_t value) {
    append_number(out, value);
}

void append_json_real(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    append_number(out, value);
}

}  // namespace weir::llm
