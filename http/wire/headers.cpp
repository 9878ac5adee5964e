// SPDX-License-Identifier: MIT
#include <weir/http/wire/headers.h>
#include <weir/runtime/base/assert.h>

#include "http/wire/byte_scan.h"

#include <bit>
#include <cstring>
#include <functional>

namespace weir::http {
namespace {

constexpr bool is_space(char byte) noexcept {
    return byte == ' ' || byte == '\t';
}

constexpr char lower(char byte) noexcept {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

/// Whether eight bytes are the same but for the case of ASCII letters.
bool words_match(const char* left, const char* right) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHigh = kOnes * 0x80;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::memcpy(&first, left, sizeof(first));
    std::memcpy(&second, right, sizeof(second));
    const std::uint64_t differing = first ^ second;
    if (differing == 0) return true;
    // With the bit of the case set, a letter reaches the highest bit from 'a' on, and not from
    // behind 'z'. No sum leaves its byte.
    const std::uint64_t low = (first | kOnes * 0x20) & ~kHigh;
    const std::uint64_t letters =
        (low + kOnes * (0x80 - 'a')) & ~(low + kOnes * (0x7f - 'z')) & ~first & kHigh;
    return (differing & ~(letters >> 2)) == 0;
}

}  // namespace

std::size_t token_size(std::string_view text) noexcept {
    const char* const end = text.data() + text.size();
    return static_cast<std::size_t>(detail::skip_token(text.data(), end) - text.data());
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && token_size(text) == text.size();
}

std::size_t field_value_size(std::string_view text) noexcept {
    const char* const end = text.data() + text.size();
    return static_cast<std::size_t>(detail::skip_value(text.data(), end) - text.data());
}

bool is_field_value(std::string_view text) noexcept {
    return field_value_size(text) == text.size();
}

bool same_but_case(const char* left, const char* right, std::size_t size) noexcept {
    while (size >= sizeof(std::uint64_t)) {
        if (!words_match(left, right)) return false;
        left += sizeof(std::uint64_t);
        right += sizeof(std::uint64_t);
        size -= sizeof(std::uint64_t);
    }
    for (; size > 0; ++left, ++right, --size) {
        if (lower(*left) != lower(*right)) return false;
    }
    return true;
}

std::string_view trim_whitespace(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

void Headers::add(std::string_view name, std::string_view value) {
    constexpr std::size_t kTextMax = UINT32_MAX;
    WEIR_CHECK(name.size() <= kTextMax && value.size() <= kTextMax);
    WEIR_CHECK(text_.size() + name.size() + value.size() <= kTextMax);
    // The value may be a view of another field here, which growing would leave dangling.
    const std::less_equal<const char*> before;
    const char* const text_end = text_.data() + text_.size();
    if (before(text_.data(), value.data()) && before(value.data(), text_end)) {
        const std::string copy(value);
        add_entry(name, copy);
        return;
    }
    add_entry(name, value);
}

void Headers::add_entry(std::string_view name, std::string_view value) {
    const auto begin = static_cast<std::uint32_t>(text_.size());
    const auto name_size = static_cast<std::uint32_t>(name.size());
    entries_.push_back(
        {begin, begin + name_size, name_size, static_cast<std::uint32_t>(value.size())});
    text_.append(name).append(value);
}

void Headers::set(std::string_view name, std::string_view value) {
    const std::string name_copy(name);
    const std::string value_copy(value);
    remove(name_copy);
    add(name_copy, value_copy);
}

std::size_t Headers::remove(std::string_view name) {
    if (!contains(name)) return 0;
    Headers kept;
    for (const Field found : *this) {
        if (!equals_ignoring_case(found.name, name)) kept.add_entry(found.name, found.value);
    }
    const std::size_t removed = size() - kept.size();
    *this = std::move(kept);
    return removed;
}

void Headers::clear() noexcept {
    text_.clear();
    entries_.clear();
}

void Headers::reserve(std::size_t fields, std::size_t text_bytes) {
    entries_.reserve(fields);
    text_.reserve(text_bytes);
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
    for (const Field found : *this) {
        if (equals_ignoring_case(found.name, name)) return found.value;
    }
    return std::nullopt;
}

std::vector<std::string_view> Headers::get_all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const Field found : *this) {
        if (equals_ignoring_case(found.name, name)) values.push_back(found.value);
    }
    return values;
}

bool Headers::has_token(std::string_view name, std::string_view token) const noexcept {
    for (const Field found : *this) {
        if (!equals_ignoring_case(found.name, name)) continue;
        std::string_view rest = found.value;
        while (true) {
            const std::size_t comma = rest.find(',');
            const std::string_view element = trim_whitespace(rest.substr(0, comma));
            if (equals_ignoring_case(element, token)) return true;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

}  // namespace weir::http
