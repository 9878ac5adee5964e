// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/content_decoder.h>

#include <malloc.h>

#include <string>
#include <type_traits>

#include "tests/http/encoded.h"
#include "tests/support/splitter.h"

using namespace weir;
using http::ContentDecoder;
using http::encoded;
using http::ExpansionLimits;
using http::Headers;
using http::HttpErrc;
using http::kGzip;
using http::kRaw;
using http::kZlib;
using http::ParserEvent;

static_assert(!std::is_aggregate_v<ExpansionLimits>);
static_assert(!std::is_copy_constructible_v<ContentDecoder>);
static_assert(std::is_nothrow_move_constructible_v<ContentDecoder>);

namespace {

Headers coded(std::string_view codings) {
    Headers headers;
    headers.add("Content-Encoding", codings);
    return headers;
}

std::string error_name(const Error& error) {
    if (error == HttpErrc::malformed_coding) return "malformed";
    if (error == HttpErrc::unknown_coding) return "unknown";
    if (error == HttpErrc::body_too_large) return "too large";
    if (error == HttpErrc::body_cut) return "cut";
    return error.message();
}

/// The body, then "|end" or "|<error>".
std::string decoded(test::Pieces& pieces, const Headers& headers, ExpansionLimits limits = {}) {
    auto decoder = ContentDecoder::for_headers(headers, limits);
    if (!decoder) return "|" + error_name(decoder.error());
    std::string body;
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        Bytes input = pieces[index];
        while (true) {
            const auto event = decoder->next(input);
            if (!event) return body + "|" + error_name(event.error());
            if (event->kind == ParserEvent::need_more) break;
            EXPECT_EQ(event->kind, ParserEvent::body);
            EXPECT_FALSE(event->bytes.empty());
            EXPECT_TRUE(decoder->is_identity() ||
                        event->bytes.size() <= ContentDecoder::kPieceBytesMax);
            body += as_text(event->bytes);
        }
        EXPECT_TRUE(input.empty());
        pieces.release(index);
    }
    const auto end = decoder->on_end();
    return body + (end ? "|end" : "|" + error_name(end.error()));
}

void expect_decoded(std::string_view input, std::string_view codings, std::string_view expected) {
    SCOPED_TRACE(std::string(codings));
    test::for_each_cut(
        input, [&](test::Pieces& pieces) { EXPECT_EQ(decoded(pieces, coded(codings)), expected); });
}

std::string decoded_whole(std::string_view input, std::string_view codings,
                          ExpansionLimits limits = {}) {
    test::Pieces pieces;
    pieces.add(input);
    return decoded(pieces, coded(codings), limits);
}

}  // namespace

TEST(ContentDecoder, DecodesGzipUnderEveryCut) {
    expect_decoded(encoded("hello hello hello"), "gzip", "hello hello hello|end");
    expect_decoded(encoded("hello hello hello"), "X-GZip", "hello hello hello|end");
    expect_decoded(encoded("", kGzip), "gzip", "|end");
    expect_decoded(encoded("stored", kGzip, 0), "gzip", "stored|end");
}

TEST(ContentDecoder, JoinsTheMembersOfAGzipBody) {
    expect_decoded(encoded("one ") + encoded("") + encoded("two"), "gzip", "one two|end");
}

TEST(ContentDecoder, TakesGzipHeadersWithAllTheirParts) {
    // Flags: header checksum, extra field, name, comment.
    std::string head("\x1f\x8b\x08\x1e\0\0\0\0\0\xff\x04\0ABCDname\0note\0", 26);
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(head.data()), static_cast<uInt>(head.size()));
    head += static_cast<char>(sum & 0xff);
    head += static_cast<char>(sum >> 8 & 0xff);
    expect_decoded(head + encoded("text").substr(10), "gzip", "text|end");
    head.back() ^= 1;
    expect_decoded(head + encoded("text").substr(10), "gzip", "|malformed");
}

TEST(ContentDecoder, DecodesDeflateWithAndWithoutItsWrapping) {
    expect_decoded(encoded("hello hello", kZlib), "deflate", "hello hello|end");
    expect_decoded(encoded("hello hello", kZlib, 1), "deflate", "hello hello|end");
    expect_decoded(encoded("hello hello", kRaw), "deflate", "hello hello|end");
    expect_decoded(encoded("hello hello", kRaw, 0), "deflate", "hello hello|end");
    expect_decoded(encoded("", kRaw), "deflate", "|end");
}

TEST(ContentDecoder, LetsIdentityPass) {
    expect_decoded("hello", "identity", "hello|end");
    expect_decoded("hello", "", "hello|end");
    expect_decoded("hello", " , ", "hello|end");
    test::Pieces pieces;
    pieces.add("hello");
    EXPECT_EQ(decoded(pieces, Headers()), "hello|end");
    EXPECT_TRUE(ContentDecoder::for_headers(Headers()).value().is_identity());
    EXPECT_FALSE(ContentDecoder::for_headers(coded("gzip")).value().is_identity());

    const std::string_view text = "as it lies";
    Bytes input = as_bytes(text);
    auto decoder = ContentDecoder::for_headers(Headers()).value();
    EXPECT_EQ(as_text(decoder.next(input).value().bytes).data(), text.data());
}

