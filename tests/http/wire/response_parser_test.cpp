// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_parser.h>
#include <string>

#include "tests/http/wire/response_transcript.h"

using namespace weir;
using http::HttpErrc;
using http::ParserEvent;
using http::ParserLimits;
using http::RequestKind;
using http::ResponseParser;
using namespace weir::test::response;

static_assert(!std::is_aggregate_v<ParserLimits>);
static_assert(sizeof(ResponseParser) <= 256, "ten thousand of them live at once");

TEST(ResponseParser, ReadsABodyOfKnownLength) {
    expect_parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX:  a b \t\r\n\r\nhelloHTTP",
                  "[200 OK Content-Length=5; X=a b;]hello|end keep+HTTP");
    expect_parsed("HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n",
                  "[404 Not Found content-length=0;]|end keep+");
}

TEST(ResponseParser, ReadsAChunkedBody) {
    expect_parsed(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: "
        "x\r\n\r\n+",
        "[200 OK Transfer-Encoding=Chunked;]abcde|end keep++");
}

TEST(ResponseParser, ReadsUntilCloseWhereNoLengthIsGiven) {
    expect_parsed("HTTP/1.1 200 OK\r\n\r\nabc", "[200 OK]abc|end", closing());
    expect_parsed("HTTP/1.1 200 OK\r\n\r\nabc", "[200 OK]abc|more");
    expect_parsed("HTTP/1.0 200 OK\r\n\r\n", "[200 OK]|end", closing());
}

TEST(ResponseParser, ReportsABodyThatEndsEarly) {
    expect_parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                  "[200 OK Content-Length=5;]hell|cut", closing());
    expect_parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n",
                  "[200 OK Transfer-Encoding=chunked;]hell|cut", closing());
    expect_parsed("HTTP/1.1 200 OK\r\nContent-Le", "|cut", closing());
    expect_parsed("H", "|cut", closing());
}

TEST(ResponseParser, TellsNoAnswerFromACutOne) {
    expect_parsed("", "|no_response", closing());
    ResponseParser parser;
    parser.start(RequestKind::normal);
    Bytes nothing;
    EXPECT_EQ(parser.next(nothing).value().kind, ParserEvent::need_more);
    EXPECT_FALSE(parser.has_begun());
    Bytes one = as_bytes("H");
    EXPECT_EQ(parser.next(one).value().kind, ParserEvent::need_more);
    EXPECT_TRUE(parser.has_begun());
}

TEST(ResponseParser, SkipsInterimResponses) {
    expect_parsed(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "[200 OK Content-Length=1;]x|end keep+");
    expect_parsed("HTTP/1.1 101 Switching Protocols\r\n\r\n", "|malformed");
    expect_parsed("HTTP/1.1 100 Continue\r\n\r\n", "|cut", closing());
}

TEST(ResponseParser, TellsThatTheServerAsksForTheBody) {
    const std::string_view input =
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 N\r\n\r\n";
    ResponseParser parser;
    parser.start(RequestKind::normal);
    Bytes hints = as_bytes(input.substr(0, 28));
    EXPECT_EQ(parser.next(hints).value().kind, ParserEvent::need_more);
    EXPECT_FALSE(parser.was_told_to_continue());
    Bytes word = as_bytes(input.substr(28, 25));
    EXPECT_EQ(parser.next(word).value().kind, ParserEvent::need_more);
    EXPECT_TRUE(parser.was_told_to_continue());
    Bytes answer = as_bytes(input.substr(53));
    EXPECT_EQ(parser.next(answer).value().kind, ParserEvent::head);
    EXPECT_EQ(parser.status(), 204);
    EXPECT_EQ(parser.next(answer).value().kind, ParserEvent::end);
    parser.start(RequestKind::normal);
    EXPECT_FALSE(parser.was_told_to_continue());
}

TEST(ResponseParser, BoundsInterimResponses) {
    std::string input;
    for (int count = 0; count < 32; ++count)
        input += "HTTP/1.1 100 C\r\n\r\n";
    EXPECT_EQ(parsed_whole(input), "|more");
    EXPECT_EQ(parsed_whole(input + "HTTP/1.1 100 C\r\n\r\n"), "|malformed");
}

