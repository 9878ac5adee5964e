// SPDX-License-Identifier: MIT
//
// The cases that the test suites and the trophy lists of HTTP have, as tables; docs/http.md tells
// them in words.
#include <gtest/gtest.h>

#include <weir/http/wire/response_parser.h>
#include <string>
#include <string_view>

#include "tests/http/wire/response_transcript.h"

using namespace weir;
using namespace std::string_literals;
using namespace weir::test::response;
using http::RequestKind;

namespace {

// The line, or the fields, of an answer without a body.
void expect_status(std::string_view line, std::string_view status_and_reason) {
    expect_parsed(std::string(line) + "\r\nContent-Length: 0\r\n\r\n",
                  "[" + std::string(status_and_reason) + " Content-Length=0;]|end keep+");
}
void expect_fields(std::string_view fields, std::string_view expected) {
    expect_parsed("HTTP/1.1 204 N\r\n" + std::string(fields) + "\r\n", expected);
}

// An answer with these fields, and what follows from them for a body that is "hello".
void expect_framed(std::string_view fields, std::string_view body, std::string_view expected,
                   const Options& options = closing()) {
    const std::string input =
        "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n" + std::string(body);
    SCOPED_TRACE(input);
    test::for_each_cut(input, [&](test::Pieces& pieces) {
        const std::string text = transcript(pieces, options);
        EXPECT_EQ(text.substr(text.find_first_of("]|") + (text.front() == '[' ? 1 : 0)), expected);
    });
}
void expect_chunks(std::string_view body, std::string_view expected) {
    expect_framed("Transfer-Encoding: chunked\r\n", body, expected);
}

constexpr std::string_view kLength = "Content-Length: 5\r\n";

}  // namespace

TEST(ResponseCases, StatusLinesThatAreRead) {
    expect_status("HTTP/1.1 200 OK", "200 OK");
    expect_status("HTTP/1.0 200 OK\r\nConnection: keep-alive", "200 OK Connection=keep-alive;");
    expect_status("HTTP/1.9 200 OK", "200 OK");
    expect_status("HTTP/1.1 200", "200 ");
    expect_status("HTTP/1.1 200 ", "200 ");
    expect_status("HTTP/1.1 200  OK", "200  OK");
    expect_status("HTTP/1.1 200 O\tK \xc3\x96", "200 O\tK \xc3\x96");
    expect_status("HTTP/1.1 404 404 HTTP/1.1", "404 404 HTTP/1.1");
    expect_status("HTTP/1.1 299 Own", "299 Own");
    expect_status("HTTP/1.1 600 Beyond", "600 Beyond");
    expect_status("HTTP/1.1 999 Last", "999 Last");
}

TEST(ResponseCases, StatusLinesThatAreRefused) {
    for (const std::string& line : {"HTP/1.1 200 OK"s,
                                    "HTTP/01.1 200 OK"s,
                                    "HTTP/1.01 200 OK"s,
                                    "HTTP/5.6 200 OK"s,
                                    "HTTP/1. 200 OK"s,
                                    "HTTP/1.1\t200 OK"s,
                                    "HTTP/1.1 200\tOK"s,
                                    "\rHTTP/1.1 200 OK"s,
                                    "\nHTTP/1.1 200 OK"s,
                                    "HTTP/1.1 200OK"s,
                                    "HTTP/1.1 2 OK"s,
                                    "HTTP/1.1 +20 OK"s,
                                    "HTTP/1.1 0x1 OK"s,
                                    "HTTP/1.1 \xd9\xa2\xd9\xa0 OK"s,
                                    "HTTP/1.1 000 OK"s,
                                    "HTTP/1.1200 OK"s,
                                    "HTTP /1.1 200 OK"s,
                                    "HTTP/ 1.1 200 OK"s,
                                    "HTTP/1.1 OK"s,
                                    "HTTPS/1.1 200 OK"s,
                                    "HTTP/1.1 200 a\0b"s,
                                    "HTTP/1.1 200 a\x7f"s,
                                    "HTTP/1.1 200 OK\r"s,
                                    "<html>"s,
                                    "\xef\xbb\xbfHTTP/1.1 200 OK"s,
                                    "GET / HTTP/1.1"s,
                                    "RTSP/1.0 200 OK"s,
                                    "0"s}) {
        expect_parsed(line + "\r\nContent-Length: 0\r\n\r\n", "|malformed");
    }
}