TEST(ContentDecoder, UndoesTheLastCodingFirst) {
    expect_decoded(encoded(encoded("abc", kGzip), kZlib), "gzip, deflate", "abc|end");
    expect_decoded(encoded(encoded("abc", kZlib), kGzip), "deflate, identity,gzip", "abc|end");
    Headers two;
    two.add("Content-Encoding", "deflate");
    two.add("X", "y");
    two.add("content-encoding", "gzip , gzip");
    test::Pieces pieces;
    pieces.add(encoded(encoded(encoded("abc", kZlib))));
    EXPECT_EQ(decoded(pieces, two), "abc|end");
}

TEST(ContentDecoder, RefusesCodingsThatItDoesNotKnow) {
    for (const char* codings :
         {"br", "zstd", "compress", "gzip, br", "gzip;q=1", "gzip gzip", "xgzip",
          "gzip,gzip,gzip,gzip", "identity,deflate,gzip,gzip,x-gzip"}) {
        EXPECT_EQ(decoded_whole("", codings), "|unknown") << codings;
    }
}

TEST(ContentDecoder, TakesABodyWithoutAnyByteAsEmpty) {
    for (const char* codings : {"gzip", "deflate", "gzip, deflate"})
        expect_decoded("", codings, "|end");
}

TEST(ContentDecoder, ReportsABodyThatEndsEarly) {
    const std::string gzip = encoded("hello");
    for (std::size_t size = 1; size < gzip.size(); ++size)
        EXPECT_TRUE(decoded_whole(gzip.substr(0, size), "gzip").ends_with("|cut")) << size;
    for (const int format : {kZlib, kRaw}) {
        const std::string deflate = encoded("hello", format);
        for (std::size_t size = 1; size < deflate.size(); ++size)
            EXPECT_TRUE(decoded_whole(deflate.substr(0, size), "deflate").ends_with("|cut"));
    }
    expect_decoded(gzip + gzip.substr(0, 1), "gzip", "hello|cut");
    // Whole outside, cut inside.
    expect_decoded(encoded(gzip.substr(0, gzip.size() - 1)), "gzip, gzip", "hello|cut");
}

TEST(ContentDecoder, RefusesBytesAfterTheEnd) {
    expect_decoded(encoded("a") + "x", "gzip", "a|malformed");
    expect_decoded(encoded("a") + std::string(1, '\0'), "gzip", "a|malformed");
    expect_decoded(encoded("a") + "\x1f\x8c", "gzip", "a|malformed");
    expect_decoded(encoded("a", kZlib) + "x", "deflate", "a|malformed");
    expect_decoded(encoded("a", kRaw) + "x", "deflate", "a|malformed");
    expect_decoded(encoded(encoded("a") + "x"), "gzip, gzip", "a|malformed");
}

TEST(ContentDecoder, RefusesWhatIsNotOfTheCoding) {
    expect_decoded("hello", "gzip", "|malformed");
    expect_decoded("\x1f\x8b\x07\x01", "gzip", "|malformed");
    expect_decoded("\x78\x9c\x07", "deflate", "|malformed");  // a block of no known type
    expect_decoded("\x07", "deflate", "|cut");
    expect_decoded("\x07\x07", "deflate", "|malformed");  // the same without wrapping
    expect_decoded("\x78\xbb\x01\x02\x03\x04", "deflate", "|malformed");  // with a dictionary
    std::string wrong = encoded("hello");
    wrong[wrong.size() - 1] ^= 1;  // the length
    expect_decoded(wrong, "gzip", "hello|malformed");
    wrong = encoded("hello");
    wrong[wrong.size() - 8] ^= 1;  // the checksum
    expect_decoded(wrong, "gzip", "hello|malformed");
    wrong = encoded("hello", kZlib);
    wrong.back() ^= 1;
    expect_decoded(wrong, "deflate", "hello|malformed");
}

