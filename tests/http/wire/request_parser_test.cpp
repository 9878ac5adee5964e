// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/request_parser.h>
#include <weir/http/wire/request_writer.h>
#include <string>

#include "tests/http/wire/request_transcript.h"

using namespace weir;
using http::ParserLimits;
using namespace weir::test::request;

TEST(RequestParser, ReadsPipelinedRequests) {
    expect_parsed(
        "POST /v1?x=1 HTTP/1.1\r\nHost: h:80\r\nContent-Length: 3\r\n\r\nabc"
        "GET / HTTP/1.1\r\nhost: h\r\nConnection: close\r\n\r\n",
        "[POST /v1?x=1 Host=h:80; Content-Length=3;]abc|end keep "
        "[GET / host=h; Connection=close;]|end close |more");
}

TEST(RequestParser, ReadsAChunkedBody) {
    expect_parsed(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        "[POST / Host=h; Transfer-Encoding=chunked;]abc|end keep |more");
}

TEST(RequestParser, TellsACloseBetweenRequestsFromACutOne) {
    const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    expect_parsed("", "|closed", true);
    expect_parsed(get, "[GET / Host=h;]|end keep |closed", true);
    expect_parsed(get + "\r\n", "[GET / Host=h;]|end keep |closed", true);
    expect_parsed(get + "G", "[GET / Host=h;]|end keep |cut", true);
    expect_parsed("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na",
                  "[PUT / Host=h; Content-Length=2;]a|cut", true);
}

TEST(RequestParser, SkipsEmptyLinesBeforeARequest) {
    expect_parsed("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "[GET / Host=h;]|end keep |more");
}

TEST(RequestParser, ServesHttp10) {
    expect_parsed("GET / HTTP/1.0\r\n\r\n", "[GET /]|end close |more");
    expect_parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
                  "[GET / Connection=Keep-Alive;]|end keep |more");
}

TEST(RequestParser, SeesWhoWaitsForContinue) {
    expect_parsed("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 0\r\n\r\n",
                  "[PUT / Host=h; Expect=100-Continue; Content-Length=0; waits]|end keep |more");
}

