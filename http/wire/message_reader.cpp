// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/message_reader.h>
#include <weir/runtime/base/assert.h>

#include "http/wire/byte_scan.h"

#include <algorithm>
#include <array>
#include <string>

namespace weir::http {
namespace {

constexpr bool is_blank(char byte) noexcept {
    return byte == ' ' || byte == '\t';
}

/// Whether the line that begins at `at` is empty.
bool is_empty_line(const char* at, const char* end) noexcept {
    return *at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n');
}

}  // namespace

/// Reads fields where they lie. Their lines are copied as one block, in which they are places.
class FieldReader {
public:
    FieldReader(std::string_view lines, HttpErrc malformed, Headers& headers) noexcept
        : lines_(lines), headers_(headers), base_(headers.text_.size()), malformed_(malformed) {}

    Result<void> read(const ParserLimits& limits);

private:
    using Entry = Headers::Entry;

    const char* take_field(const char* line, const char* end) noexcept;
    std::uint32_t place(const char* at) const noexcept;
    void keep_batch();
    Error broken_line(const char* begin) const;
    Error broken(const char* what) const {
        return Error(malformed_,
                     "field " + std::to_string(count_) + " of the message head " + what);
    }

    std::string_view lines_;
    Headers& headers_;
    std::size_t base_;
    std::size_t count_ = 0;
    std::size_t in_batch_ = 0;
    HttpErrc malformed_;
    // So that most heads take the memory for their entries once, and just as much as they need.
    std::array<Entry, 64> batch_;
};

Result<void> FieldReader::read(const ParserLimits& limits) {
    WEIR_CHECK(base_ + lines_.size() <= UINT32_MAX);
    const char* at = lines_.data();
    const char* const end = at + lines_.size();
    while (at != end && !is_empty_line(at, end)) {
        if (++count_ > limits.fields) {
            return Error(HttpErrc::head_too_large, "the message head has more than " +
                                                       std::to_string(limits.fields) +
                                                       " fields, the limit");
        }
        if (in_batch_ == batch_.size()) keep_batch();
        const char* const next = take_field(at, end);
        if (next == nullptr) return broken_line(at);
        at = next;
    }
    keep_batch();
    headers_.text_.append(lines_);
    return {};
}

/// Gives the beginning of the next line, or null where this one is no field.
inline const char* FieldReader::take_field(const char* line, const char* end) noexcept {
    const char* const colon = detail::skip_token(line, end);
    if (colon == line || colon == end || *colon != ':') return nullptr;
    const char* value = colon + 1;
    while (value != end && is_blank(*value))
        ++value;
    const char* value_end = detail::skip_value(value, end);
    const char* lf = value_end;
    if (lf != end && *lf == '\r') ++lf;
    if (lf == end || *lf != '\n') return nullptr;
    while (value_end != value && is_blank(value_end[-1]))
        --value_end;
    batch_[in_batch_++] = {place(line), place(value), static_cast<std::uint32_t>(colon - line),
                           static_cast<std::uint32_t>(value_end - value)};
    return lf + 1;
}

Error FieldReader::broken_line(const char* begin) const {
    const std::string_view rest = lines_.substr(static_cast<std::size_t>(begin - lines_.data()));
    const std::size_t name_size = token_size(rest);
    if (name_size > 0 && name_size < rest.size() && rest[name_size] == ':') {
        return broken("has a control byte in its value");
    }
    const std::string_view line = rest.substr(0, rest.find('\n'));
    // RFC 9112, 5.2: readers disagree on folded lines, so that one hides a field from another.
    if (is_blank(line.front())) return broken("is folded over lines");
    if (line.find(':') == std::string_view::npos) return broken("has no colon");
    // RFC 9112, 5.1: a blank before the colon is refused with the other bytes.
    return broken("has a name with a byte that names may not have");
}

inline std::uint32_t FieldReader::place(const char* at) const noexcept {
    return static_cast<std::uint32_t>(base_ + static_cast<std::size_t>(at - lines_.data()));
}

void FieldReader::keep_batch() {
    headers_.entries_.insert(headers_.entries_.end(), batch_.begin(),
                             batch_.begin() + static_cast<std::ptrdiff_t>(in_batch_));
    in_batch_ = 0;
}

}  // namespace weir::http

