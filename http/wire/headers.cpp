// SPDX-License-Identifier: MIT
#include <weir/http/wire/headers.h>
#include <weir/runtime/base/assert.h>
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>

namespace weir::http {
namespace {

constexpr std::array<bool, 256> kTokenBytes = [] {
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

constexpr bool is_space(char byte) noexcept {
    return byte == ' ' || byte == '\t';
}

constexpr bool is_value_byte(char signed_byte) noexcept {
    const auto byte = static_cast<unsigned char>(signed_byte);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/// How many of a word's bytes, in the order of memory, come before the first that is below 0x20 or
/// is 0x7f. Where the order within a word is another one: eight or none, and each is looked at.
constexpr std::size_t plain_bytes(std::uint64_t word) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word;
    const std::uint64_t from_delete = word ^ (kOnes * 0x7f);
    const std::uint64_t is_delete = (from_delete - kOnes) & ~from_delete;
    // A borrow may mark bytes above the first one that is marked, never below it.
    const std::uint64_t marks = (below_blank | is_delete) & (kOnes * 0x80);
    if (marks == 0) return sizeof(word);
    if constexpr (std::endian::native != std::endian::little) return 0;
    return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
}

}  // namespace

std::size_t token_size(std::string_view text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && kTokenBytes[static_cast<unsigned char>(text[size])])
        ++size;
    return size;
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && token_size(text) == text.size();
}

std::size_t field_value_size(std::string_view text) noexcept {
    std::size_t size = 0;
    while (size < text.size()) {
        std::uint64_t word = 0;
        if (text.size() - size >= sizeof(word)) {
            std::memcpy(&word, text.data() + size, sizeof(word));
            size += plain_bytes(word);
            if (plain_bytes(word) == sizeof(word)) continue;
        }
        if (!is_value_byte(text[size])) break;
        ++size;
    }
    return size;
}

bool is_field_value(std::string_view text) noexcept {
    return field_value_size(text) == text.size();
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
