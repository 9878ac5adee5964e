// SPDX-License-Identifier: MIT
//
// Requests that two readers may take in two ways: what a proxy lets pass as the body of one, the
// server behind it must not read as another. Each is refused, or read in the one way that is left.
// The cases are those that servers and proxies were once caught with.
#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/request_parser.h>
#include <string>

#include "tests/support/splitter.h"

using namespace weir;
using namespace weir::http;

namespace {

constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

/// "METHOD target(body)" of each request, then what was wrong with the next: "!400", or the end.
std::string requests_in(test::Pieces& pieces) {
    RequestParser parser;
    std::string text;
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        Bytes input = pieces[index];
        for (bool wants_more = false; !wants_more;) {
            if (parser.is_done()) parser.start();
            auto event = parser.next(input);
            if (!event) {
                EXPECT_FALSE(parser.keep_alive());
                if (event.error() == HttpErrc::unknown_version) return text + "!505";
                return text + (event.error() == HttpErrc::malformed_request ? "!400" : "!other");
            }
            switch (event->kind) {
                case ParserEvent::Kind::need_more:
                    wants_more = true;
                    break;
                case ParserEvent::Kind::head: {
                    const RequestHead head = parser.take_head();
                    text += head.method + " " + head.target + "(";
                    break;
                }
                case ParserEvent::Kind::body:
                    text += as_text(event->bytes);
                    break;
                case ParserEvent::Kind::end:
                    text += ")";
            }
        }
        pieces.release(index);
    }
    return text;
}

void expect_read(std::string_view input, std::string_view expected) {
    SCOPED_TRACE(std::string(input));
    test::for_each_cut(input,
                       [&](test::Pieces& pieces) { EXPECT_EQ(requests_in(pieces), expected); });
}

// A POST with these fields, and behind its empty line `rest` and a request that must not be found.
std::string post(std::string_view fields, std::string_view rest = "") {
    std::string text = "POST / HTTP/1.1\r\nHost: h\r\n";
    return text.append(fields).append("\r\n").append(rest).append(kSmuggled);
}

TEST(Smuggling, RefusesLengthAndCodingTogether) {
    expect_read(post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "!400");
    expect_read(post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\n"), "!400");
    expect_read(post("content-length: 0\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"), "!400");
    expect_read(post("Content-Length: 6\r\nTransfer-Encoding: identity\r\n"), "!400");
}

TEST(Smuggling, RefusesMoreThanOneLength) {
    for (const char* fields :
         {"Content-Length: 0\r\nContent-Length: 34\r\n",
          "Content-Length: 34\r\nContent-Length: 0\r\n",
          "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3, 4\r\n",
          "Content-Length: 3, 3\r\n", "Content-Length: 3\r\ncontent-length: 3\r\n",
          "Content-Length: ,3\r\n", "Content-Length: 3,\r\n"}) {
        expect_read(post(fields, "abc"), "!400");
    }
}

TEST(Smuggling, RefusesALengthThatIsNoPlainNumber) {
    for (const char* length :
         {"", " ", "+3", "-3", "-0", "3 4", "0x3", "3;", "3.0", "3e0", "\"3\"", "3a", "_3", "1_0",
          "18446744073709551619", "99999999999999999999999", "\xd9\xa3"}) {
        expect_read(post("Content-Length: " + std::string(length) + "\r\n", "abc"), "!400");
    }
}

TEST(Smuggling, RefusesACodingThatIsNotPlainlyChunked) {
    for (const char* coding :
         {"", "xchunked", "chunkedx", "chunked, chunked", "chunked, identity", "identity, chunked",
          "gzip, chunked", "chunked, gzip", "gzip", "identity", ",chunked", "chunked,", "chunked;a",
          "\"chunked\"", "'chunked'", "chunked\t, ", "cow",
          "chunk\xff"
          "ed"}) {
        expect_read(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n"),
                    "!400");
    }
    expect_read(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                "!400");
    expect_read(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n", "0\r\n\r\n"),
                "!400");
    expect_read(post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), "!400");
    expect_read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!400");
}

TEST(Smuggling, ReadsBlanksAndCaseOfACodingInTheOneWay) {
    for (const char* coding : {"chunked", "Chunked", "CHUNKED", "  chunked", "\tchunked \t"}) {
        expect_read(post("Transfer-Encoding:" + std::string(coding) + "\r\n", "0\r\n\r\n"),
                    "POST /()GET /smuggled()");
    }
}

TEST(Smuggling, RefusesNamesThatOthersMayReadAsFraming) {
    for (const char* field :
         {"Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
          " Transfer-Encoding: chunked", "\tContent-Length: 3", "Content-Length : 3",
          "Transfer-Encoding", "Content Length: 3", ": chunked", "Transfer-Encoding\x0b: chunked",
          "\x01Transfer-Encoding: chunked",
          "Transfer\xe2\x80\x90"
          "Encoding: chunked",
          "\"Transfer-Encoding\": chunked", "Content-Length[: 3", "Content-Length@: 3"}) {
        expect_read(post(std::string(field) + "\r\n", "abc"), "!400");
    }
    using namespace std::string_literals;
    expect_read(post("Transfer-Encoding\0: chunked\r\n"s, "0\r\n\r\n"), "!400");
    expect_read(post("X: a\0b\r\n"s), "!400");
    expect_read(post("Transfer-Encoding: chunked\0\r\n"s, "0\r\n\r\n"), "!400");
    expect_read(post("Transfer-Encoding: \x0b"
                     "chunked\r\n",
                     "0\r\n\r\n"),
                "!400");
}