TEST(ResponseCases, FieldsThatAreRead) {
    expect_fields("", "[204 N]|end keep+");
    expect_fields("X:y\r\nX: \tz\t \r\n", "[204 N X=y; X=z;]|end keep+");
    expect_fields("X:\r\nY:  \r\n", "[204 N X=; Y=;]|end keep+");
    expect_fields("X: a:b: \"c, d\" (e)\r\n", "[204 N X=a:b: \"c, d\" (e);]|end keep+");
    expect_fields("X: \xc3\xa4\xff\r\n", "[204 N X=\xc3\xa4\xff;]|end keep+");
    expect_fields("!#$%&'*+-.^_`|~09Az: y\r\n", "[204 N !#$%&'*+-.^_`|~09Az=y;]|end keep+");
    expect_fields("Set-Cookie: a\r\nset-cookie: b\r\n",
                  "[204 N Set-Cookie=a; set-cookie=b;]|end keep+");
}

TEST(ResponseCases, FieldsThatAreRefused) {
    for (const std::string& field :
         {"X : y"s,           "X\t: y"s,  "X"s,           "X y"s,         ": y"s,
          " X: y"s,           "\tX: y"s,  "X: y\r\n z"s,  "X: y\r\n\tz"s, "X: y\r\n "s,
          "X\x0b: y"s,        "X\0: y"s,  "\xc3\xa4: y"s, "X@: y"s,       "(X): y"s,
          "\"X\": y"s,        "X: a\0b"s, "X: a\x0b"s,    "X: a\x0c"s,    "X: a\x1b"s,
          "X: a\x7f"s,        "X: a\rb"s, "X: y\r"s,      "\r"s,          "X: y\r\r\nY: z"s,
          "HTTP/1.1 200 OK"s, "<html>"s}) {
        expect_fields(field + "\r\n", "|malformed");
    }
}

TEST(ResponseCases, LinesMayEndWithLfAlone) {
    expect_parsed("HTTP/1.1 204 N\nX: y\n\nrest", "[204 N X=y;]|end keep+rest");
    expect_parsed("HTTP/1.1 204 N\r\nX: y\nY: z\r\n\nrest", "[204 N X=y; Y=z;]|end keep+rest");
    expect_parsed("HTTP/1.1 204 N\nX: y\n\r\nrest", "[204 N X=y;]|end keep+rest");
    expect_parsed("HTTP/1.1 204 N\rX: y\r\rrest", "|more");
    expect_parsed("HTTP/1.1 204 N\rX: y\r\r\n\n", "|malformed");
}

TEST(ResponseCases, LengthsThatAreRead) {
    for (const char* length : {"5", " 5\t", "5,5", "5 , 5", "05", "0000000000000000005"})
        expect_framed("Content-Length: " + std::string(length) + "\r\n", "hello+",
                      "hello|end keep++");
    expect_framed("Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n", "hello", "hello|end keep+");
    expect_framed("Content-Length: 0\r\n", "+", "|end keep++");
    expect_framed("Content-Length: 9223372036854775808\r\n", "hello", "hello|cut");
}

TEST(ResponseCases, LengthsThatAreRefused) {
    for (const char* length : {"",
                               " ",
                               "+5",
                               "-5",
                               "-0",
                               "0x5",
                               "5a",
                               "5;",
                               "5.",
                               "5.0",
                               "5e0",
                               "5 5",
                               "5_0",
                               "\"5\"",
                               "5,",
                               ",5",
                               "5,,5",
                               "5,6",
                               "five",
                               "\xd9\xa5",
                               "00000000000000000005",
                               "18446744073709551621",
                               "5\t6"}) {
        expect_framed("Content-Length: " + std::string(length) + "\r\n", "hello", "|malformed");
    }
    expect_framed("Content-Length: 5\r\nContent-Length: 05x\r\n", "hello", "|malformed");
    expect_framed("Content-Length: 5\r\nContent-Length: 4\r\n", "hello", "|malformed");
}

TEST(ResponseCases, TransferCodingsThatAreRead) {
    for (const char* coding : {"chunked", "Chunked", "CHUNKED", "\tchunked \t"}) {
        expect_framed("Transfer-Encoding:" + std::string(coding) + "\r\n",
                      "5\r\nhello\r\n0\r\n\r\n", "hello|end keep+");
    }
}