TEST(ResponseParser, ExpectsNoBodyWhereThereIsNone) {
    expect_parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                  "[200 OK Content-Length=5;]|end keep+", asked_by(RequestKind::head));
    expect_parsed("HTTP/1.1 204 None\r\n\r\nrest", "[204 None]|end keep+rest");
    expect_parsed("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n",
                  "[304 Same Content-Length=5;]|end keep+");
    expect_parsed("HTTP/1.1 200 Open\r\n\r\nTLS", "[200 Open]|end close+TLS",
                  asked_by(RequestKind::connect));
    expect_parsed("HTTP/1.1 407 No\r\nContent-Length: 1\r\n\r\nx",
                  "[407 No Content-Length=1;]x|end keep+", asked_by(RequestKind::connect));
}

TEST(ResponseParser, DoesNotReuseAConnectionAfterA204ThatDeclaresABody) {
    expect_parsed("HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\nhello",
                  "[204 N Content-Length=5;]|end close+hello");
}

TEST(ResponseParser, FollowsConnectionAndVersionOnReuse) {
    const std::string length = "Content-Length: 0\r\n";
    expect_parsed("HTTP/1.1 200 OK\r\nConnection: foo, Close\r\n" + length + "\r\n",
                  "[200 OK Connection=foo, Close; Content-Length=0;]|end close+");
    expect_parsed("HTTP/1.0 200 OK\r\n" + length + "\r\n", "[200 OK Content-Length=0;]|end close+");
    expect_parsed("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + length + "\r\n",
                  "[200 OK Connection=keep-alive; Content-Length=0;]|end keep+");
}

TEST(ResponseParser, ToleratesAMissingReasonAndLoneLineFeeds) {
    expect_parsed("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
                  "[200  Content-Length=0;]|end keep+");
    expect_parsed("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
                  "[200  Content-Length=0;]|end keep+");
    expect_parsed("HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
                  "[200 OK Content-Length=1;]x|end keep+");
}

TEST(ResponseParser, RefusesAMalformedStatusLine) {
    for (const char* line :
         {"HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK",
          "HTTP/1.1 2x0 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 099 OK", "HTTP/1.1", "HTTP/1.x 200 OK",
          "HTTP/1.11 200 OK", "HTTP/2.0 200 OK", "http/1.1 200 OK", "ICY 200 OK", " HTTP/1.1 200",
          "\r\nHTTP/1.1 200 OK", "HTTP/1.1 200 a\rb", "HTTP/1.1 200 a\x01", "SSH-2.0-server",
          "\x15\x03\x01"}) {
        expect_parsed(std::string(line) + "\r\n\r\n", "|malformed");
    }
}

TEST(ResponseParser, FindsOutOtherProtocolsByTheFirstByte) {
    EXPECT_EQ(parsed_whole("S"), "|malformed");
    EXPECT_EQ(parsed_whole("HTTP/2"), "|malformed");
    EXPECT_EQ(parsed_whole("HTTP/1"), "|more");
}

TEST(ResponseParser, RefusesMalformedFields) {
    for (const std::string_view field :
         {std::string_view("X : y"), std::string_view("X\t: y"), std::string_view(": y"),
          std::string_view("no colon"), std::string_view(" X: y"), std::string_view("A: b\r\n c"),
          std::string_view("A: b\r\n\tc"), std::string_view("X: a\rb"),
          std::string_view("X: a\0b", 6), std::string_view("X: a\x7f"),
          std::string_view("X\0: y", 5), std::string_view("X(: y"), std::string_view("X: y\r")}) {
        expect_parsed("HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n\r\n", "|malformed");
    }
}

TEST(ResponseParser, RefusesConflictingOrMalformedLengths) {
    for (const char* fields : {"Content-Length: 1\r\nContent-Length: 2",
                               "Content-Length: 1, 2",
                               "Content-Length: -1",
                               "Content-Length: +1",
                               "Content-Length: 0x1",
                               "Content-Length: 1 1",
                               "Content-Length:",
                               "Content-Length: 1,",
                               "Content-Length: 99999999999999999999",
                               "Content-Length: 1.0",
                               "Content-Length: 1\r\nTransfer-Encoding: chunked",
                               "Transfer-Encoding: chunked\r\nContent-Length: 1",
                               "Transfer-Encoding: gzip",
                               "Transfer-Encoding: gzip, chunked",
                               "Transfer-Encoding: chunked, chunked",
                               "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                               "Transfer-Encoding: identity",
                               "Transfer-Encoding:",
                               "Transfer-Encoding: \"chunked\"",
                               "Transfer-Encoding: xchunked"}) {
        expect_parsed("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n\r\n", "|malformed");
    }
    expect_parsed("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "|malformed");
}

TEST(ResponseParser, TakesRepeatedLengthsThatAgree) {
    expect_parsed("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\nContent-Length: 1\r\n\r\nx",
                  "[200 OK Content-Length=1, 1; Content-Length=1;]x|end keep+");
}

TEST(ResponseParser, RefusesAMalformedChunk) {
    expect_parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
                  "[200 OK Transfer-Encoding=chunked;]a|malformed");
}

