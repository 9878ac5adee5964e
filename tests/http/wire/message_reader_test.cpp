// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/message_reader.h>
#include <string>

#include "tests/support/splitter.h"

using namespace weir;
using http::Headers;
using http::HttpErrc;
using http::ParserLimits;
namespace wire = weir::http::detail;
using wire::HeadBuffer;

TEST(HeadBuffer, ReadsAWholeHeadWhereItLies) {
    const std::string_view text = "A\r\nB\r\n\r\nbody";
    HeadBuffer buffer;
    Bytes input = as_bytes(text);
    ASSERT_EQ(buffer.collect(input, ParserLimits()), HeadBuffer::Status::complete);
    EXPECT_EQ(buffer.text().data(), text.data());
    EXPECT_EQ(buffer.text(), "A\r\nB\r\n\r\n");
    EXPECT_EQ(as_text(input), "body");
}

TEST(HeadBuffer, FindsTheSameEndUnderEveryCut) {
    for (const std::string_view head :
         {"A\r\nB\r\n\r\n", "A\nB\n\n", "A\r\n\n", "\r\n\r\nA\r\n\r\n", "\n\n\r\nAB\n\r\n",
          "\r\r\n\r\n", "\r\r\n\n", "\rA\n\n", "A\r\n\r\r\n\n", "A\nB\nC\nD\nE\nF\nG\nH\nI\n\n"}) {
        test::for_each_cut(std::string(head) + "rest", [&](test::Pieces& pieces) {
            HeadBuffer buffer;
            std::string rest;
            bool is_complete = false;
            for (std::size_t index = 0; index < pieces.size(); ++index) {
                Bytes input = pieces[index];
                if (!is_complete && !input.empty()) {
                    const auto status = buffer.collect(input, ParserLimits());
                    is_complete = status == HeadBuffer::Status::complete;
                    EXPECT_EQ(buffer.text(), head.substr(0, buffer.text().size()));
                    EXPECT_TRUE(!is_complete || buffer.text() == head);
                }
                if (is_complete) rest += as_text(input);
            }
            EXPECT_TRUE(is_complete);
            EXPECT_EQ(rest, "rest");
        });
    }
}

TEST(Fields, AreKeptInAnyNumberAndCanBeChanged) {
    std::string lines;
    std::string expected;
    for (int number = 0; number < 200; ++number) {
        lines += "N" + std::to_string(number) + ": \t" + std::to_string(number * number) + " \r\n";
        expected += "N" + std::to_string(number) + "=" + std::to_string(number * number) + ";";
    }
    Headers headers;
    headers.add("First", "1");
    ASSERT_TRUE(
        wire::parse_fields(lines + "\r\n", ParserLimits(), HttpErrc::malformed_response, headers));
    headers.add("Last", "2");
    const auto listed = [&] {
        std::string text;
        for (const http::Field field : headers)
            text.append(field.name).append("=").append(field.value).append(";");
        return text;
    };
    EXPECT_EQ(listed(), "First=1;" + expected + "Last=2;");
    EXPECT_EQ(headers.get("n199"), "39601");
    EXPECT_EQ(headers.remove("N0"), 1u);
    EXPECT_EQ(listed(), "First=1;" + expected.substr(5) + "Last=2;");
}

TEST(Framing, IsWhatTheFieldsDeclare) {
    const auto declared = [](std::string_view name, std::string_view value) {
        Headers headers;
        if (!name.empty()) headers.add(name, value);
        return wire::declared_framing(headers, 1, HttpErrc::malformed_response).value();
    };
    EXPECT_EQ(declared("", "").framing, wire::Framing::none);
    EXPECT_EQ(declared("Transfer-Encoding", "chunked").framing, wire::Framing::chunked);
    EXPECT_EQ(declared("Content-Length", "9999999999999999999").framing, wire::Framing::length);
    EXPECT_EQ(declared("Content-Length", "9999999999999999999").length, 9999999999999999999u);
}

TEST(Framing, SaysWhetherTheConnectionIsKept) {
    const auto is_kept = [](std::string_view first, std::string_view second, int minor_version) {
        Headers headers;
        headers.add("connection", first);
        headers.add("Connection", second);
        headers.add("Collection", "close");
        return wire::declared_framing(headers, minor_version, HttpErrc::malformed_response)
            .value()
            .keep_alive;
    };
    EXPECT_TRUE(is_kept("upgrade", "", 1));
    EXPECT_TRUE(is_kept("upgrade", "closed", 1));
    EXPECT_FALSE(is_kept("keep-alive", "te ,\tClose", 1));
    EXPECT_FALSE(is_kept("close", "keep-alive", 0));
    EXPECT_FALSE(is_kept("upgrade", "", 0));
    EXPECT_TRUE(is_kept("te", "Keep-Alive , te", 0));
}

TEST(BodyReader, CountsWhatIsLeft) {
    wire::BodyReader body(wire::Framing::length, 5, 100, HttpErrc::malformed_response);
    Bytes input = as_bytes("abc");
    EXPECT_EQ(as_text(body.next(input).value().bytes), "abc");
    EXPECT_EQ(body.left(), 2u);
    EXPECT_NE(body.on_end().error().message().find("2 bytes"), std::string::npos);
    EXPECT_EQ(wire::BodyReader().left(), 0u);
    EXPECT_EQ(wire::BodyReader(wire::Framing::chunked, 0, 9, HttpErrc::malformed_response).left(),
              std::nullopt);
}