TEST(ResponseCases, TransferCodingsThatAreRefused) {
    for (const char* coding :
         {"", " ", "gzip", "identity", "xchunked", "chunkedx", "chunkedchunked", "chunked,",
          ",chunked", "chunked, chunked", "chunked, identity", "identity, chunked", "gzip, chunked",
          "chunked, gzip", "chunked;q=1", "\"chunked\"", "chunk ed", "\xc3\xa4"}) {
        expect_framed("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n",
                      "|malformed");
    }
    for (const std::string& fields :
         {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"s,
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"s,
          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"s,
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"s,
          "Content-Length: 5\r\nTransfer-Encoding:\r\n"s}) {
        expect_framed(fields, "0\r\n\r\n", "|malformed");
    }
    // A name that is another one is another field.
    expect_framed("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "hello",
                  "hello|end keep+");
}

TEST(ResponseCases, ChunksThatAreRead) {
    expect_chunks("5\r\nhello\r\n0\r\n\r\n+", "hello|end keep++");
    expect_chunks("000a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n",
                  "01234567890123456789|end keep+");
    expect_chunks("5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello|end keep+");
    expect_chunks("5;a=\"b; c\";d\r\nhello\r\n0\r\n\r\n", "hello|end keep+");
    expect_chunks("5 ; a=\"b\r\nhello\r\n0\t;\r\n\r\n", "hello|end keep+");
    expect_chunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n|end keep+");
    expect_chunks("0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\r\n+", "|end keep++");
}

TEST(ResponseCases, ChunksThatAreRefused) {
    for (const std::string& body : {"\r\n"s,
                                    "x\r\n"s,
                                    "0x5\r\nhello"s,
                                    "+5\r\nhello"s,
                                    "-5\r\nhello"s,
                                    " 5\r\nhello"s,
                                    "5 \r\nhello"s,
                                    "5  \r\nhello"s,
                                    "5 a\r\nhello"s,
                                    "5_\r\nhello"s,
                                    "0_5\r\nhello"s,
                                    "5,\r\nhello"s,
                                    "5\nhello"s,
                                    "5\r\r\nhello"s,
                                    "5\rhello"s,
                                    "5;a\nhello"s,
                                    "5;a\rb\r\nhello"s,
                                    "5\r;a\r\nhello"s,
                                    "5;a\0b\r\nhello"s,
                                    "10000000000000005\r\nhello"s,
                                    "00000000000000005\r\nhello"s,
                                    "0\r\nX\r\n\r\n"s,
                                    "0\r\nHTTP/1.1 200 OK\r\n\r\n"s,
                                    "0\r\nX: y\n\r\n"s,
                                    "0\r\n\n"s,
                                    "0\n\r\n"s,
                                    "0\r\n\rX"s,
                                    "\xd9\xa5\r\nhello"s}) {
        expect_chunks(body, "|malformed");
    }
    for (const char* body : {"5\r\nhello\n0\r\n\r\n", "5\r\nhello!\r\n", "5\r\nhello0\r\n\r\n",
                             "5\r\nhello\r\r\n", "5\r\nhello\r\n\r\n", "5\r\nhello\r\n;\r\n"}) {
        expect_chunks(body, "hello|malformed");
    }
}