namespace weir::http::detail {

HeadBuffer::Status HeadBuffer::collect(Bytes& input, const ParserLimits& limits) {
    const std::size_t limit = limits.head_bytes;
    if (buffer_.empty()) {
        const std::string_view seen = as_text(input.first(std::min(input.size(), limit)));
        text_ = seen;
        if (const auto end = find_end(seen)) {
            text_ = seen.substr(0, *end);
            input = input.subspan(*end);
            return Status::complete;
        }
        if (seen.size() == limit) return Status::too_large;
        buffer_.append(input);
        input = {};
        text_ = as_text(buffer_.readable());
        return Status::need_more;
    }

    const std::size_t before = buffer_.size();
    const std::size_t taken = std::min(input.size(), limit - before);
    buffer_.append(input.first(taken));
    text_ = as_text(buffer_.readable());
    if (const auto end = find_end(text_)) {
        text_ = text_.substr(0, *end);
        input = input.subspan(*end - before);
        return Status::complete;
    }
    input = input.subspan(taken);
    return text_.size() == limit ? Status::too_large : Status::need_more;
}

void HeadBuffer::release() noexcept {
    buffer_.clear();
    buffer_.release_if_empty();
    text_ = {};
    scanned_ = 0;
    has_text_ = false;
}

/// The position behind the empty line, if it is here. Goes on where the last call stopped.
std::optional<std::size_t> HeadBuffer::find_end(std::string_view text) noexcept {
    while (!has_text_ && scanned_ < text.size()) {
        const char* const at = text.data() + scanned_;
        const std::size_t left = text.size() - scanned_;
        if (*at == '\r' && left == 1) return std::nullopt;  // What follows decides.
        if (*at == '\n' || (*at == '\r' && at[1] == '\n')) {
            scanned_ += *at == '\n' ? 1 : 2;
            continue;
        }
        has_text_ = true;
        scanned_ += 2;  // A line that is not empty has no LF there that closes an empty one.
    }
    if (scanned_ >= text.size()) return std::nullopt;
    const char* const end = text.data() + text.size();
    const char* const lf = find_empty_line(text.data() + scanned_, end);
    if (lf != end) return static_cast<std::size_t>(lf - text.data()) + 1;
    scanned_ = static_cast<std::uint32_t>(text.size());
    return std::nullopt;
}

std::string_view take_line(std::string_view& head) noexcept {
    const std::size_t lf = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, lf);
    head.remove_prefix(std::min(lf + 1, head.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

Result<void> parse_fields(std::string_view lines, const ParserLimits& limits, HttpErrc malformed,
                          Headers& headers) {
    return FieldReader(lines, malformed, headers).read(limits);
}

namespace {

/// False where `text` is not a plain decimal number (signs, blanks, too many digits).
bool parse_length(std::string_view text, std::uint64_t& length) noexcept {
    constexpr std::size_t kDigitsMax = 19;  // Any such number fits.
    if (text.empty() || text.size() > kDigitsMax) return false;
    std::uint64_t number = 0;
    for (const char byte : text) {
        if (byte < '0' || byte > '9') return false;
        number = number * 10 + static_cast<std::uint64_t>(byte - '0');
    }
    length = number;
    return true;
}

/// What a message's fields say of its framing, collected in one walk over them.
class FramingFields {
public:
    FramingFields(int minor_version, HttpErrc malformed) noexcept
        : minor_version_(minor_version), malformed_(malformed) {}

    Result<void> take(const Field& field);
    Result<DeclaredFraming> declared() const;

private:
    Result<void> take_length(std::string_view list);
    void take_connection(std::string_view list) noexcept;

    std::uint64_t length_ = 0;
    std::size_t codings_ = 0;
    int minor_version_;
    HttpErrc malformed_;
    bool has_length_ = false;
    bool is_coding_known_ = true;
    bool says_close_ = false;
    bool says_keep_alive_ = false;
};

Result<void> FramingFields::take(const Field& field) {
    constexpr std::string_view kConnection = "Connection";
    constexpr std::string_view kContentLength = "Content-Length";
    constexpr std::string_view kTransferEncoding = "Transfer-Encoding";
    switch (field.name.size()) {
        case kConnection.size():
            if (equals_ignoring_case(field.name, kConnection)) take_connection(field.value);
            return {};
        case kContentLength.size():
            if (equals_ignoring_case(field.name, kContentLength)) return take_length(field.value);
            return {};
        case kTransferEncoding.size():
            if (!equals_ignoring_case(field.name, kTransferEncoding)) return {};
            ++codings_;
            is_coding_known_ &= equals_ignoring_case(field.value, "chunked");
            return {};
    }
    return {};
}

/// All Content-Length fields, each possibly a list: they must agree (RFC 9112, 6.3, rule 5).
Result<void> FramingFields::take_length(std::string_view list) {
    while (true) {
        const std::size_t comma = list.find(',');
        std::uint64_t length = 0;
        if (!parse_length(trim_whitespace(list.substr(0, comma)), length)) {
            return Error(malformed_, "Content-Length is not a number of bytes");
        }
        if (has_length_ && length_ != length) {
            return Error(malformed_, "Content-Length is given twice with different values");
        }
        length_ = length;
        has_length_ = true;
        if (comma == std::string_view::npos) return {};
        list.remove_prefix(comma + 1);
    }
}

void FramingFields::take_connection(std::string_view list) noexcept {
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view option = trim_whitespace(list.substr(0, comma));
        says_close_ |= equals_ignoring_case(option, "close");
        says_keep_alive_ |= equals_ignoring_case(option, "keep-alive");
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

Result<DeclaredFraming> FramingFields::declared() const {
    const bool keep_alive = !says_close_ && (minor_version_ > 0 || says_keep_alive_);
    if (!is_coding_known_) {
        return Error(malformed_, "Transfer-Encoding is not 'chunked', the only one supported");
    }
    if (codings_ == 0) {
        const Framing framing = has_length_ ? Framing::length : Framing::none;
        return DeclaredFraming(framing, length_, keep_alive);
    }
    // RFC 9112, 6.1 and 6.3, rule 3: each of these is how requests are smuggled.
    if (codings_ > 1) return Error(malformed_, "Transfer-Encoding is given more than once");
    if (has_length_) {
        return Error(malformed_, "both Transfer-Encoding and Content-Length are given");
    }
    if (minor_version_ == 0) {
        return Error(malformed_, "Transfer-Encoding is given in an HTTP/1.0 message");
    }
    return DeclaredFraming(Framing::chunked, 0, keep_alive);
}

}  // namespace

Result<DeclaredFraming> declared_framing(const Headers& headers, int minor_version,
                                         HttpErrc malformed) {
    FramingFields fields(minor_version, malformed);
    for (const Field field : headers) {
        auto taken = fields.take(field);
        if (!taken) return std::move(taken).error();
    }
    return fields.declared();
}

BodyReader::BodyReader(Framing framing, std::uint64_t length, std::uint64_t bytes_max,
                       HttpErrc malformed) noexcept
    : chunks_(malformed),
      left_(framing == Framing::length ? length : bytes_max),
      framing_(framing) {}

Result<ParserEvent> BodyReader::next(Bytes& input) {
    ParserEvent event(ParserEvent::need_more);
    switch (framing_) {
        case Framing::none:
            return ParserEvent(ParserEvent::end);
        case Framing::length: {
            if (left_ == 0) return ParserEvent(ParserEvent::end);
            if (input.empty()) return event;
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
            event = ParserEvent(ParserEvent::body, input.first(size));
            input = input.subspan(size);
            left_ -= size;
            return event;
        }
        case Framing::chunked: {
            auto decoded = chunks_.next(input);
            if (!decoded) return decoded;
            event = *decoded;
            break;
        }
        case Framing::until_close:
            if (input.empty()) return event;
            event = ParserEvent(ParserEvent::body, input);
            input = {};
            break;
    }
    if (event.bytes.size() > left_) {
        return Error(HttpErrc::body_too_large, "the body is larger than the limit set for it");
    }
    left_ -= event.bytes.size();
    return event;
}

Result<ParserEvent> BodyReader::on_end() const {
    switch (framing_) {
        case Framing::none:
        case Framing::until_close:
            return ParserEvent(ParserEvent::end);
        case Framing::length:
            if (left_ == 0) return ParserEvent(ParserEvent::end);
            return Error(HttpErrc::body_cut, "the connection closed " + std::to_string(left_) +
                                                 " bytes before the end of the body");
        case Framing::chunked:
            break;
    }
    return Error(HttpErrc::body_cut, "the connection closed before the last chunk of the body");
}

std::optional<std::uint64_t> BodyReader::left() const noexcept {
    switch (framing_) {
        case Framing::none:
            return 0;
        case Framing::length:
            return left_;
        case Framing::chunked:
        case Framing::until_close:
            break;
    }
    return std::nullopt;
}

}  // namespace weir::http::detail
