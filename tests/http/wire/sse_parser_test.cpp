// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/sse_parser.h>
#include <string>

#include "tests/support/splitter.h"

using namespace weir;
using http::HttpErrc;
using http::SseEvent;
using http::SseParser;

static_assert(!std::is_aggregate_v<SseEvent>);
static_assert(sizeof(SseParser) <= 24, "ten thousand of them live at once");

namespace {

/// "type(data)" for each event; behind a '~' what finish() gave.
std::string transcript(test::Pieces& pieces, std::size_t limit = SseParser::kEventBytesMax) {
    SseParser parser(limit);
    std::string text;
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        Bytes input = pieces[index];
        while (true) {
            auto event = parser.next(input);
            if (!event) {
                EXPECT_TRUE(event.error() == HttpErrc::event_too_large);
                return text + "!";
            }
            if (event->kind == SseEvent::need_more) break;
            text.append(event->type).append("(").append(event->data).append(")");
        }
        EXPECT_TRUE(input.empty());
        pieces.release(index);
    }
    const auto last = parser.finish().value();
    if (last.kind == SseEvent::event) {
        text.append("~").append(last.type).append("(").append(last.data).append(")");
    }
    return text;
}

void expect_events(std::string_view input, std::string_view expected) {
    SCOPED_TRACE(std::string(input.substr(0, 100)));
    test::for_each_cut(input,
                       [&](test::Pieces& pieces) { EXPECT_EQ(transcript(pieces), expected); });
}

}  // namespace

TEST(SseParser, EndsLinesAtLfCrAndCrlf) {
    expect_events("data: {\"a\":1}\n\n", "({\"a\":1})");
    expect_events("data: {\"a\":1}\r\n\r\n", "({\"a\":1})");
    expect_events("data: {\"a\":1}\r\r", "({\"a\":1})");
    expect_events("data: a\r\r\ndata: b\n\r\n", "(a)(b)");
    expect_events("data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", "(a\nb)(c)");
}

TEST(SseParser, DropsOneSpaceBehindTheColon) {
    expect_events("data:{\"a\":1}\n\n", "({\"a\":1})");
    expect_events("data:  x \n\n", "( x )");
    expect_events("data: [DONE] \n\n", "([DONE] )");
    expect_events("data: : OPENROUTER PROCESSING\n\n", "(: OPENROUTER PROCESSING)");
    expect_events("data: a:b: c\n\n", "(a:b: c)");
}

TEST(SseParser, JoinsDataLinesWithNewline) {
    expect_events("data: {\"a\":\ndata: 1}\n\n", "({\"a\":\n1})");
    expect_events("data: a\ndata\ndata: b\n\n", "(a\n\nb)");
    expect_events("data\ndata\n\n", "(\n)");
    expect_events("data:\ndata: x\n\n", "(\nx)");
}

TEST(SseParser, IgnoresCommentsAndUnknownFields) {
    expect_events(": ping\n\ndata: {\"a\":1}\n\n", "({\"a\":1})");
    expect_events(":\n\n", "");
    expect_events("id: 1\nretry: 3000\nfoo: bar\ndata: 1\n\n", "(1)");
    expect_events("data: a\n: between\ndata: b\n\n", "(a\nb)");
    expect_events("Data: a\ndatax: b\n data: c\ndat\n\n", "");
    expect_events(": c\ndata: a\ndata: b\n\n", "(a\nb)");
}

TEST(SseParser, NamesTheType) {
    expect_events("event: error\ndata: {\"type\":\"error\"}\n\n", "error({\"type\":\"error\"})");
    expect_events("data: x\nevent: late\n\ndata: y\n\n", "late(x)(y)");
    expect_events("event: a\nevent: b\ndata: x\n\n", "b(x)");
    expect_events("event: lost\n\ndata: x\n\n", "(x)");
    expect_events("event: unset\nevent\ndata: x\n\n", "(x)");
    expect_events("event: content_block_delta\ndata: 1\n\nevent: message_stop\ndata: 2\n\n",
                  "content_block_delta(1)message_stop(2)");
}

TEST(SseParser, GivesNoEventWithoutData) {
    expect_events("data\n\n", "");
    expect_events("data: \n\n", "");
    expect_events("\n\n\r\n\r\r", "");
}

TEST(SseParser, KeepsUtf8IntactAcrossReads) {
    expect_events("data: {\"t\":\"\xE2\x82\xAC\"}\n\n", "({\"t\":\"\xE2\x82\xAC\"})");
}

