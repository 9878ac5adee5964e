// SPDX-License-Identifier: MIT
#include "llm/wire/json_reader.h"

#include <weir/runtime/base/assert.h>

#include "llm/wire/text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace weir::llm {
namespace {

/// Larger texts are rare, and memory for them must not stay with the thread for ever.
constexpr std::size_t kSharedBytesMax = std::size_t{1} << 20;
constexpr std::size_t kParserBytesMin = 4096;

bool is_high(char32_t unit) noexcept {
    return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low(char32_t unit) noexcept {
    return unit >= 0xDC00 && unit < 0xE000;
}

bool is_digit(char character) noexcept {
    return character >= '0' && character <= '9';
}

/// Appends one UTF-16 unit of an escape, joined with a first half that waits in `high`.
void append_unit(char32_t unit, std::string& out, char16_t& high) {
    if (high != 0 && is_low(unit)) {
        append_code_point(out, 0x10000 + ((char32_t{high} - 0xD800) << 10) + (unit - 0xDC00));
        high = 0;
        return;
    }
    flush_surrogate(out, high);
    if (is_high(unit)) {
        high = static_cast<char16_t>(unit);
    } else {
        append_code_point(out, unit);
    }
}

/// Reads what follows a backslash and takes it off `raw`.
bool append_escape(std::string_view& raw, std::string& out, char16_t& high) {
    if (raw.empty()) return false;
    const char kind = raw.front();
    raw.remove_prefix(1);
    if (kind == 'u') {
        unsigned unit = 0;
        if (raw.size() < 4) return false;
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + 4, unit, 16);
        if (error != std::errc() || end != raw.data() + 4) return false;
        raw.remove_prefix(4);
        append_unit(unit, out, high);
        return true;
    }
    static constexpr std::string_view kKinds = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t index = kKinds.find(kind);
    if (index == std::string_view::npos) return false;
    flush_surrogate(out, high);
    out += kMeanings[index];
    return true;
}

/// Takes digits off `text`; false if there are none.
bool skip_digits(std::string_view& text) noexcept {
    const auto* end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto count = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(count);
    return count > 0;
}

}  // namespace

JsonDocument::~JsonDocument() {
    if (memory_ != nullptr) memory_->is_busy = false;
}

JsonDocument::Memory& JsonDocument::thread_memory() {
    thread_local Memory memory;
    return memory;
}

error_code JsonDocument::open(std::string_view text, BadUtf8 bad_utf8) {
    WEIR_CHECK(memory_ == nullptr);
    if (text.size() > kSharedBytesMax) {
        own_memory_ = std::make_unique<Memory>();
        memory_ = own_memory_.get();
    } else {
        memory_ = &thread_memory();
        WEIR_CHECK(!memory_->is_busy);
    }
    memory_->is_busy = true;
    const error_code error = parse(text);
    if (error != simdjson::UTF8_ERROR || bad_utf8 == BadUtf8::refuse) return error;
    std::string repaired;
    append_valid_utf8(repaired, text);
    return parse(repaired);
}

