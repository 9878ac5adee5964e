// SPDX-License-Identifier: MIT
//
// The fields of a message in the order they were added; names compare without regard to case. All
// text lies in one string with a small index beside it: two allocations for a whole head, whose
// lines a parser copies in one go, colons and line ends included.
// Adding does not validate: writers do, with is_token and is_field_value, before anything is sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

/// How many bytes at the beginning of `text` a token, or a field value, may have.
std::size_t token_size(std::string_view text) noexcept;
std::size_t field_value_size(std::string_view text) noexcept;
/// RFC 9110, 5.6.2: what a method or a field name may be. Never empty.
bool is_token(std::string_view text) noexcept;
/// RFC 9110, 5.5: no control bytes but tabs, so in particular no CR, LF and NUL.
bool is_field_value(std::string_view text) noexcept;
/// Of equals_ignoring_case, for texts of the same size.
bool same_but_case(const char* left, const char* right, std::size_t size) noexcept;
/// Compares ASCII letters without regard to case, all other bytes exactly.
inline bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
    // The sizes here, since most names that are compared differ in them.
    return left.size() == right.size() && same_but_case(left.data(), right.data(), left.size());
}
/// Without the spaces and tabs around it.
std::string_view trim_whitespace(std::string_view text) noexcept;

/// One field. The views are valid until its Headers change.
class Field {
public:
    Field(std::string_view field_name, std::string_view field_value) noexcept
        : name(field_name), value(field_value) {}

    std::string_view name;
    std::string_view value;
};

class Headers {
    // 32 bits for each: no message with 4 GiB of fields is ever built.
    class Entry {
    public:
        std::uint32_t name_begin;
        std::uint32_t value_begin;
        std::uint32_t name_size;
        std::uint32_t value_size;
    };

public:
    class Iterator;

    Headers() = default;

    void add(std::string_view name, std::string_view value);
    /// Replaces all fields of that name by one.
    void set(std::string_view name, std::string_view value);
    /// Removes all fields of that name and gives their number.
    std::size_t remove(std::string_view name);
    void clear() noexcept;
    /// Makes room, so that adding as much does not allocate.
    void reserve(std::size_t fields, std::size_t text_bytes);

    /// The first field of that name. The view is valid until the next change.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    std::vector<std::string_view> get_all(std::string_view name) const;
    bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
    /// Whether a comma-separated list (over all fields of that name) has the token, in any case.
    bool has_token(std::string_view name, std::string_view token) const noexcept;

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    Iterator begin() const noexcept;
    Iterator end() const noexcept;

private:
    friend class FieldReader;  // Of message_reader.cpp.

    Field field(const Entry& entry) const noexcept {
        return Field(std::string_view(text_.data() + entry.name_begin, entry.name_size),
                     std::string_view(text_.data() + entry.value_begin, entry.value_size));
    }
    void add_entry(std::string_view name, std::string_view value);

    std::string text_;
    std::vector<Entry> entries_;
};

/// Walks the fields in order; gives Field by value.
class Headers::Iterator {
public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Field operator*() const noexcept { return headers_->field(headers_->entries_[index_]); }
    Iterator& operator++() noexcept {
        ++index_;
        return *this;
    }
    Iterator operator++(int) noexcept {
        Iterator before = *this;
        ++index_;
        return before;
    }
    bool operator==(const Iterator&) const noexcept = default;

private:
    friend class Headers;
    Iterator(const Headers& headers, std::size_t index) noexcept
        : headers_(&headers), index_(index) {}

    const Headers* headers_ = nullptr;
    std::size_t index_ = 0;
};

inline Headers::Iterator Headers::begin() const noexcept {
    return Iterator(*this, 0);
}
inline Headers::Iterator Headers::end() const noexcept {
    return Iterator(*this, entries_.size());
}

}  // namespace weir::http
