// SPDX-License-Identifier: MIT
#include <weir/http/wire/content_decoder.h>
#include <weir/runtime/base/assert.h>

#define ZLIB_CONST  // zlib reads its input, and says so only if asked.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <utility>

namespace weir::http {

enum class Coding : std::uint8_t { gzip, deflate };

/// Undoes one coding. zlib's memory and the piece live from the first byte to release().
class Inflater {
public:
    explicit Inflater(Coding coding) noexcept : coding_(coding) {}
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater() { release(); }

    /// The next piece. Empty when all of `bytes` is consumed and all that it stands for was given.
    Result<Bytes> next(Bytes& bytes);
    Result<void> on_end() const;
    void release() noexcept;

    Bytes input;              // What the stage before gave, and is not yet consumed.
    std::uint64_t given = 0;  // Bytes in all pieces.

private:
    enum class State : std::uint8_t { empty, second_byte, coded, between_members, done };

    void begin(int format);
    void begin_deflate(unsigned char second);
    Result<Bytes> inflate_some(Bytes& bytes);
    Error malformed(const char* what) const;
    std::string name() const { return coding_ == Coding::gzip ? "gzip" : "deflate"; }

    struct Buffers {
        z_stream zlib{};
        std::array<Bytef, ContentDecoder::kPieceBytesMax> piece;
    };
    std::unique_ptr<Buffers> buffers_;
    State state_ = State::empty;
    Coding coding_;
    Bytef first_ = 0;        // Of deflate, until the second byte tells the format.
    bool has_more_ = false;  // The last piece was full, or an error waits behind it.
};

Result<Bytes> Inflater::next(Bytes& bytes) {
    while (!bytes.empty() || has_more_) {
        switch (state_) {
            case State::empty:
                if (coding_ == Coding::gzip) {
                    begin(MAX_WBITS + 16);  // zlib's way to say gzip
                    break;
                }
                first_ = std::to_integer<Bytef>(bytes.front());
                bytes = bytes.subspan(1);
                state_ = State::second_byte;
                break;
            case State::second_byte:
                begin_deflate(std::to_integer<Bytef>(bytes.front()));
                break;
            case State::between_members: {
                constexpr std::byte kMemberBegin{0x1f};
                if (bytes.front() != kMemberBegin) return malformed("bytes follow its end");
                inflateReset(&buffers_->zlib);
                state_ = State::coded;
                break;
            }
            case State::coded: {
                auto piece = inflate_some(bytes);
                if (!piece || !piece->empty()) return piece;
                break;
            }
            case State::done:
                return malformed("bytes follow its end");
        }
    }
    return Bytes();
}

void Inflater::begin(int format) {
    buffers_ = std::make_unique<Buffers>();
    if (inflateInit2(&buffers_->zlib, format) != Z_OK) throw std::bad_alloc();
    state_ = State::coded;
}

/// RFC 9110, 8.4.1.2: deflate is the zlib format; but some servers send what it wraps, without the
/// wrapping. A zlib header is told by its method (RFC 1950, 2.2) and by being a multiple of 31.
void Inflater::begin_deflate(unsigned char second) {
    const bool is_zlib = (first_ & 0x0f) == Z_DEFLATED && (first_ * 256 + second) % 31 == 0;
    begin(is_zlib ? MAX_WBITS : -MAX_WBITS);
    z_stream& zlib = buffers_->zlib;
    zlib.next_in = &first_;
    zlib.avail_in = 1;
    zlib.next_out = buffers_->piece.data();
    zlib.avail_out = static_cast<uInt>(buffers_->piece.size());
    inflate(&zlib, Z_NO_FLUSH);  // One byte stands for none, and an error comes again.
}

Result<Bytes> Inflater::inflate_some(Bytes& bytes) {
    z_stream& zlib = buffers_->zlib;
    auto& piece = buffers_->piece;
    constexpr std::size_t kInputMax = std::size_t{1} << 30;
    const std::size_t size = std::min(bytes.size(), kInputMax);
    zlib.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    zlib.avail_in = static_cast<uInt>(size);
    zlib.next_out = piece.data();
    zlib.avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(&zlib, Z_NO_FLUSH);
    bytes = bytes.subspan(size - zlib.avail_in);
    const std::size_t written = piece.size() - zlib.avail_out;
    has_more_ = zlib.avail_out == 0;
    if (status == Z_STREAM_END) {
        state_ = coding_ == Coding::gzip ? State::between_members : State::done;
        has_more_ = false;
    } else if (status == Z_MEM_ERROR) {
        throw std::bad_alloc();
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
        if (written == 0) return malformed(zlib.msg ? zlib.msg : "it wants a dictionary");
        has_more_ = true;  // What came before the error is given first, as under any other cut.
    }
    given += written;
    return Bytes(reinterpret_cast<const std::byte*>(piece.data()), written);
}

Result<void> Inflater::on_end() const {
    const bool is_whole = state_ != State::second_byte && state_ != State::coded;
    if (is_whole) return {};
    return Error(HttpErrc::body_cut, "the body ends before its " + name() + " coding does");
}

void Inflater::release() noexcept {
    if (buffers_) inflateEnd(&buffers_->zlib);
    buffers_.reset();
}

Error Inflater::malformed(const char* what) const {
    return Error(HttpErrc::malformed_coding,
                 "the body's " + name() + " coding is malformed: " + what +
                     "; without Accept-Encoding the server would not use it");
}

Result<ContentDecoder> ContentDecoder::for_headers(const Headers& headers, ExpansionLimits limits) {
    std::vector<std::unique_ptr<Inflater>> stages;
    for (const std::string_view value : headers.get_all("Content-Encoding")) {
        std::size_t begin = 0;
        while (begin <= value.size()) {
            const std::size_t end = std::min(value.find(',', begin), value.size());
            const std::string_view name = trim_whitespace(value.substr(begin, end - begin));
            begin = end + 1;
            if (name.empty() || equals_ignoring_case(name, "identity")) continue;
            // RFC 9110, 8.4.1.3: the name of old is the same coding.
            const bool is_gzip =
                equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip");
            if (!is_gzip && !equals_ignoring_case(name, "deflate")) {
                return Error(HttpErrc::unknown_coding,
                             "the body's Content-Encoding is neither gzip nor deflate; take the "
                             "body as it comes, or ask with 'Accept-Encoding: gzip, deflate'");
            }
            if (stages.size() == kCodingsMax) {
                return Error(HttpErrc::unknown_coding, "the body has more than " +
                                                           std::to_string(kCodingsMax) +
                                                           " content codings, the limit");
            }
            const auto coding = is_gzip ? Coding::gzip : Coding::deflate;
            stages.push_back(std::make_unique<Inflater>(coding));
        }
    }
    return ContentDecoder(std::move(stages), limits);
}

ContentDecoder::ContentDecoder(std::vector<std::unique_ptr<Inflater>> stages,
                               ExpansionLimits limits) noexcept
    : stages_(std::move(stages)), limits_(limits) {}
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;
ContentDecoder::~ContentDecoder() = default;

Result<ParserEvent> ContentDecoder::next(Bytes& input) {
    WEIR_CHECK(!is_over_);
    Result<Bytes> piece = Bytes();
    if (is_identity()) {
        piece = std::exchange(input, Bytes());
    } else {
        piece = pull(0, input);
    }
    if (piece) {
        given_ += piece->size();
        if (given_ > limits_.body_bytes) {
            piece = Error(HttpErrc::body_too_large, "the decoded body is larger than " +
                                                        std::to_string(limits_.body_bytes) +
                                                        " bytes, the limit");
        }
    }
    if (!piece) {
        is_over_ = true;
        release();
        return std::move(piece).error();
    }
    return piece->empty() ? ParserEvent(ParserEvent::need_more)
                          : ParserEvent(ParserEvent::body, *piece);
}

/// The next piece out of a stage, for which those before it are asked as often as it takes. Each
/// stage is bound by the ratio: one that gives much for another to swallow costs time as well.
Result<Bytes> ContentDecoder::pull(std::size_t index, Bytes& input) {
    Inflater& stage = *stages_[index];
    const bool is_first = index + 1 == stages_.size();
    while (true) {
        const std::size_t before = input.size();
        auto piece = stage.next(is_first ? input : stage.input);
        if (is_first) taken_ += before - input.size();
        if (!piece) return piece;
        const std::uint64_t ratio = std::max<std::uint32_t>(1, limits_.ratio);
        if (stage.given > limits_.free_bytes &&
            (stage.given - limits_.free_bytes) / ratio > taken_) {
            return Error(HttpErrc::body_too_large,
                         "the decoded body is more than " + std::to_string(ratio) +
                             " times as large as what was sent: more than is allowed");
        }
        if (!piece->empty() || is_first) return piece;
        auto more = pull(index + 1, input);
        if (!more || more->empty()) return more;
        stage.input = *more;
    }
}

Result<void> ContentDecoder::on_end() {
    WEIR_CHECK(!is_over_);
    is_over_ = true;  // There is no more to come.
    Result<void> ended;
    for (auto stage = stages_.rbegin(); stage != stages_.rend() && ended; ++stage)
        ended = (*stage)->on_end();
    release();
    return ended;
}

void ContentDecoder::release() noexcept {
    for (const auto& stage : stages_)
        stage->release();
}

}  // namespace weir::http