TEST(RequestParser, KnowsTheFormsOfATarget) {
    expect_parsed("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "[OPTIONS * Host=h;]|end keep |more");
    expect_parsed("GET http://h/p HTTP/1.1\r\nHost: h\r\n\r\n",
                  "[GET http://h/p Host=h;]|end keep |more");
    expect_parsed("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
                  "[CONNECT h:443 Host=h;]|end keep |more");
}

TEST(RequestParser, RefusesAMalformedRequestLine) {
    for (const char* line :
         {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET /a b HTTP/1.1", "GET\t/\tHTTP/1.1",
          "GET / http/1.1", "GET / HTTP/1.", "GET / HTTP/1.10", "G(T / HTTP/1.1", " GET / HTTP/1.1",
          "GET * HTTP/1.1", "GET h/p HTTP/1.1", "GET ftp://h/ HTTP/1.1", "GET /\x01 HTTP/1.1",
          "GET /\xc3\xa4 HTTP/1.1", "GET", "/"}) {
        expect_parsed(std::string(line) + "\r\nHost: h\r\n\r\n", "|malformed");
    }
}

TEST(RequestParser, TellsAnotherMajorVersionFromAMalformedOne) {
    for (const char* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/3.1", "HTTP/9.9"})
        expect_parsed("GET / " + std::string(version) + "\r\nHost: h\r\n\r\n", "|version");
    expect_parsed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "|version");
    for (const char* version :
         {"HTTP/2", "HTTP/2.", "HTTP/20.0", "HTTP/a.0", "HTTP/2,0", "http/2.0"})
        expect_parsed("GET / " + std::string(version) + "\r\nHost: h\r\n\r\n", "|malformed");
    expect_parsed("G(T / HTTP/2.0\r\nHost: h\r\n\r\n", "|malformed");
}

TEST(RequestParser, FindsOutOtherProtocolsByTheFirstByte) {
    expect_parsed("\x16\x03\x01", "|malformed");
    expect_parsed("\r\n\r\n(", "|malformed");
}

TEST(RequestParser, RefusesLineEndsOtherThanCrlf) {
    expect_parsed("GET / HTTP/1.1\nHost: h\n\n", "|malformed");
    expect_parsed("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "|malformed");
    expect_parsed("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "|malformed");
    expect_parsed("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "|malformed");
}

TEST(RequestParser, RequiresExactlyOneHost) {
    expect_parsed("GET / HTTP/1.1\r\n\r\n", "|malformed");
    expect_parsed("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "|malformed");
    expect_parsed("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "|malformed");
    expect_parsed("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "|malformed");
}

TEST(RequestParser, RefusesWhatSmugglesRequests) {
    for (const char* fields :
         {"Content-Length: 1\r\nTransfer-Encoding: chunked",
          "Content-Length: 1\r\nContent-Length: 2", "Content-Length: +1",
          "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
          "Transfer-Encoding : chunked", "Content-Length: 1\r\n folded", "X: y\r\n\tz"}) {
        expect_parsed("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n\r\n",
                      "|malformed");
    }
    expect_parsed("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "|malformed");
    expect_parsed("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na",
                  "[PUT / Host=h; Transfer-Encoding=chunked;]|malformed");
}

TEST(RequestParser, BoundsHeadAndBody) {
    ParserLimits limits;
    limits.head_bytes = 40;
    limits.body_bytes = 2;
    limits.fields = 2;
    expect_parsed("GET /0123456789012345678901234567890 HTTP/1.1\r\nHost: h\r\n\r\n",
                  "|head_too_large", false, limits);
    expect_parsed("GET / HTTP/1.0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", "|head_too_large", false,
                  limits);
    expect_parsed("GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", "|body_too_large", false, limits);
}

// Also where the rest of the head would not fit, or never comes.
TEST(RequestParser, BoundsTheTarget) {
    ParserLimits limits;
    limits.target_bytes = 10;
    expect_parsed("GET /234567890 HTTP/1.0\r\n\r\n", "[GET /234567890]|end close |more", false,
                  limits);
    expect_parsed("GET /2345678901 HTTP/1.0\r\n\r\n", "|target_too_large", false, limits);
    expect_parsed("\r\nGET /2345678901", "|target_too_large", false, limits);
    expect_parsed("GET /2345678901\r\n", "|target_too_large", false, limits);
    expect_parsed("GET / HTTP/1.0\r\nA: /2345678901\r\n\r\n",
                  "[GET / A=/2345678901;]|end close |more", false, limits);
    expect_parsed("GET / HTTP/1.0-0123456789\r\n\r\n", "|malformed", false, limits);
    expect_parsed("GETGETGETGET /2 HTTP/1.0\r\n\r\n", "[GETGETGETGET /2]|end close |more", false,
                  limits);
    ParserLimits small;
    small.head_bytes = 20;
    expect_parsed("GET /0123456789012345 HTTP/1.0\r\n\r\n", "|target_too_large", false, small);
    expect_parsed("GET /01234567890123 HTTP/1.0\r\n\r\n", "|head_too_large", false, small);
    expect_parsed("GETGETGETGETGETGETGET / HTTP/1.0\r\n\r\n", "|head_too_large", false, small);
}

TEST(RequestParser, GivesAfterAnErrorWhatItHadRead) {
    const auto seen = [](std::string_view text) {
        ParserLimits limits;
        limits.target_bytes = 20;
        http::RequestParser parser(limits);
        Bytes input = as_bytes(text);
        EXPECT_FALSE(parser.next(input).has_value());
        const http::RequestHead head = parser.take_head();
        return head.method + " " + head.target;
    };
    EXPECT_EQ(seen("GET /a HTTP/1.1\r\nHost : h\r\n\r\n"), "GET /a");
    EXPECT_EQ(seen("GET /a HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n"), "GET /a");
    EXPECT_EQ(seen("GET /a HTTP/2.0\r\n\r\n"), "GET /a");
    EXPECT_EQ(seen("GET /a HTTP/1.x\r\n\r\n"), "GET ");
    EXPECT_EQ(seen("GET /01234567890123456789"), "GET ");
    EXPECT_EQ(seen("G(T /a HTTP/1.1\r\n\r\n"), " ");
}

TEST(RequestParser, ReadsBackWhatTheWriterWrites) {
    ByteQueue out;
    const auto url = http::Url::parse("http://[::1]:8000/v1?q").value();
    ASSERT_TRUE(http::write_request(out, http::Request("POST", url).header("A", "b").body("body")));
    expect_parsed(as_text(out.readable()),
                  "[POST /v1?q Host=[::1]:8000; A=b; Content-Length=4;]body|end keep |more");
}
