// SPDX-License-Identifier: MIT
#include <weir/http/wire/chunked_decoder.h>
#include <weir/http/wire/headers.h>
#include <weir/runtime/base/assert.h>
#include <algorithm>
#include <string>

namespace weir::http {
namespace {

constexpr std::uint8_t kDigitsMax = 16;  // What fits 64 bits; more could only be zeros in front.

/// The value of a hexadecimal digit, or -1.
int digit_value(char byte) noexcept {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

bool is_control(char byte) noexcept {
    return (static_cast<unsigned char>(byte) < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

Result<ParserEvent> ChunkedDecoder::next(Bytes& input) {
    WEIR_CHECK(state_ != State::failed);
    WEIR_CHECK(state_ != State::done);
    while (!input.empty()) {
        if (state_ == State::data) {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
            const Bytes piece = input.first(size);
            input = input.subspan(size);
            left_ -= size;
            if (left_ == 0) state_ = State::data_cr;
            return ParserEvent(ParserEvent::body, piece);
        }
        if (skip_to_data(input)) continue;
        const char byte = static_cast<char>(input.front());
        input = input.subspan(1);
        auto stepped = step(byte);
        if (!stepped) return std::move(stepped).error();
        if (state_ == State::done) return ParserEvent(ParserEvent::end);
    }
    return ParserEvent(ParserEvent::need_more);
}

// What nearly always lies between two pieces of data, in one look: the end of the chunk before and
// a size without extensions. False, with nothing consumed, where it is cut, or anything else.
bool ChunkedDecoder::skip_to_data(Bytes& input) noexcept {
    constexpr std::string_view kLineEnd = "\r\n";
    constexpr std::size_t kUsualDigitsMax = 8;
    if (state_ != State::size_first && state_ != State::data_cr) return false;
    std::string_view text = as_text(input);
    if (state_ == State::data_cr) {
        if (!text.starts_with(kLineEnd)) return false;
        text.remove_prefix(kLineEnd.size());
    }
    std::uint64_t size = 0;
    std::size_t digits = 0;
    for (; digits < std::min(text.size(), kUsualDigitsMax); ++digits) {
        const int digit = digit_value(text[digits]);
        if (digit < 0) break;
        size = size << 4 | static_cast<std::uint64_t>(digit);
    }
    if (size == 0 || !text.substr(digits).starts_with(kLineEnd)) return false;
    text.remove_prefix(digits + kLineEnd.size());
    input = input.last(text.size());
    left_ = size;
    state_ = State::data;
    return true;
}

Result<void> ChunkedDecoder::step(char byte) {
    switch (state_) {
        case State::size_first:
            if (digit_value(byte) < 0) return fail("a chunk does not begin with its size");
            left_ = 0;
            digits_ = 0;
            state_ = State::size;
            [[fallthrough]];
        case State::size:
            return in_size(byte);
        case State::extension_space:
        case State::extension:
            return in_extension(byte);
        case State::size_lf:
            if (byte != '\n') return fail("a chunk's size line ends with CR but not LF");
            skipped_ = 0;
            state_ = left_ == 0 ? State::trailer_start : State::data;
            return {};
        case State::data_cr:
            if (byte != '\r') return fail("a chunk's data is longer than its size");
            state_ = State::data_lf;
            return {};
        case State::data_lf:
            if (byte != '\n') return fail("a chunk's data ends with CR but not LF");
            state_ = State::size_first;
            return {};
        case State::trailer_start:
        case State::trailer_name:
        case State::trailer:
            return in_trailer(byte);
        case State::trailer_lf:
            if (byte != '\n') return fail("a trailer line ends with CR but not LF");
            state_ = State::trailer_start;
            return {};
        case State::last_lf:
            if (byte != '\n') return fail("the body's last line ends with CR but not LF");
            state_ = State::done;
            return {};
        case State::data:
        case State::done:
        case State::failed:
            break;
    }
    constexpr bool kStateTakesSingleBytes = false;
    WEIR_CHECK(kStateTakesSingleBytes);
    return {};
}

Result<void> ChunkedDecoder::in_size(char byte) {
    const int digit = digit_value(byte);
    if (digit >= 0) {
        if (++digits_ > kDigitsMax) return fail("a chunk's size has more than 16 digits");
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        return {};
    }
    if (byte == '\r') {
        state_ = State::size_lf;
        return {};
    }
    // The blanks that old servers put behind the size are no part of the grammar without a ';',
    // and other readers take them in other ways.
    if (byte == ' ' || byte == '\t') {
        state_ = State::extension_space;
        return {};
    }
    if (byte == ';') {
        state_ = State::extension;
        return {};
    }
    return fail("a chunk's size has a byte that is not a hexadecimal digit");
}

Result<void> ChunkedDecoder::in_extension(char byte) {
    if (++skipped_ > kExtensionBytesMax) return fail("a chunk's extension is too long");
    if (state_ == State::extension_space) {
        if (byte == ';') state_ = State::extension;
        if (byte == ';' || byte == ' ' || byte == '\t') return {};
        return fail("a chunk's size is followed by a blank");
    }
    if (byte == '\r') {
        state_ = State::size_lf;
        return {};
    }
    if (is_control(byte)) return fail("a chunk's extension has a control byte or a lone LF");
    return {};
}

Result<void> ChunkedDecoder::in_trailer(char byte) {
    if (byte == '\r' && state_ != State::trailer_name) {
        state_ = state_ == State::trailer_start ? State::last_lf : State::trailer_lf;
        return {};
    }
    if (++skipped_ > kTrailerBytesMax) return fail("the body's trailers are too long");
    if (state_ == State::trailer) {
        if (is_control(byte)) return fail("a trailer has a control byte or a lone LF");
        return {};
    }
    if (is_token(std::string_view(&byte, 1))) {
        state_ = State::trailer_name;
        return {};
    }
    if (state_ == State::trailer_start || byte != ':') return fail("a trailer line is no field");
    state_ = State::trailer;
    return {};
}

Error ChunkedDecoder::fail(const char* what) {
    state_ = State::failed;
    return Error(malformed_, "the chunked body is malformed: " + std::string(what) +
                                 "; the connection cannot be used any further");
}

}  // namespace weir::http