TEST(ResponseCases, AnswersThatHaveNoBody) {
    const auto head = asked_by(RequestKind::head);
    expect_framed(kLength, "+", "|end keep++", head);
    expect_framed("Transfer-Encoding: chunked\r\n", "+", "|end keep++", head);
    expect_framed("", "+", "|end keep++", head);
    expect_framed("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "+", "|malformed", head);
    expect_parsed("HTTP/1.1 304 S\r\nTransfer-Encoding: chunked\r\n\r\n+",
                  "[304 S Transfer-Encoding=chunked;]|end keep++");
    expect_parsed("HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n+",
                  "[204 N Content-Length=0;]|end keep++");
    expect_parsed("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "[204 N Transfer-Encoding=chunked;]|end close+0\r\n\r\n");
    expect_parsed("HTTP/1.1 205 R\r\nContent-Length: 1\r\n\r\nx+",
                  "[205 R Content-Length=1;]x|end keep++");
}

TEST(ResponseCases, TunnelsBeginBehindTheHead) {
    const auto connect = asked_by(RequestKind::connect);
    expect_framed("", "\x16\x03", "|end close+\x16\x03", connect);
    expect_framed(kLength, "hello", "|end close+hello", connect);
    expect_framed("Transfer-Encoding: chunked\r\n", "0\r\n", "|end close+0\r\n", connect);
    expect_parsed("HTTP/1.1 502 B\r\n" + std::string(kLength) + "\r\nhello",
                  "[502 B Content-Length=5;]hello|end keep+", connect);
}

TEST(ResponseCases, BodiesThatEndWithTheConnection) {
    expect_framed("", "hello", "hello|end");
    expect_framed("Connection: keep-alive\r\n", "hello", "hello|end");
    expect_framed("Connection: close\r\n", "0\r\n\r\n", "0\r\n\r\n|end");
    expect_framed("", "", "|end");
    expect_parsed("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello",
                  "[200 OK Connection=keep-alive;]hello|end", closing());
}

TEST(ResponseCases, EveryEarlyEndIsReported) {
    for (const std::string& whole :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nX: y\r\n\r\n"s,
          "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 204 N\r\n\r\n"s}) {
        EXPECT_TRUE(parsed_whole(whole, closing()).ends_with("|end keep+"));
        for (std::size_t size = 1; size < whole.size(); ++size) {
            const std::string text = parsed_whole(whole.substr(0, size), closing());
            EXPECT_TRUE(text.ends_with("|cut")) << whole.substr(0, size);
        }
    }
}

TEST(ResponseCases, InterimAnswers) {
    const std::string last = "HTTP/1.1 204 N\r\n\r\n";
    const std::string_view expected = "[204 N]|end keep+";
    for (const char* interim :
         {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100\r\n\r\n", "HTTP/1.1 102 P\r\n\r\n",
          "HTTP/1.1 103 E\r\nLink: </a>; rel=preload\r\n\r\n", "HTTP/1.1 199 Own\r\n\r\n",
          "HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n",
          "HTTP/1.1 100 C\r\nConnection: close\r\n\r\n",
          "HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0 100 C\r\n\r\n"}) {
        expect_parsed(interim + last, expected);
        expect_parsed(interim + ("HTTP/1.1 100 C\r\n\r\n" + last), expected);
    }
    expect_parsed("HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + last,
                  "|malformed");
    expect_parsed("HTTP/1.1 100 C\r\n\r\n\r\n" + last, "|malformed");
    expect_parsed("HTTP/1.1 100 C\r\n\r\nhello" + last, "|malformed");
    expect_parsed("HTTP/1.1 100 C\r\nX : y\r\n\r\n" + last, "|malformed");
}

TEST(ResponseCases, WhatDecidesOnReuse) {
    class Case {
    public:
        std::string_view version;
        std::string_view fields;
        std::string_view end;
    };
    for (const Case& each :
         {Case{"1.1", "", "keep"}, Case{"1.1", "Connection: keep-alive\r\n", "keep"},
          Case{"1.1", "Connection: close\r\n", "close"},
          Case{"1.1", "Connection: CLOSE\r\n", "close"},
          Case{"1.1", "Connection: keep-alive, close\r\n", "close"},
          Case{"1.1", "Connection: a,,\tclose ,b\r\n", "close"},
          Case{"1.1", "Connection: a\r\nconnection: close\r\n", "close"},
          Case{"1.1", "Connection: closed\r\n", "keep"},
          Case{"1.1", "Connection: \"close\"\r\n", "keep"},
          Case{"1.1", "Connection: upgrade\r\n", "keep"}, Case{"1.1", "Connection:\r\n", "keep"},
          Case{"1.1", "Proxy-Connection: close\r\n", "keep"},
          Case{"1.1", "Keep-Alive: timeout=0\r\n", "keep"}, Case{"1.9", "", "keep"},
          Case{"1.0", "", "close"}, Case{"1.0", "Keep-Alive: timeout=5\r\n", "close"},
          Case{"1.0", "Proxy-Connection: keep-alive\r\n", "close"},
          Case{"1.0", "Connection: Keep-Alive\r\n", "keep"},
          Case{"1.0", "Connection: keep-alive, close\r\n", "close"}}) {
        const std::string head = "HTTP/" + std::string(each.version) + " 200 OK\r\n" +
                                 std::string(each.fields) + std::string(kLength) + "\r\n";
        test::for_each_cut(head + "hello", [&](test::Pieces& pieces) {
            EXPECT_TRUE(transcript(pieces, Options())
                            .ends_with("]hello|end " + std::string(each.end) + "+"))
                << head;
        });
    }
}
