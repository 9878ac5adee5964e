// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_parser.h>
#include <weir/http/wire/response_writer.h>
#include <string>

using namespace weir;
using http::Headers;
using http::HttpErrc;
using http::ParserEvent;

namespace {

Headers field(std::string_view name, std::string_view value) {
    Headers headers;
    headers.add(name, value);
    return headers;
}

}  // namespace

TEST(ResponseWriter, WritesAWholeResponse) {
    ByteQueue out;
    ASSERT_TRUE(http::write_response(out, 200, field("Content-Type", "text/plain"), "hello"));
    EXPECT_EQ(as_text(out.readable()),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
}

TEST(ResponseWriter, TellsTheLengthToHeadWithoutTheBody) {
    ByteQueue out;
    ASSERT_TRUE(http::write_response(out, 404, Headers(), "hello", http::RequestKind::head));
    EXPECT_EQ(as_text(out.readable()), "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n");
}

TEST(ResponseWriter, FramesNoBodyWhereNoneIsAllowed) {
    ByteQueue out;
    ASSERT_TRUE(http::write_response(out, 204, Headers(), ""));
    EXPECT_EQ(as_text(out.readable()), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(http::write_response(out, 304, Headers(), "x").error() == HttpErrc::bad_request);
    EXPECT_TRUE(http::write_head_chunked(out, 204, Headers()).error() == HttpErrc::bad_request);
}

TEST(ResponseWriter, AddsWhatTheServerSaysByItself) {
    ByteQueue out;
    const http::ServerFields added("Thu, 01 Jan 1970 00:00:00 GMT", "close");
    ASSERT_TRUE(
        http::write_response(out, 200, field("X", "y"), "", http::RequestKind::normal, added));
    EXPECT_EQ(as_text(out.readable()),
              "HTTP/1.1 200 OK\r\nX: y\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
              "Connection: close\r\nContent-Length: 0\r\n\r\n");
    out.clear();
    ASSERT_TRUE(http::write_response(out, 204, field("date", "mine"), "", http::RequestKind::normal,
                                     added));
    EXPECT_EQ(as_text(out.readable()),
              "HTTP/1.1 204 No Content\r\ndate: mine\r\nConnection: close\r\n\r\n");
}

TEST(ResponseWriter, BeginsABodyOfAKnownLengthOrOneThatEndsWithTheConnection) {
    ByteQueue out;
    ASSERT_TRUE(http::write_head_sized(out, 200, Headers(), 12));
    EXPECT_EQ(as_text(out.readable()), "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
    out.clear();
    ASSERT_TRUE(http::write_head_until_close(out, 200, Headers(), http::ServerFields({}, "close")));
    EXPECT_EQ(as_text(out.readable()), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(http::write_head_sized(out, 304, Headers(), 1).error() == HttpErrc::bad_request);
}

TEST(ResponseWriter, KnowsTheReasonOfEachStatusInUse) {
    EXPECT_EQ(http::reason_phrase(200), "OK");
    EXPECT_EQ(http::reason_phrase(404), "Not Found");
    EXPECT_EQ(http::reason_phrase(431), "Request Header Fields Too Large");
    EXPECT_EQ(http::reason_phrase(505), "HTTP Version Not Supported");
    for (const int status : {0, 100, 199, 299, 418, 432, 506, 999})
        EXPECT_EQ(http::reason_phrase(status), "");
}

TEST(ResponseWriter, RefusesSplittingAndFramingFields) {
    for (const Headers& headers :
         {field("X", "a\r\nb"), field("X y", "a"), field("Content-Length", "1"),
          field("transfer-encoding", "chunked")}) {
        ByteQueue out;
        EXPECT_TRUE(http::write_response(out, 200, headers, "").error() == HttpErrc::bad_request);
        EXPECT_TRUE(http::write_head_chunked(out, 200, headers).error() == HttpErrc::bad_request);
        EXPECT_TRUE(out.empty());
    }
    ByteQueue out;
    EXPECT_TRUE(http::write_response(out, 100, Headers(), "").error() == HttpErrc::bad_request);
    EXPECT_TRUE(http::write_response(out, 1000, Headers(), "").error() == HttpErrc::bad_request);
}

TEST(ResponseWriter, StreamsChunksAndNeverEndsByAnEmptyOne) {
    ByteQueue out;
    ASSERT_TRUE(http::write_head_chunked(out, 200, Headers()));
    http::write_chunk(out, as_bytes("data: 1\n\n"));
    http::write_chunk(out, {});
    http::write_chunk(out, as_bytes(std::string(17, 'x')));
    http::write_last_chunk(out);
    EXPECT_EQ(as_text(out.readable()),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "9\r\ndata: 1\n\n\r\n11\r\nxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
}

TEST(ResponseWriter, IsReadBackByTheParser) {
    ByteQueue out;
    http::write_continue(out);
    ASSERT_TRUE(http::write_head_chunked(out, 599, field("X-Empty", "")));
    http::write_chunk(out, as_bytes("one"));
    http::write_chunk(out, as_bytes("two"));
    http::write_last_chunk(out);

    http::ResponseParser parser;
    parser.start(http::RequestKind::normal);
    Bytes input = out.readable();
    ASSERT_EQ(parser.next(input).value().kind, ParserEvent::head);
    const http::ResponseHead head = parser.take_head();
    EXPECT_EQ(head.status, 599);
    EXPECT_EQ(head.reason, "");
    EXPECT_EQ(head.headers.get("x-empty"), "");
    EXPECT_EQ(as_text(parser.next(input).value().bytes), "one");
    EXPECT_EQ(as_text(parser.next(input).value().bytes), "two");
    EXPECT_EQ(parser.next(input).value().kind, ParserEvent::end);
    EXPECT_TRUE(parser.keep_alive());
    EXPECT_TRUE(input.empty());
}