TEST(ResponseParser, BoundsTheHead) {
    const std::string head = "HTTP/1.1 204 N\r\nX: 3456789012345678\r\n\r\n";
    Options options;
    options.limits.head_bytes = static_cast<std::uint32_t>(head.size());
    expect_parsed(head + "rest", "[204 N X=3456789012345678;]|end keep+rest", options);
    --options.limits.head_bytes;
    expect_parsed(head, "|head_too_large", options);
    expect_parsed("SSH" + head, "|malformed", options);
}

TEST(ResponseParser, BoundsTheNumberOfFields) {
    Options options;
    options.limits.fields = 2;
    expect_parsed("HTTP/1.1 204 N\r\nA: 1\r\nB: 2\r\n\r\n", "[204 N A=1; B=2;]|end keep+", options);
    expect_parsed("HTTP/1.1 204 N\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", "|head_too_large", options);
}

TEST(ResponseParser, BoundsTheBody) {
    Options options;
    options.limits.body_bytes = 3;
    expect_parsed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
                  "[200 OK Content-Length=3;]abc|end keep+", options);
    expect_parsed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", "|body_too_large", options);
    // What comes before the error depends on the cut here; that the error comes does not.
    const auto fails = [&](std::string_view input) {
        test::for_each_cut(input, [&](test::Pieces& pieces) {
            EXPECT_TRUE(transcript(pieces, options).ends_with("|body_too_large"));
        });
    };
    fails("HTTP/1.1 200 OK\r\n\r\nabcd");
    fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n");
    expect_parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                  "[200 OK Transfer-Encoding=chunked;]abc|end keep+", options);
}

TEST(ResponseParser, ReadsResponsesOneAfterTheOther) {
    const std::string input =
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 503 No\r\nContent-Length: "
        "1\r\n\r\nb";
    ResponseParser parser;
    Bytes rest = as_bytes(input);
    for (const int status : {200, 503}) {
        parser.start(RequestKind::normal);
        ASSERT_EQ(parser.next(rest).value().kind, ParserEvent::head);
        EXPECT_EQ(parser.body_left(), 1u);
        EXPECT_EQ(parser.take_head().status, status);
        ASSERT_EQ(parser.next(rest).value().kind, ParserEvent::body);
        ASSERT_EQ(parser.next(rest).value().kind, ParserEvent::end);
        EXPECT_TRUE(parser.keep_alive());
    }
    EXPECT_TRUE(rest.empty());
}

TEST(ResponseParser, GivesBodiesAsViewsIntoTheInput) {
    const std::string_view input = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    ResponseParser parser;
    parser.start(RequestKind::normal);
    Bytes rest = as_bytes(input);
    ASSERT_EQ(parser.next(rest).value().kind, ParserEvent::head);
    EXPECT_EQ(as_text(parser.next(rest).value().bytes).data(), input.data() + input.size() - 5);
}

TEST(ResponseParser, SurvivesBeingMovedInsideAHead) {
    ResponseParser first;
    first.start(RequestKind::normal);
    Bytes begin = as_bytes("HTTP/1.1 204 N\r\nX: ");
    ASSERT_EQ(first.next(begin).value().kind, ParserEvent::need_more);
    ResponseParser second = std::move(first);
    Bytes end = as_bytes("y\r\n\r\n");
    ASSERT_EQ(second.next(end).value().kind, ParserEvent::head);
    EXPECT_EQ(second.take_head().headers.get("X"), "y");
}

TEST(ResponseParserDeathTest, RefusesToReadOutsideAResponse) {
    ResponseParser parser;
    Bytes input = as_bytes("HTTP");
    EXPECT_DEATH((void)parser.next(input), "call start");
    parser.start(RequestKind::normal);
    EXPECT_DEATH(parser.start(RequestKind::normal), "broken contract");
}
