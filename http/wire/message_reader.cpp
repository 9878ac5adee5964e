// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/message_reader.h>
#include <weir/runtime/base/assert.h>
#include <algorithm>
#include <array>
#include <string>

namespace weir::http {

/// Reads fields where they lie. Their lines are copied as one block, in which they are places.
class FieldReader {
public:
    FieldReader(std::string_view lines, HttpErrc malformed, Headers& headers) noexcept
        : lines_(lines), headers_(headers), base_(headers.text_.size()), malformed_(malformed) {}

    Result<void> read(const ParserLimits& limits);

private:
    using Entry = Headers::Entry;

    Result<void> take_field(std::string_view& rest);
    std::uint32_t place(std::string_view part) const noexcept;
    void keep_batch();
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
    std::string_view rest = lines_;
    while (!rest.empty() && !rest.starts_with('\n') && !rest.starts_with("\r\n")) {
        if (++count_ > limits.fields) {
            return Error(HttpErrc::head_too_large, "the message head has more than " +
                                                       std::to_string(limits.fields) +
                                                       " fields, the limit");
        }
        auto field = take_field(rest);
        if (!field) return field;
    }
    keep_batch();
    headers_.text_.append(lines_);
    return {};
}

Result<void> FieldReader::take_field(std::string_view& rest) {
    const std::string_view name = rest.substr(0, token_size(rest));
    if (name.empty() || name.size() == rest.size() || rest[name.size()] != ':') {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        // RFC 9112, 5.2: readers disagree on folded lines, so that one hides a field from another.
        if (line.front() == ' ' || line.front() == '\t') return broken("is folded over lines");
        if (line.find(':') == std::string_view::npos) return broken("has no colon");
        // RFC 9112, 5.1: a blank before the colon is refused with the other bytes.
        return broken("has a name with a byte that names may not have");
    }
    rest.remove_prefix(name.size() + 1);
    std::string_view value = rest.substr(0, field_value_size(rest));
    rest.remove_prefix(value.size());
    if (rest.starts_with('\r')) rest.remove_prefix(1);
    if (!rest.starts_with('\n')) return broken("has a control byte in its value");
    rest.remove_prefix(1);
    value = trim_whitespace(value);
    if (in_batch_ == batch_.size()) keep_batch();
    batch_[in_batch_++] = {place(name), place(value), static_cast<std::uint32_t>(name.size()),
                           static_cast<std::uint32_t>(value.size())};
    return {};
}

std::uint32_t FieldReader::place(std::string_view part) const noexcept {
    return static_cast<std::uint32_t>(base_ +
                                      static_cast<std::size_t>(part.data() - lines_.data()));
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
    line_begin_ = scanned_ = 0;
    has_text_ = false;
}

/// The position behind the empty line, if it is here. Goes on where the last call stopped.
std::optional<std::size_t> HeadBuffer::find_end(std::string_view text) noexcept {
    while (true) {
        const std::size_t lf = text.find('\n', scanned_);
        if (lf == std::string_view::npos) {
            scanned_ = static_cast<std::uint32_t>(text.size());
            return std::nullopt;
        }
        std::string_view line = text.substr(line_begin_, lf - line_begin_);
        if (line.ends_with('\r')) line.remove_suffix(1);
        line_begin_ = scanned_ = static_cast<std::uint32_t>(lf + 1);
        if (!line.empty()) has_text_ = true;
        if (line.empty() && has_text_) return lf + 1;
    }
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

/// All Content-Length fields, each possibly a list: they must agree (RFC 9112, 6.3, rule 5).
Result<std::optional<std::uint64_t>> content_length(const Headers& headers, HttpErrc malformed) {
    std::optional<std::uint64_t> agreed;
    for (const Field field : headers) {
        if (!equals_ignoring_case(field.name, "Content-Length")) continue;
        std::string_view rest = field.value;
        while (true) {
            const std::size_t comma = rest.find(',');
            std::uint64_t length = 0;
            if (!parse_length(trim_whitespace(rest.substr(0, comma)), length)) {
                return Error(malformed, "Content-Length is not a number of bytes");
            }
            if (agreed && *agreed != length) {
                return Error(malformed, "Content-Length is given twice with different values");
            }
            agreed = length;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return agreed;
}

}  // namespace

Result<DeclaredFraming> declared_framing(const Headers& headers, int minor_version,
                                         HttpErrc malformed) {
    auto length = content_length(headers, malformed);
    if (!length) return std::move(length).error();

    std::size_t codings = 0;
    for (const Field field : headers) {
        if (!equals_ignoring_case(field.name, "Transfer-Encoding")) continue;
        ++codings;
        if (!equals_ignoring_case(field.value, "chunked")) {
            return Error(malformed, "Transfer-Encoding is not 'chunked', the only one supported");
        }
    }
    if (codings == 0) {
        if (!length->has_value()) return DeclaredFraming(Framing::none, 0);
        return DeclaredFraming(Framing::length, **length);
    }
    // RFC 9112, 6.1 and 6.3, rule 3: each of these is how requests are smuggled.
    if (codings > 1) return Error(malformed, "Transfer-Encoding is given more than once");
    if (length->has_value()) {
        return Error(malformed, "both Transfer-Encoding and Content-Length are given");
    }
    if (minor_version == 0) {
        return Error(malformed, "Transfer-Encoding is given in an HTTP/1.0 message");
    }
    return DeclaredFraming(Framing::chunked, 0);
}

bool wants_keep_alive(const Headers& headers, int minor_version) noexcept {
    if (headers.has_token("Connection", "close")) return false;
    return minor_version > 0 || headers.has_token("Connection", "keep-alive");
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