error_code JsonDocument::parse(std::string_view text) {
    std::string& buffer = memory_->buffer;
    const std::size_t bytes = text.size() + simdjson::SIMDJSON_PADDING;
    if (buffer.size() < bytes) buffer.resize(bytes);
    if (!text.empty()) std::memcpy(buffer.data(), text.data(), text.size());
    std::memset(buffer.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    memory_->text_size = text.size();

    // In powers of two: the parser itself would grow to each new size exactly.
    ondemand::parser& parser = memory_->parser;
    if (parser.capacity() < text.size()) {
        const std::size_t capacity = std::bit_ceil(std::max(text.size(), kParserBytesMin));
        if (const error_code error = parser.allocate(capacity)) return error;
    }
    return parser.iterate(simdjson::padded_string_view(buffer.data(), text.size(), bytes))
        .get(document_);
}

error_code JsonDocument::check_end() {
    const auto place = document_.current_location();
    return place.error() == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS
                                                    : simdjson::TRAILING_CONTENT;
}

std::string_view JsonDocument::string_token(const char* first) const noexcept {
    const char* const end = memory_->buffer.data() + memory_->text_size;
    const char* place = first;
    while (place < end && *place != '"')
        place += *place == '\\' ? 2 : 1;
    place = std::min(place + 1, end);
    return std::string_view(first - 1, static_cast<std::size_t>(place - (first - 1)));
}

std::size_t JsonDocument::offset_of(const char* place) const noexcept {
    return static_cast<std::size_t>(place - memory_->buffer.data());
}

void flush_surrogate(std::string& out, char16_t& high) {
    if (high != 0) append_code_point(out, 0xFFFD);
    high = 0;
}

bool append_json_text(std::string_view token, std::string& out, char16_t& high) {
    token = trim_json(token);
    if (token.size() < 2 || token.front() != '"' || token.back() != '"') return false;
    std::string_view raw = token.substr(1, token.size() - 2);
    while (!raw.empty()) {
        const std::size_t run = std::min(raw.find('\\'), raw.size());
        const std::string_view plain = raw.substr(0, run);
        if (!plain.empty()) {
            if (plain.find('"') != std::string_view::npos) return false;
            flush_surrogate(out, high);
            out += plain;
            raw.remove_prefix(run);
        }
        if (raw.empty()) return true;
        raw.remove_prefix(1);
        if (!append_escape(raw, out, high)) return false;
    }
    return true;
}

bool append_json_text(std::string_view token, std::string& out) {
    char16_t high = 0;
    const bool is_good = append_json_text(token, out, high);
    flush_surrogate(out, high);
    return is_good;
}

bool is_json_scalar(std::string_view token) noexcept {
    if (token == "true" || token == "false" || token == "null") return true;
    if (token.starts_with('-')) token.remove_prefix(1);
    const bool begins_with_zero = token.starts_with('0');
    const std::size_t size = token.size();
    if (!skip_digits(token)) return false;
    if (begins_with_zero && size - token.size() > 1) return false;
    if (token.starts_with('.')) {
        token.remove_prefix(1);
        if (!skip_digits(token)) return false;
    }
    if (token.starts_with('e') || token.starts_with('E')) {
        token.remove_prefix(1);
        if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
        if (!skip_digits(token)) return false;
    }
    return token.empty();
}

std::string_view trim_json(std::string_view text) noexcept {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

error_code read_text(ondemand::value value, std::optional<std::string>& text) {
    ondemand::json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type != ondemand::json_type::string) return simdjson::SUCCESS;
    std::string& out = text.emplace();
    return append_json_text(value.raw_json_token(), out) ? simdjson::SUCCESS
                                                         : simdjson::STRING_ERROR;
}

error_code read_text(ondemand::value value, std::string& text) {
    std::optional<std::string> found;
    const error_code error = read_text(value, found);
    if (found) text = std::move(*found);
    return error;
}

error_code append_raw(ondemand::value value, std::string& out) {
    ondemand::json_type type;
    if (const error_code error = value.type().get(type)) return error;
    std::string_view raw;
    if (type == ondemand::json_type::object) {
        ondemand::object object;
        if (const error_code error = value.get_object().get(object)) return error;
        if (const error_code error = object.raw_json().get(raw)) return error;
    } else if (type == ondemand::json_type::array) {
        ondemand::array array;
        if (const error_code error = value.get_array().get(array)) return error;
        if (const error_code error = array.raw_json().get(raw)) return error;
    } else {
        raw = value.raw_json_token();
    }
    out += trim_json(raw);
    return simdjson::SUCCESS;
}

error_code read_integer(ondemand::value value, std::optional<std::int64_t>& number) {
    ondemand::json_type type;
    if (const error_code error = value.type().get(type)) return error;
    if (type != ondemand::json_type::number) return simdjson::SUCCESS;
    const std::string_view token = trim_json(value.raw_json_token());
    if (!is_json_scalar(token)) return simdjson::NUMBER_ERROR;
    double real = 0;
    std::int64_t integer = 0;
    const char* const end = token.data() + token.size();
    if (std::from_chars(token.data(), end, integer).ptr == end) {
        number = integer;
    } else if (std::from_chars(token.data(), end, real).ec == std::errc() &&
               std::fabs(real) < 9e18) {
        number = static_cast<std::int64_t>(real);
    }
    return simdjson::SUCCESS;
}

}  // namespace weir::llm
