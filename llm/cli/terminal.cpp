// SPDX-License-Identifier: MIT
#include "llm/cli/terminal.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

namespace weir::cli {

void complain(std::string_view message) {
    std::fprintf(stderr, "weir: %.*s\n", static_cast<int>(message.size()), message.data());
}

void complain(const Error& error) {
    complain(error.message());
}

ProgressLine::ProgressLine() noexcept : is_visible_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(std::string_view text) {
    if (!is_visible_) return;
    is_dirty_ = true;
    // Return to the first column and wipe what was there: the new text may be shorter.
    std::fprintf(stderr, "\r\x1b[K%.*s", static_cast<int>(text.size()), text.data());
    std::fflush(stderr);
}

void ProgressLine::clear() {
    if (!is_dirty_) return;
    is_dirty_ = false;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
}

std::string grouped(std::int64_t number) {
    std::string text = std::to_string(number);
    const std::size_t sign = number < 0 ? 1 : 0;
    for (std::size_t place = text.size(); place > sign + 3;) {
        place -= 3;
        text.insert(place, 1, ',');
    }
    return text;
}

std::string fixed(double value, int digits) {
    std::array<char, 64> text;
    const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return std::string(text.data(), static_cast<std::size_t>(size));
}

std::string readable(Duration span) {
    if (span >= std::chrono::hours(2)) return fixed(to_seconds(span) / 3600, 1) + " h";
    if (span >= std::chrono::seconds(100)) return fixed(to_seconds(span), 0) + " s";
    if (span >= std::chrono::seconds(1)) return fixed(to_seconds(span), 2) + " s";
    return fixed(to_seconds(span) * 1e3, span < std::chrono::milliseconds(10) ? 2 : 0) + " ms";
}

std::string readable_bytes(double bytes) {
    constexpr std::array<const char*, 5> units = {" B", " KB", " MB", " GB", " TB"};
    std::size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < units.size()) {
        bytes /= 1000;
        ++unit;
    }
    return fixed(bytes, unit == 0 ? 0 : 1) + units[unit];
}

std::string row(std::string_view name, std::string_view value) {
    std::string text = "  ";
    text += name;
    text.append(name.size() < 34 ? 34 - name.size() : 1, ' ');
    text += value;
    text += '\n';
    return text;
}

}  // namespace weir::cli
