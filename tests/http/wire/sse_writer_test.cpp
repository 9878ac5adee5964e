// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/sse_parser.h>
#include <weir/http/wire/sse_writer.h>
#include <string>

using namespace weir;
using namespace weir::http;

namespace {

std::string event(std::string_view data, std::string_view type = {}, std::string_view id = {}) {
    std::string out;
    EXPECT_TRUE(write_sse_event(out, data, type, id).has_value());
    return out;
}

TEST(SseWriter, WritesDataTypeAndId) {
    EXPECT_EQ(event("hello"), "data: hello\n\n");
    EXPECT_EQ(event("", "ping"), "event: ping\ndata: \n\n");
    EXPECT_EQ(event("x", "t", "7"), "event: t\nid: 7\ndata: x\n\n");
}

TEST(SseWriter, SplitsDataAtEveryLineBreak) {
    EXPECT_EQ(event("a\nb\r\nc\rd\n"), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
    EXPECT_EQ(event("\n\revent: x"), "data: \ndata: \ndata: event: x\n\n");
}

TEST(SseWriter, RefusesATypeOrIdThatWouldBecomeAField) {
    std::string out;
    EXPECT_EQ(write_sse_event(out, "x", "a\ndata: b").error(), HttpErrc::bad_request);
    EXPECT_EQ(write_sse_event(out, "x", "a", "1\r").error(), HttpErrc::bad_request);
    EXPECT_EQ(write_sse_event(out, "x", "a", std::string_view("1\0", 2)).error(),
              HttpErrc::bad_request);
    EXPECT_EQ(out, "");
}

TEST(SseWriter, IsReadBackByTheParserAndCommentsAreNot) {
    std::string text;
    write_sse_comment(text);
    text += event("a\n b", "t", "1");
    Bytes input = as_bytes(text);
    SseParser parser;
    Result<SseEvent> read = parser.next(input);
    EXPECT_EQ(read->type, "t");
    EXPECT_EQ(read->data, "a\n b");
}

}  // namespace
