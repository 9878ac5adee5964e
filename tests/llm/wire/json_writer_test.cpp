// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/json.h>
#include <weir/llm/wire/json_writer.h>
#include <limits>

using namespace weir::llm;

namespace {

std::string json_of(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string real(double value) {
    std::string out;
    append_json_real(out, value);
    return out;
}

TEST(JsonWriter, EscapesWhatJsonForbids) {
    EXPECT_EQ(json_of("a\"\\/\b\f\n\r\t\x01\x1f"), R"("a\"\\/\b\f\n\r\t\u0001\u001f")");
    EXPECT_EQ(json_of(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(json_of(""), R"("")");
}

TEST(JsonWriter, KeepsUtf8AndReplacesTheRest) {
    EXPECT_EQ(json_of("\xE2\x82\xAC"), "\"\xE2\x82\xAC\"");
    EXPECT_EQ(json_of("x\xE2\x82"), "\"x\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonWriter, StringOfAnyByteReadsBackAsValidJson) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; second += 5) {
            const std::string text = {static_cast<char>(first), static_cast<char>(second)};
            const std::string json = json_of(text);
            EXPECT_TRUE(is_json(json)) << json;
            if (first < 0x80 && second < 0x80) {
                EXPECT_EQ(json_string_text(json), text);
            }
        }
    }
}

TEST(JsonWriter, WritesNumbersInTheirShortestForm) {
    std::string out;
    append_json_integer(out, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(out, "-9223372036854775808");
    EXPECT_EQ(real(0.7), "0.7");
    EXPECT_EQ(real(2), "2");
    EXPECT_EQ(real(std::numeric_limits<double>::infinity()), "null");
    EXPECT_TRUE(is_json(real(1e300)));
}

}  // namespace
