// SPDX-License-Identifier: MIT
//
// What the decoders share in reading JSON: a parser and a padded buffer for each thread, and
// strings unescaped by our own hand. simdjson would refuse a lone surrogate, which servers do send
// when they cut a character in two; here its halves are joined, or replaced.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm {

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

/// What to do with bytes that are not UTF-8: refuse the text, or replace them by U+FFFD.
enum class BadUtf8 { refuse, replace };

/// One JSON text being read. At most one may be live on a thread at a time, but for texts so large
/// that they bring their own memory.
class JsonDocument {
public:
    JsonDocument() = default;
    ~JsonDocument();
    JsonDocument(const JsonDocument&) = delete;
    JsonDocument& operator=(const JsonDocument&) = delete;

    /// Begins to read `text`, of which a copy is made. To be called once.
    error_code open(std::string_view text, BadUtf8 bad_utf8);

    /// Precondition: open() succeeded.
    ondemand::document& root() noexcept { return document_; }

    /// An error unless all of the text was read.
    error_code check_end();

    /// The whole token, quotes included, of a string whose first character after the quote is
    /// `first`.
    std::string_view string_token(const char* first) const noexcept;

    /// Where `place` lies in the text. Not for texts that may have been repaired.
    std::size_t offset_of(const char* place) const noexcept;

private:
    struct Memory {
        ondemand::parser parser;
        std::string buffer;
        std::size_t text_size = 0;
        bool is_busy = false;
    };

    static Memory& thread_memory();
    error_code parse(std::string_view text);

    Memory* memory_ = nullptr;
    std::unique_ptr<Memory> own_memory_;
    ondemand::document document_;
};

/// Appends the text of a raw string token, which begins and ends with a quote; blanks after it are
/// ignored. `high` holds the first half of a surrogate pair from one call to the next. False if
/// the token is malformed.
bool append_json_text(std::string_view token, std::string& out, char16_t& high);
/// The same for a string that stands alone.
bool append_json_text(std::string_view token, std::string& out);
/// Appends U+FFFD for a first half that is still waiting, and forgets it.
void flush_surrogate(std::string& out, char16_t& high);

/// Whether `token` is a number, true, false or null by JSON's grammar.
bool is_json_scalar(std::string_view token) noexcept;

/// Without JSON's four blanks at both ends.
std::string_view trim_json(std::string_view text) noexcept;

/// Calls `visit(key, value)`, which returns an error_code, for each member of an object.
template <typename Visit>
error_code for_each_member(ondemand::object object, Visit visit) {
    for (auto result : object) {
        ondemand::field field;
        if (const error_code error = std::move(result).get(field)) return error;
        const ondemand::raw_json_string key = field.key();
        if (const error_code error = visit(key, field.value())) return error;
    }
    return simdjson::SUCCESS;
}

/// Calls `visit(value)`, which returns an error_code, for each element of an array.
template <typename Visit>
error_code for_each_element(ondemand::array array, Visit visit) {
    for (auto result : array) {
        ondemand::value value;
        if (const error_code error = std::move(result).get(value)) return error;
        if (const error_code error = visit(value)) return error;
    }
    return simdjson::SUCCESS;
}

// Reading of values whose type cannot be relied on.

/// Replaces `text` if the value is a string, and leaves it alone if it is anything else.
error_code read_text(ondemand::value value, std::optional<std::string>& text);
error_code read_text(ondemand::value value, std::string& text);
/// Appends the JSON of the value as it stands, which may turn out to be none. Takes the value.
error_code append_raw(ondemand::value value, std::string& out);
/// Replaces `number` if the value is a number; fractions are dropped.
error_code read_integer(ondemand::value value, std::optional<std::int64_t>& number);

}  // namespace weir::llm