TEST(ContentDecoder, GivesLargeBodiesInPieces) {
    std::string text;
    for (int line = 0; text.size() < 300'000; ++line)
        text += "line " + std::to_string(line * 7919) + "\n";
    const std::string gzip = encoded(text);
    EXPECT_EQ(decoded_whole(gzip, "gzip"), text + "|end");
    EXPECT_EQ(decoded_whole(encoded(gzip, kZlib), "gzip, deflate"), text + "|end");
    test::Pieces pieces;
    for (std::size_t at = 0; at < gzip.size(); at += 999)
        pieces.add(std::string_view(gzip).substr(at, 999));
    EXPECT_EQ(decoded(pieces, coded("gzip")), text + "|end");
}

TEST(ContentDecoder, GivesWhatHasComeWithoutWaitingForMore) {
    // As a server does that flushes each event of a stream.
    z_stream zlib{};
    ASSERT_EQ(deflateInit2(&zlib, 6, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY), Z_OK);
    auto decoder = ContentDecoder::for_headers(coded("gzip")).value();
    for (int number = 0; number < 5; ++number) {
        std::string event = "data: " + std::to_string(number) + "\n\n";
        std::string out(200, '\0');
        zlib.next_in = reinterpret_cast<Bytef*>(event.data());
        zlib.avail_in = static_cast<uInt>(event.size());
        zlib.next_out = reinterpret_cast<Bytef*>(out.data());
        zlib.avail_out = static_cast<uInt>(out.size());
        ASSERT_EQ(deflate(&zlib, Z_SYNC_FLUSH), Z_OK);
        Bytes input = as_bytes(std::string_view(out).substr(0, out.size() - zlib.avail_out));
        EXPECT_EQ(as_text(decoder.next(input).value().bytes), event);
        EXPECT_EQ(decoder.next(input).value().kind, ParserEvent::need_more);
    }
    deflateEnd(&zlib);
}

TEST(ContentDecoder, BoundsTheDecodedBody) {
    ExpansionLimits limits;
    limits.body_bytes = 100;
    const auto with_limit = [&](std::string_view input, std::string_view codings) {
        return decoded_whole(input, codings, limits);
    };
    const std::string fits(100, 'a');
    EXPECT_EQ(with_limit(encoded(fits), "gzip"), fits + "|end");
    EXPECT_EQ(with_limit(fits, "identity"), fits + "|end");
    EXPECT_EQ(with_limit(encoded(fits + "a"), "gzip"), "|too large");
    EXPECT_EQ(with_limit(fits + "a", "identity"), "|too large");
    EXPECT_EQ(with_limit(encoded(encoded(fits + "a")), "gzip, gzip"), "|too large");
    test::for_each_cut(encoded(fits + "a"), [&](test::Pieces& pieces) {
        EXPECT_TRUE(decoded(pieces, coded("gzip"), limits).ends_with("|too large"));
    });
}

TEST(ContentDecoder, BoundsHowFarABodyExpands) {
    const std::string bomb = encoded(std::string(std::size_t{16} << 20, '\0'));
    ExpansionLimits limits;
    EXPECT_TRUE(decoded_whole(bomb, "gzip").ends_with("|too large"));
    limits.ratio = 1100;
    EXPECT_TRUE(decoded_whole(bomb, "gzip", limits).ends_with("|end"));
    limits.ratio = 1;
    limits.free_bytes = std::uint64_t{16} << 20;
    EXPECT_TRUE(decoded_whole(bomb, "gzip", limits).ends_with("|end"));
    limits.free_bytes = 1000;
    test::Pieces bytes;
    for (std::size_t at = 0; at < bomb.size(); ++at)
        bytes.add(std::string_view(bomb).substr(at, 1));
    const std::string text = decoded(bytes, coded("gzip"), limits);
    EXPECT_TRUE(text.ends_with("|too large"));
    EXPECT_LT(text.size(), 10'000u);
}

TEST(ContentDecoder, BoundsEachOfSeveralCodings) {
    // The outer coding expands a thousandfold into empty members, of which nothing is left.
    const std::string empty = encoded("");
    std::string members;
    while (members.size() < std::size_t{12} << 20)
        members += empty;
    const std::string bomb = encoded(members);
    ASSERT_LT(bomb.size() * 110, members.size());
    EXPECT_EQ(decoded_whole(bomb, "gzip, gzip"), "|too large");
}

TEST(ContentDecoder, HoldsMemoryOnlyFromTheFirstByteToTheEnd) {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "the sanitizer's allocator does not tell";
#endif
#endif
    const std::string gzip = encoded("hello");
    const std::string broken = gzip + "x";
    const auto held = [] {
        return mallinfo2().uordblks;
    };
    for (const std::string& body : {gzip, broken}) {
        auto decoder = ContentDecoder::for_headers(coded("gzip, deflate")).value();
        decoder = ContentDecoder::for_headers(coded("gzip")).value();
        const auto before = held();
        Bytes input = as_bytes(body);
        EXPECT_EQ(as_text(decoder.next(input).value().bytes), "hello");
        EXPECT_GT(held(), before + ContentDecoder::kPieceBytesMax);
        const auto rest = decoder.next(input);
        if (rest) {
            ASSERT_TRUE(decoder.on_end());
        }
        EXPECT_LT(held(), before + 4096);
    }
#endif
}

TEST(ContentDecoder, SaysWhatIsWrong) {
    test::Pieces pieces;
    auto decoder = ContentDecoder::for_headers(coded("gzip")).value();
    const std::string text = encoded("a") + "x";
    Bytes input = as_bytes(text);
    ASSERT_TRUE(decoder.next(input));
    EXPECT_NE(decoder.next(input).error().message().find("gzip coding is malformed: bytes follow"),
              std::string::npos);
    EXPECT_NE(ContentDecoder::for_headers(coded("br")).error().message().find("Accept-Encoding"),
              std::string::npos);
}

TEST(ContentDecoderDeathTest, IsNotUsedAfterItsEnd) {
    auto decoder = ContentDecoder::for_headers(coded("gzip")).value();
    ASSERT_TRUE(decoder.on_end());
    Bytes input = as_bytes("x");
    EXPECT_DEATH((void)decoder.next(input), "broken contract");
}
