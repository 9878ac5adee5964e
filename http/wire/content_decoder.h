// SPDX-License-Identifier: MIT
//
// A body's Content-Encoding undone (RFC 9110, 8.4): gzip, deflate, identity, and a few of them one
// over the other, by zlib. Pieces are views into a fixed buffer, whatever a body expands to, and
// how far it may expand is bounded: a few kilobytes of gzip can stand for gigabytes.
#pragma once

#include <weir/http/wire/error.h>
#include <weir/http/wire/headers.h>
#include <weir/http/wire/parser_event.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::http {

class Inflater;

/// How much a body may become. Beyond it the decoder gives HttpErrc::body_too_large.
class ExpansionLimits {
public:
    ExpansionLimits() noexcept {}

    std::uint64_t body_bytes = std::numeric_limits<std::uint64_t>::max();  ///< when decoded
    /// Decoded bytes for each one that came. Text is at 3 to 20; what zlib can do is 1032.
    std::uint32_t ratio = 100;
    /// So many decoded bytes are free of that ratio.
    std::uint64_t free_bytes = std::uint64_t{8} << 20;
};

class ContentDecoder {
public:
    /// What a client that uses this class may say in Accept-Encoding.
    static constexpr std::string_view kAccepted = "gzip, deflate";
    /// Codings that may lie one over the other. One is usual, two happen by mistake.
    static constexpr std::size_t kCodingsMax = 3;
    static constexpr std::size_t kPieceBytesMax = 16 * 1024;

    /// For a body with what Content-Encoding says in `headers`; nothing there is identity.
    /// HttpErrc::unknown_coding for any other, or more than kCodingsMax: the body can then only be
    /// taken as it comes. No memory is taken before the body's first byte.
    static Result<ContentDecoder> for_headers(const Headers& headers,
                                              ExpansionLimits limits = ExpansionLimits());

    ContentDecoder(ContentDecoder&&) noexcept;
    ContentDecoder& operator=(ContentDecoder&&) noexcept;
    ~ContentDecoder();

    /// Whether bodies pass as they are: whoever asks can do without the decoder.
    bool is_identity() const noexcept { return stages_.empty(); }

    /// Consumes from the front of `input`; call until need_more. Gives body, a piece that is valid
    /// until the next call (identity: a view into the input), or need_more when all input is
    /// consumed. HttpErrc::malformed_coding for bytes that are not of the coding or come after its
    /// end. Precondition: neither an error was given before, nor on_end() called.
    Result<ParserEvent> next(Bytes& input);

    /// The body has ended, and all of it was given to next(): an error where the coding has not
    /// come to its end (HttpErrc::body_cut). A body without any byte is empty in every coding.
    /// Gives all memory back; so does an error. The same precondition.
    Result<void> on_end();

private:
    ContentDecoder(std::vector<std::unique_ptr<Inflater>> stages, ExpansionLimits limits) noexcept;

    Result<Bytes> pull(std::size_t index, Bytes& input);
    void release() noexcept;

    std::vector<std::unique_ptr<Inflater>> stages_;  // The one to be undone first is last.
    ExpansionLimits limits_;
    std::uint64_t taken_ = 0;
    std::uint64_t given_ = 0;
    bool is_over_ = false;  // An error or the end was seen.
};

}  // namespace weir::http
