// SPDX-License-Identifier: MIT
//
// The cases that the test suites of HTTP have for servers, as tables; docs/http.md tells them in
// words.
#include <gtest/gtest.h>

#include <weir/http/wire/request_parser.h>
#include <string>
#include <string_view>

#include "tests/http/wire/request_transcript.h"

using namespace weir;
using namespace std::string_literals;
using namespace weir::test::request;

namespace {

// A request with this line, or with these fields, and what is read of it.
void expect_line(std::string_view line, std::string_view expected) {
    expect_parsed(std::string(line) + "\r\nHost: h\r\n\r\n", expected);
}
void expect_fields(std::string_view fields, std::string_view expected) {
    expect_parsed("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n", expected);
}

}  // namespace

TEST(RequestCases, RequestLinesThatAreRead) {
    expect_line("GET / HTTP/1.1", "[GET / Host=h;]|end keep |more");
    expect_line("GET / HTTP/1.7", "[GET / Host=h;]|end keep |more");
    expect_line("get / HTTP/1.1", "[get / Host=h;]|end keep |more");
    expect_line("M-SEARCH / HTTP/1.1", "[M-SEARCH / Host=h;]|end keep |more");
    expect_line("!#$%&'*+-.^_`|~ / HTTP/1.1", "[!#$%&'*+-.^_`|~ / Host=h;]|end keep |more");
    expect_line("GET //a/../b;c?d=%00&e=[f] HTTP/1.1",
                "[GET //a/../b;c?d=%00&e=[f] Host=h;]|end keep |more");
    expect_line("GET /?http://x HTTP/1.1", "[GET /?http://x Host=h;]|end keep |more");
}

TEST(RequestCases, RequestLinesThatAreRefused) {
    for (const std::string& line : {"GET /"s,
                                    "GET / HTTP/1"s,
                                    "GET / HTTP/1.1."s,
                                    "GET / HTTP/1.\xd9\xa1"s,
                                    "GET / HTTP/1.1\r"s,
                                    "GET / Http/1.1"s,
                                    "GET / ICY/1.1"s,
                                    "GET /a\tb HTTP/1.1"s,
                                    "GET /a\0b HTTP/1.1"s,
                                    "GET /a\x7f HTTP/1.1"s,
                                    "GET /a\xff HTTP/1.1"s,
                                    "GET ?a HTTP/1.1"s,
                                    "GET a HTTP/1.1"s,
                                    "GET javascript:x HTTP/1.1"s,
                                    "GET  HTTP/1.1"s,
                                    "\x80GET / HTTP/1.1"s,
                                    "GET, / HTTP/1.1"s,
                                    "GET\0 / HTTP/1.1"s,
                                    "\tGET / HTTP/1.1"s,
                                    "HTTP/1.1 200 OK"s,
                                    "{\"a\": 1}"s}) {
        expect_line(line, "|malformed");
    }
}

TEST(RequestCases, FieldsThatAreRead) {
    expect_fields("X:y\r\nX: \tz\t \r\nE:\r\n", "[GET / Host=h; X=y; X=z; E=;]|end keep |more");
    expect_fields("X: a:b \"c, d\" (\xc3\xa4)\r\n",
                  "[GET / Host=h; X=a:b \"c, d\" (\xc3\xa4);]|end keep |more");
    // Names that look like others are names of their own.
    expect_fields("Content_Length: 5\r\nTransfer.Encoding: chunked\r\n",
                  "[GET / Host=h; Content_Length=5; Transfer.Encoding=chunked;]|end keep |more");
}

TEST(RequestCases, FieldsThatAreRefused) {
    for (const std::string& field :
         {"X : y"s, "X"s, ": y"s, " X: y"s, "\tX: y"s, "X: y\r\n z"s, "X: y\n z"s, "X: y\nY: z"s,
          "X: y\rY: z"s, "X\xff: y"s, "X\0: y"s, "X: a\0b"s, "X: a\x08"s, "X: a\x7f"s, "X(: y"s,
          "X: y\r"s, "\r"s, "GET / HTTP/1.1"s}) {
        expect_fields(field + "\r\n", "|malformed");
    }
}

TEST(RequestCases, OnlyDeclaredBodiesAreRead) {
    for (const std::string method : {"GET", "POST", "HEAD", "DELETE", "OPTIONS", "QUERY"}) {
        const std::string head = method + " / HTTP/1.1\r\nHost: h\r\n";
        const std::string shown = "[" + method + " / Host=h;";
        expect_parsed(head + "\r\nGET", shown + "]|end keep |cut", true);
        expect_parsed(head + "Content-Length: 2\r\n\r\nab",
                      shown + " Content-Length=2;]ab|end keep |closed", true);
        expect_parsed(head + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
                      shown + " Transfer-Encoding=chunked;]a|end keep |closed", true);
    }
    expect_parsed("POST / HTTP/1.0\r\n\r\n", "[POST /]|end close |closed", true);
}

