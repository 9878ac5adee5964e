// SPDX-License-Identifier: MIT
//
// What reading a request and reading a response share: finding the end of a head over any number of
// reads, its field lines, how the body is framed, and the body itself. The two parsers add their
// start lines and the rules of their side. Not for use by itself.
#pragma once

#include <weir/http/wire/chunked_decoder.h>
#include <weir/http/wire/headers.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::http::detail {

/// Collects one head. Holds memory only while a head is half here: one that lies whole in the input
/// is read where it lies.
class HeadBuffer {
public:
    enum class Status : std::uint8_t { need_more, complete, too_large };

    /// Consumes from the front of `input`: all of it, or up to the empty line that closes the head.
    Status collect(Bytes& input, const ParserLimits& limits);
    /// The whole head with its empty line when complete, else what has come of it. Valid until
    /// release(), the next collect(), or until the input's memory goes.
    std::string_view text() const noexcept { return text_; }
    /// Ready for the next head. Gives the memory back.
    void release() noexcept;

private:
    std::optional<std::size_t> find_end(std::string_view text) noexcept;

    ByteQueue buffer_;
    std::string_view text_;
    std::uint32_t scanned_ = 0;  // How far no end was found.
    bool has_text_ = false;      // A line that is not empty was seen.
};

/// Takes the first line off `head`, without its line end (CRLF, or LF alone).
std::string_view take_line(std::string_view& head) noexcept;

/// Field lines up to the empty line, added to `headers`. RFC 9112, 5.
Result<void> parse_fields(std::string_view lines, const ParserLimits& limits, HttpErrc malformed,
                          Headers& headers);

/// How a body ends. RFC 9112, 6.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

/// What the fields say of the body and of the connection behind it.
class DeclaredFraming {
public:
    DeclaredFraming(Framing kind, std::uint64_t bytes, bool keeps_alive) noexcept
        : length(bytes), framing(kind), keep_alive(keeps_alive) {}

    std::uint64_t length;
    /// By Content-Length and Transfer-Encoding: length, chunked, or nothing (none).
    Framing framing;
    /// By the version and Connection: whether another message may follow. RFC 9112, 9.3.
    bool keep_alive;
};
Result<DeclaredFraming> declared_framing(const Headers& headers, int minor_version,
                                         HttpErrc malformed);

/// Hands out a body. 32 bytes, no memory.
class BodyReader {
public:
    BodyReader() noexcept = default;
    BodyReader(Framing framing, std::uint64_t length, std::uint64_t bytes_max,
               HttpErrc malformed) noexcept;

    Result<ParserEvent> next(Bytes& input);
    /// The peer closed: end for until_close, else an error.
    Result<ParserEvent> on_end() const;
    Framing framing() const noexcept { return framing_; }
    /// Bytes still to come, where the length is known.
    std::optional<std::uint64_t> left() const noexcept;

private:
    ChunkedDecoder chunks_;
    std::uint64_t left_ = 0;  // to come (length), or still allowed (chunked, until_close)
    Framing framing_ = Framing::none;
};

}  // namespace weir::http::detail
