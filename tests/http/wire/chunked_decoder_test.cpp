// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/chunked_decoder.h>
#include <string>

#include "tests/support/splitter.h"

using namespace weir;
using http::ChunkedDecoder;
using http::HttpErrc;
using http::ParserEvent;

static_assert(sizeof(ChunkedDecoder) <= 16);
static_assert(!std::is_aggregate_v<ParserEvent>);

namespace {

/// The data, then "|end+<what is left>", "|more" or "|error".
std::string decoded(test::Pieces& pieces) {
    ChunkedDecoder decoder;
    std::string text;
    bool is_ended = false;
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        Bytes input = pieces[index];
        while (!is_ended) {
            auto event = decoder.next(input);
            if (!event) {
                EXPECT_TRUE(event.error() == HttpErrc::malformed_response);
                return text + "|error";
            }
            if (event->kind == ParserEvent::need_more) break;
            if (event->kind == ParserEvent::body) {
                EXPECT_FALSE(event->bytes.empty());
                text += as_text(event->bytes);
            }
            if (event->kind == ParserEvent::end) {
                is_ended = true;
                text += "|end+";
            }
        }
        if (is_ended) text += as_text(input);
        EXPECT_TRUE(is_ended || input.empty());
        pieces.release(index);
    }
    EXPECT_EQ(decoder.is_done(), is_ended);
    return is_ended ? text : text + "|more";
}

void expect_decoded(std::string_view input, std::string_view expected) {
    SCOPED_TRACE(std::string(input.substr(0, 100)));
    test::for_each_cut(input, [&](test::Pieces& pieces) { EXPECT_EQ(decoded(pieces), expected); });
}

}  // namespace

TEST(ChunkedDecoder, JoinsChunksUnderEveryCut) {
    expect_decoded("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world|end+");
    expect_decoded("0\r\n\r\n", "|end+");
    expect_decoded("00a\r\n0123456789\r\n000\r\n\r\n", "0123456789|end+");
    expect_decoded("A\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n\r\n\r\n\r\n|end+");
}

TEST(ChunkedDecoder, LeavesWhatFollowsTheBody) {
    expect_decoded("1\r\na\r\n0\r\n\r\nHTTP/1.1", "a|end+HTTP/1.1");
}

TEST(ChunkedDecoder, SkipsExtensionsAndTrailers) {
    expect_decoded("1;n=v\r\na\r\n1 \t; q=\"x;y\"\r\nb\r\n0;last\r\nA: b\r\nC: d\r\n\r\n",
                   "ab|end+");
}

TEST(ChunkedDecoder, WaitsWhereTheBodyIsIncomplete) {
    const std::string_view whole = "2\r\nab\r\n0\r\nT: x\r\n\r\n";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        test::Pieces pieces;
        pieces.add(whole.substr(0, size));
        EXPECT_TRUE(decoded(pieces).ends_with("|more")) << size;
    }
}

TEST(ChunkedDecoder, RefusesSizesThatCanBeReadInTwoWays) {
    for (const char* input : {"-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "\r\n",
                              ";x\r\n", "1 \r\na\r\n", "1 1\r\na\r\n", "g\r\n", "1,\r\n",
                              "00000000000000001\r\na\r\n", "10000000000000000\r\n"}) {
        expect_decoded(input, "|error");
    }
}

TEST(ChunkedDecoder, TakesTheLargestSizeWithoutOverflow) {
    expect_decoded("ffffffffffffffff\r\nabc", "abc|more");
}

TEST(ChunkedDecoder, RefusesLineEndsOtherThanCrlf) {
    expect_decoded("1\na\n0\n\n", "|error");
    expect_decoded("1\ra\r\n", "|error");
    expect_decoded("1;x\na", "|error");
    expect_decoded("1\r\na\n0\r\n\r\n", "a|error");
    expect_decoded("1\r\na\rb", "a|error");
    expect_decoded("1\r\nab\r\n", "a|error");
    expect_decoded("0\r\n\n", "|error");
    expect_decoded("0\r\n\rX", "|error");
    expect_decoded("0\r\nA: b\n\r\n", "|error");
    expect_decoded("0\r\nA: b\rC\r\n", "|error");
    expect_decoded("0\r\n folded\r\n\r\n", "|error");
    expect_decoded(std::string_view("0\r\nA:\0\r\n\r\n", 10), "|error");
}

TEST(ChunkedDecoder, RefusesTrailersThatAreNoFields) {
    for (const char* trailer : {"GET / HTTP/1.1", "name", ": value", " folded: x", "a b: c",
                                "a : b", "a\t: b", "\xc3\xa4: b", "{\"a\": 1}"}) {
        expect_decoded("0\r\n" + std::string(trailer) + "\r\n\r\n", "|error");
        expect_decoded("0\r\nA: b\r\n" + std::string(trailer) + "\r\n\r\n", "|error");
    }
    expect_decoded("0\r\nA:\r\nB: :\xc3\xa4\t\r\n\r\n", "|end+");
}

TEST(ChunkedDecoder, BoundsExtensionsAndTrailers) {
    const auto result = [](const std::string& input) {
        test::Pieces pieces;
        pieces.add(input);
        return decoded(pieces);
    };
    const std::string fits(ChunkedDecoder::kExtensionBytesMax, 'x');
    EXPECT_EQ(result("1;" + fits + "\r\na"), "|error");  // The CR is counted too.
    EXPECT_EQ(result("1;" + fits.substr(1) + "\r\na\r\n1;" + fits.substr(1) + "\r\nb\r\n0\r\n\r\n"),
              "ab|end+");
    const std::string trailers = "t:" + std::string(ChunkedDecoder::kTrailerBytesMax - 2, 't');
    EXPECT_EQ(result("0\r\n" + trailers + "\r\n\r\n"), "|end+");
    EXPECT_EQ(result("0\r\n" + trailers + "t\r\n\r\n"), "|error");
}

TEST(ChunkedDecoder, GivesViewsIntoTheInput) {
    const std::string_view text = "5\r\nhello\r\n0\r\n\r\n";
    Bytes input = as_bytes(text);
    ChunkedDecoder decoder;
    const auto event = decoder.next(input);
    EXPECT_EQ(as_text(event.value().bytes).data(), text.data() + 3);
}

TEST(ChunkedDecoder, NamesTheSideItReadsFor) {
    ChunkedDecoder decoder(HttpErrc::malformed_request);
    Bytes input = as_bytes("x");
    EXPECT_TRUE(decoder.next(input).error() == HttpErrc::malformed_request);
}
