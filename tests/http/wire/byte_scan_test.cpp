// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "http/wire/byte_scan.h"

using namespace weir;
namespace wire = weir::http::detail;
namespace by_byte = weir::http::detail::by_byte;

namespace {

using Scan = const char* (*)(const char* at, const char* end) noexcept;

/// Both scans over all of the text behind its first two bytes stop at the same place.
void expect_same(Scan fast, Scan plain, std::string_view text) {
    const char* const end = text.data() + text.size();
    const char* const at = text.data() + 2;
    ASSERT_EQ(fast(at, end) - at, plain(at, end) - at) << ::testing::PrintToString(text);
}

/// Each byte at each place of texts of each size up to three blocks, between those of `filler`.
void expect_same_for_each_byte(Scan fast, Scan plain, char filler) {
    for (std::size_t size = 2; size < 50; ++size) {
        for (std::size_t place = 2; place < size; ++place) {
            std::string text(size, filler);
            for (int byte = 0; byte < 256; ++byte) {
                text[place] = static_cast<char>(byte);
                expect_same(fast, plain, text);
            }
        }
    }
}

/// Texts of few kinds of bytes, so that line ends lie in each way beside each other.
void expect_same_for_line_ends(Scan fast, Scan plain) {
    std::minstd_rand random(7);
    const auto below = [&](std::size_t bound) {
        return random() % bound;
    };
    for (int round = 0; round < 20'000; ++round) {
        std::string text(2 + below(48), 'a');
        const std::size_t marks = below(12);
        for (std::size_t mark = 0; mark < marks; ++mark) {
            text[below(text.size())] = below(3) == 0 ? '\r' : '\n';
        }
        expect_same(fast, plain, text);
    }
}

}  // namespace

TEST(ByteScan, ATokenEndsAtTheSameByteInBlocksAndOneByOne) {
    expect_same_for_each_byte(wire::skip_token, by_byte::skip_token, 'a');
    expect_same_for_each_byte(wire::skip_token, by_byte::skip_token, '_');
}

TEST(ByteScan, AValueEndsAtTheSameByteInBlocksAndOneByOne) {
    expect_same_for_each_byte(wire::skip_value, by_byte::skip_value, ' ');
    expect_same_for_each_byte(wire::skip_value, by_byte::skip_value, '\t');
}

TEST(ByteScan, TheSameLineIsTheEmptyOneInBlocksAndOneByOne) {
    expect_same_for_line_ends(wire::find_empty_line, by_byte::find_empty_line);
    for (const std::string_view text : {"a\n\n", "a\n\r\n", "ab\n\r\n", "ab\n\n"}) {
        const char* const end = text.data() + text.size();
        EXPECT_EQ(by_byte::find_empty_line(text.data() + 2, end), end - 1);
    }
    const std::string_view lines = "a\nb\r\nc\r\r\nd";
    const char* const end = lines.data() + lines.size();
    EXPECT_EQ(by_byte::find_empty_line(lines.data() + 2, end), end);
}

TEST(ByteScan, TheSameLineEndIsALoneOneInBlocksAndOneByOne) {
    expect_same_for_line_ends(wire::find_lone_line_end, by_byte::find_lone_line_end);
    expect_same_for_each_byte(wire::find_lone_line_end, by_byte::find_lone_line_end, 'a');
}
