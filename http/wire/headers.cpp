// SPDX-License-Identifier: MIT
#include <weir/http/wire/headers.h>
#include <weir/runtime/base/assert.h>
#include <algorithm>
#include <array>
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

constexpr char to_lower(char byte) noexcept {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
}

constexpr bool is_space(char byte) noexcept {
    return byte == ' ' || byte == '\t';
}

}  // namespace

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char byte) {
        return kTokenBytes[static_cast<unsigned char>(byte)];
    });
}

bool is_field_value(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char signed_byte) {
        const auto byte = static_cast<unsigned char>(signed_byte);
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    });
}

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(),
                      [](char a, char b) { return to_lower(a) == to_lower(b); });
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
        text_.reserve(text_.size() + name.size() + value.size());
        entries_.push_back({static_cast<std::uint32_t>(text_.size()),
                            static_cast<std::uint32_t>(name.size()),
                            static_cast<std::uint32_t>(copy.size())});
        text_.append(name).append(copy);
        return;
    }
    entries_.push_back({static_cast<std::uint32_t>(text_.size()),
                        static_cast<std::uint32_t>(name.size()),
                        static_cast<std::uint32_t>(value.size())});
    text_.append(name).append(value);
}

void Headers::set(std::string_view name, std::string_view value) {
    const std::string name_copy(name);
    const std::string value_copy(value);
    remove(name_copy);
    add(name_copy, value_copy);
}

std::size_t Headers::remove(std::string_view name) {
    std::string kept_text;
    std::vector<Entry> kept;
    for (const Entry& entry : entries_) {
        const Field found = field(entry);
        if (equals_ignoring_case(found.name, name)) continue;
        kept.push_back(
            {static_cast<std::uint32_t>(kept_text.size()), entry.name_size, entry.value_size});
        kept_text.append(found.name).append(found.value);
    }
    const std::size_t removed = entries_.size() - kept.size();
    if (removed == 0) return 0;
    text_ = std::move(kept_text);
    entries_ = std::move(kept);
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

Field Headers::field(const Entry& entry) const noexcept {
    const std::string_view text = text_;
    return Field(text.substr(entry.begin, entry.name_size),
                 text.substr(entry.begin + entry.name_size, entry.value_size));
}

}  // namespace weir::http
