// SPDX-License-Identifier: MIT
#include "llm/wire/text.h"

#include <gtest/gtest.h>

using namespace weir::llm;

namespace {

std::string repaired(std::string_view text) {
    std::string out;
    append_valid_utf8(out, text);
    return out;
}

TEST(Text, KeepsValidUtf8) {
    const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F";
    EXPECT_EQ(repaired(text), text);
}

TEST(Text, ReplacesOverlongSurrogateAndOutOfRangeBytes) {
    const std::string mark = "\xEF\xBF\xBD";
    EXPECT_EQ(repaired("\xC0\x80"), mark + mark);
    EXPECT_EQ(repaired("\xED\xA0\x80"), mark + mark + mark);
    EXPECT_EQ(repaired("\xF4\x90\x80\x80"), mark + mark + mark + mark);
    EXPECT_EQ(repaired("\xE2\x82"), mark + mark);
    EXPECT_EQ(repaired("\xFFz"), mark + "z");
}

TEST(Text, WritesCodePointsOfEachLength) {
    std::string out;
    for (const char32_t point : {U'a', U'\u00E9', U'\u20AC', U'\U0001F600'}) {
        append_code_point(out, point);
    }
    EXPECT_EQ(out, "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    out.clear();
    append_code_point(out, 0xD800);
    append_code_point(out, 0x110000);
    EXPECT_EQ(out, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Text, ExcerptIsOneBoundedLine) {
    EXPECT_EQ(excerpt("  a\r\n\t b \n", 100), "a b");
    EXPECT_EQ(excerpt(std::string(50, 'x'), 10), std::string(10, 'x') + "...");
    EXPECT_EQ(excerpt("\xE2\x82\xAC\xE2\x82\xAC", 2), "\xE2\x82\xAC...");
    EXPECT_EQ(excerpt("", 10), "");
}

}  // namespace
