// SPDX-License-Identifier: MIT
//
// The chunked transfer coding (RFC 9112, 7.1), decoded. Data comes as views into the input; nothing
// is copied or kept. Strict, because a chunk size read in two ways is how requests are smuggled:
// no sign, no prefix, no overflow, CRLF exactly. Extensions and trailers are skipped, bounded; a
// trailer that is no field may be the next message in disguise, and is refused.
#pragma once

#include <weir/http/wire/error.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstdint>

namespace weir::http {

class ChunkedDecoder {
public:
    static constexpr std::uint32_t kExtensionBytesMax = 1024;  // in one chunk
    static constexpr std::uint32_t kTrailerBytesMax = 16 * 1024;

    /// `malformed` is the code of the errors: whose message it is decides it.
    explicit ChunkedDecoder(HttpErrc malformed = HttpErrc::malformed_response) noexcept
        : malformed_(malformed) {}

    /// Consumes from the front of `input`. Gives body (a view into the input), end (after the last
    /// chunk and its trailers; the rest of the input is left), or need_more (all input consumed).
    /// Precondition: neither end nor an error was given before.
    Result<ParserEvent> next(Bytes& input);

    bool is_done() const noexcept { return state_ == State::done; }

private:
    enum class State : std::uint8_t {
        size_first,
        size,
        extension_space,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer,
        trailer_lf,
        last_lf,
        done,
        failed,
    };

    bool skip_to_data(Bytes& input) noexcept;
    Result<void> step(char byte);
    Result<void> in_size(char byte);
    Result<void> in_extension(char byte);
    Result<void> in_trailer(char byte);
    Error fail(const char* what);

    std::uint64_t left_ = 0;     // of the chunk's size or data
    std::uint32_t skipped_ = 0;  // of the extension or the trailers
    State state_ = State::size_first;
    std::uint8_t digits_ = 0;
    HttpErrc malformed_;
};

}  // namespace weir::http