TEST(RequestCases, EveryEarlyEndIsReported) {
    for (const std::string& whole :
         {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"s,
          "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"s}) {
        for (std::size_t size = 1; size <= whole.size(); ++size) {
            test::Pieces pieces;
            pieces.add(std::string_view(whole).substr(0, size));
            const std::string text = transcript(pieces, http::ParserLimits(), true);
            EXPECT_TRUE(text.ends_with(size < whole.size() ? "|cut" : "|closed")) << text;
        }
    }
}

TEST(RequestCases, WhoWaitsForContinue) {
    const auto waits = [](std::string_view version, std::string_view fields) {
        test::Pieces pieces;
        pieces.add("PUT / HTTP/" + std::string(version) + "\r\nHost: h\r\n" + std::string(fields) +
                   "Content-Length: 2\r\n\r\n");
        return transcript(pieces, http::ParserLimits(), false).ends_with(" waits]|more");
    };
    EXPECT_TRUE(waits("1.1", "Expect: 100-continue\r\n"));
    EXPECT_TRUE(waits("1.1", "Expect: , 100-CONTINUE ,\r\n"));
    EXPECT_TRUE(waits("1.1", "Expect: 100-continue\r\nExpect: 100-continue\r\n"));
    EXPECT_FALSE(waits("1.1", "Expect:\r\n"));
    EXPECT_FALSE(waits("1.1", ""));
    EXPECT_FALSE(waits("1.0", "Expect: 100-continue\r\n"));
}

TEST(RequestCases, ExpectationsThatAreRefused) {
    for (const char* value : {"100-continued", "200-ok", "a, 100-continue", "100-continue, a",
                              "100-continue;a", "100-continue=1", "\"100-continue\""}) {
        expect_fields("Expect: " + std::string(value) + "\r\n", "|expectation");
    }
    expect_fields("Expect: 100-continue\r\nExpect: a\r\n", "|expectation");
    expect_parsed("GET / HTTP/1.0\r\nExpect: a\r\n\r\n", "[GET / Expect=a;]|end close |more");
}

TEST(RequestCases, AnOfferOfAnotherProtocolIsAnOrdinaryRequest) {
    expect_fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n",
                  "[GET / Host=h; Connection=Upgrade, HTTP2-Settings; Upgrade=h2c; "
                  "HTTP2-Settings=AA;]|end keep |more");
    expect_fields("Connection: Upgrade\r\nUpgrade: websocket\r\n",
                  "[GET / Host=h; Connection=Upgrade; Upgrade=websocket;]|end keep |more");
}

TEST(RequestCases, WhatDecidesOnReuse) {
    class Case {
    public:
        std::string_view version;
        std::string_view fields;
        std::string_view end;
    };
    for (const Case& each :
         {Case{"1.1", "", "keep"}, Case{"1.1", "Connection: close\r\n", "close"},
          Case{"1.1", "Connection: keep-alive, Close\r\n", "close"},
          Case{"1.1", "Connection: a\r\nConnection: close\r\n", "close"},
          Case{"1.1", "Connection: closed\r\n", "keep"},
          Case{"1.1", "Proxy-Connection: close\r\n", "keep"}, Case{"1.0", "", "close"},
          Case{"1.0", "Connection: keep-alive\r\n", "keep"},
          Case{"1.0", "Keep-Alive: 300\r\n", "close"}}) {
        const std::string input = "GET / HTTP/" + std::string(each.version) + "\r\nHost: h\r\n" +
                                  std::string(each.fields) + "\r\n";
        test::for_each_cut(input, [&](test::Pieces& pieces) {
            EXPECT_TRUE(transcript(pieces, http::ParserLimits(), false)
                            .ends_with("]|end " + std::string(each.end) + " |more"))
                << input;
        });
    }
}

TEST(RequestCases, EmptyLinesBeforeARequestCountAsItsHead) {
    http::ParserLimits limits;
    limits.head_bytes = 40;
    expect_parsed("\r\n\r\n\r\nGET / HTTP/1.0\r\nX: y\r\n\r\n", "[GET / X=y;]|end close |more",
                  false, limits);
    std::string lines;
    for (int count = 0; count < 20; ++count)
        lines += "\r\n";
    expect_parsed(lines + "GET / HTTP/1.0\r\n\r\n", "|head_too_large", false, limits);
}