TEST(SseParser, SkipsOneByteOrderMarkAtTheStart) {
    expect_events(
        "\xEF\xBB\xBF"
        "data: 1\n\n",
        "(1)");
    expect_events(
        "\xEF\xBB\xBF\xEF\xBB\xBF"
        "data: 1\n\ndata: 2\n\n",
        "(2)");
    expect_events(
        "\xEF\xBB"
        "data: 1\ndata: 2\n\n",
        "(2)");
    expect_events(
        "data: 1\n\n\xEF\xBB\xBF"
        "data: 2\ndata: 3\n\n",
        "(1)(3)");
}

TEST(SseParser, GivesTheUnclosedEventAtTheEnd) {
    expect_events("data: [DONE]", "~([DONE])");
    expect_events("data: {\"a\":1}", "~({\"a\":1})");
    expect_events("data: {\"a\":", "~({\"a\":)");
    expect_events("data: a\n\ndata: [DONE]\n", "(a)~([DONE])");
    expect_events("event: x\ndata: a\ndata: b\r", "~x(a\nb)");
    expect_events("data: a\n\n: comment", "(a)");
    expect_events("data: a\n\nevent: x", "(a)");
    expect_events("", "");
}

TEST(SseParser, TakesAnErrorFieldForAnErrorEvent) {
    expect_events("error: {\"code\":500,\"message\":\"x\"}\n\n",
                  "error({\"code\":500,\"message\":\"x\"})");
    expect_events("error: text\ndata: 1\n\n", "(1)");
}

TEST(SseParser, ReadsManyEventsInOneReadAndOneInMany) {
    std::string input;
    std::string expected;
    for (int index = 0; index < 1000; ++index) {
        input += "data: event " + std::to_string(index) + "\n\n";
        expected += "(event " + std::to_string(index) + ")";
    }
    test::Pieces whole;
    whole.add(input);
    EXPECT_EQ(transcript(whole), expected);
    test::Pieces bytes;
    for (std::size_t index = 0; index < input.size(); ++index)
        bytes.add(std::string_view(input).substr(index, 1));
    EXPECT_EQ(transcript(bytes), expected);
}

TEST(SseParser, CopiesNothingOfAnEventThatLiesWholeInTheInput) {
    const std::string_view text = "event: delta\ndata: hello\n\n";
    SseParser parser;
    Bytes input = as_bytes(text);
    const auto event = parser.next(input).value();
    EXPECT_EQ(event.type.data(), text.data() + 7);
    EXPECT_EQ(event.data.data(), text.data() + 19);
    EXPECT_TRUE(parser.is_idle());
}

TEST(SseParser, HoldsNothingBetweenEvents) {
    SseParser parser;
    Bytes first = as_bytes("data: hel");
    ASSERT_EQ(parser.next(first).value().kind, SseEvent::need_more);
    EXPECT_FALSE(parser.is_idle());
    Bytes second = as_bytes("lo\n\n");
    const auto event = parser.next(second).value();
    EXPECT_EQ(event.data, "hello");
    EXPECT_EQ(parser.next(second).value().kind, SseEvent::need_more);
    EXPECT_TRUE(parser.is_idle());
    Bytes comment_begin = as_bytes(": pi");
    ASSERT_EQ(parser.next(comment_begin).value().kind, SseEvent::need_more);
    Bytes comment_end = as_bytes("ng\n");
    ASSERT_EQ(parser.next(comment_end).value().kind, SseEvent::need_more);
    EXPECT_TRUE(parser.is_idle());
}

TEST(SseParser, BoundsAnEvent) {
    const auto expect_limited = [](std::string_view input, std::size_t limit,
                                   std::string_view expected) {
        SCOPED_TRACE(std::string(input));
        test::for_each_cut(
            input, [&](test::Pieces& pieces) { EXPECT_EQ(transcript(pieces, limit), expected); });
    };
    expect_limited("data: 1234\n\ndata: 1234\n\n", 10, "(1234)(1234)");
    expect_limited("data: 12345\n\n", 10, "!");
    expect_limited("data: 1\ndata: 1234\n\n", 10, "!");
    expect_limited("data: 1\ndata: 123\n\n", 10, "(1\n123)");
    expect_limited("data: 1\n\n: a long comment", 10, "(1)!");
}