TEST(Smuggling, RefusesFoldedLines) {
    expect_read(post("X: a\r\n b\r\n"), "!400");
    expect_read(post("X: a\r\n\tTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "!400");
    expect_read("GET / HTTP/1.1\r\n Host: h\r\nHost: h\r\n\r\n", "!400");
}

TEST(Smuggling, RefusesLineEndsThatOthersMayMiss) {
    for (const char* fields :
         {"X: a\nContent-Length: 3\r\n", "X: a\rContent-Length: 3\r\n", "X: a\r\r\n",
          "X: a\r\n\rContent-Length: 3\r\n", "Content-Length: 3\n", "X: a\r \nY: b\r\n"}) {
        expect_read(post(fields, "abc"), "!400");
    }
    expect_read("GET / HTTP/1.1\r\nHost: h\r\n\n" + std::string(kSmuggled), "!400");
    expect_read("GET / HTTP/1.1\r\nHost: h\n\r\n" + std::string(kSmuggled), "!400");
    expect_read("GET / HTTP/1.1\rHost: h\r\n\r\n", "!400");
}

TEST(Smuggling, RefusesChunksThatOthersMayMeasureInAnotherWay) {
    for (const char* body : {"3\nabc\r\n0\r\n\r\n",
                             "3\r\nabc\n0\r\n\r\n",
                             "3\r\nabc\r\n0\n\n",
                             "3\rabc\r\n0\r\n\r\n",
                             "0x3\r\nabc\r\n0\r\n\r\n",
                             "+3\r\nabc\r\n0\r\n\r\n",
                             "-3\r\nabc\r\n0\r\n\r\n",
                             " 3\r\nabc\r\n0\r\n\r\n",
                             "3 \r\nabc\r\n0\r\n\r\n",
                             "3_\r\nabc\r\n0\r\n\r\n",
                             "3,\r\nabc\r\n0\r\n\r\n",
                             "\r\nabc\r\n0\r\n\r\n",
                             ";a\r\nabc\r\n0\r\n\r\n",
                             "3\r\nabcd\r\n0\r\n\r\n",
                             "3\r\nabc0\r\n\r\n",
                             "2\r\nabc\r\n0\r\n\r\n",
                             "3;a\nb\r\nabc\r\n0\r\n\r\n",
                             "3;a\rb\r\nabc\r\n0\r\n\r\n",
                             "3\r\r\nabc\r\n0\r\n\r\n",
                             "10000000000000003\r\nabc\r\n0\r\n\r\n",
                             "00000000000000003\r\nabc\r\n0\r\n\r\n",
                             "0\r\n X: folded\r\n\r\n",
                             "0\r\nX: a\n\r\n",
                             "0\r\nX: a\rb\r\n\r\n"}) {
        const std::string input = post("Transfer-Encoding: chunked\r\n", body);
        SCOPED_TRACE(input);
        test::for_each_cut(input, [&](test::Pieces& pieces) {
            const std::string read = requests_in(pieces);
            EXPECT_TRUE(read.ends_with("!400")) << read;
            EXPECT_EQ(read.find("smuggled"), std::string::npos) << read;
        });
    }
}

TEST(Smuggling, ReadsChunkExtensionsAndTrailersAndTakesNothingFromThem) {
    expect_read(post("Transfer-Encoding: chunked\r\n",
                     "3;a=\"b\";c\r\nabc\r\n0;last\r\nContent-Length: 34\r\nX: y\r\n\r\n"),
                "POST /(abc)GET /smuggled()");
}

TEST(Smuggling, ABodyIsNeverReadAsARequest) {
    const std::string length = "Content-Length: " + std::to_string(kSmuggled.size()) + "\r\n";
    expect_read(post(length), "POST /(" + std::string(kSmuggled) + ")");
    // Also where the method has none as a rule.
    expect_read("GET / HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + std::string(kSmuggled),
                "GET /(" + std::string(kSmuggled) + ")");
    expect_read("HEAD / HTTP/1.1\r\nHost: h\r\n" + length + "\r\n" + std::string(kSmuggled),
                "HEAD /(" + std::string(kSmuggled) + ")");
}

TEST(Smuggling, RefusesHostsThatOthersMayRouteInAnotherWay) {
    for (const char* fields :
         {"", "Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n", "Host: a b\r\n", "Host: a,b\r\n",
          "Host: u@a\r\n", "Host: a/b\r\n", "Host: a?b\r\n", "Host: a#b\r\n", "Host: a\\b\r\n",
          "Host: a:b\r\n", "Host: a:80:80\r\n", "Host: http://a\r\n", "Host: [::1\r\n",
          "Host: a\x80\r\n", "Host: a\r\n b\r\n", "Host : a\r\n"}) {
        expect_read("GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n", "!400");
    }
    expect_read("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "!400");
    expect_read("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "!400");
    expect_read("GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET /()");
    expect_read("GET / HTTP/1.0\r\n\r\n", "GET /()");
}

TEST(Smuggling, RefusesRequestLinesThatOthersMaySplitInAnotherWay) {
    for (const char* line :
         {"GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1",
          "GET /\tHTTP/1.1", "GET / a HTTP/1.1", "GET / HTTP/1.1 HTTP/1.1", "GET /\x0bHTTP/1.1",
          "GET / HTTP/1,1", "GET / HTTP /1.1", "GET / HTTP/01.1", "GET / HTTP/1.1.1",
          "GET / HTTP/11", "GET / XTTP/1.1", "GET /", "GET", "GE:T / HTTP/1.1",
          "\"GET\" / HTTP/1.1", "GET /#x HTTP/1.1"}) {
        expect_read(std::string(line) + "\r\nHost: h\r\n\r\n", "!400");
    }
    for (const char* line : {"GET / HTTP/0.9", "GET / HTTP/3.1"})
        expect_read(std::string(line) + "\r\nHost: h\r\n\r\n" + std::string(kSmuggled), "!505");
}

}  // namespace
