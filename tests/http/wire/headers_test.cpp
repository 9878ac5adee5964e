// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/headers.h>
#include <string>
#include <string_view>
#include <type_traits>

using namespace weir;
using http::Field;
using http::Headers;

static_assert(!std::is_aggregate_v<Headers>);
static_assert(!std::is_aggregate_v<Field>);

namespace {

std::string listed(const Headers& headers) {
    std::string text;
    for (const Field field : headers) {
        text.append(field.name).append("=").append(field.value).append(";");
    }
    return text;
}

}  // namespace

TEST(Headers, KeepOrderAndSpelling) {
    Headers headers;
    headers.add("B", "2");
    headers.add("a", "1");
    headers.add("b", "3");
    EXPECT_EQ(listed(headers), "B=2;a=1;b=3;");
    EXPECT_EQ(headers.size(), 3u);
}

TEST(Headers, AreFoundInAnyCase) {
    Headers headers;
    headers.add("Content-Type", "text/plain");
    headers.add("Empty", "");
    EXPECT_EQ(headers.get("content-TYPE"), "text/plain");
    EXPECT_EQ(headers.get("empty"), "");
    EXPECT_EQ(headers.get("Content-Typ"), std::nullopt);
    EXPECT_TRUE(headers.contains("EMPTY"));
}

TEST(Headers, GiveFirstAndAllOfAName) {
    Headers headers;
    headers.add("Via", "a");
    headers.add("X", "y");
    headers.add("via", "b");
    EXPECT_EQ(headers.get("VIA"), "a");
    EXPECT_EQ(headers.get_all("VIA"), (std::vector<std::string_view>{"a", "b"}));
    EXPECT_TRUE(headers.get_all("none").empty());
}

TEST(Headers, SetReplacesAllOfTheName) {
    Headers headers;
    headers.add("A", "1");
    headers.add("B", "2");
    headers.add("a", "3");
    headers.set("A", "4");
    EXPECT_EQ(listed(headers), "B=2;A=4;");
}

TEST(Headers, RemoveCountsAndKeepsTheOthersIntact) {
    Headers headers;
    headers.add("A", "first");
    headers.add("Long-Name", "second value");
    headers.add("a", "third");
    headers.add("Z", "last");
    EXPECT_EQ(headers.remove("A"), 2u);
    EXPECT_EQ(listed(headers), "Long-Name=second value;Z=last;");
    EXPECT_EQ(headers.remove("A"), 0u);
}

TEST(Headers, TakeTheirOwnValuesAsArguments) {
    Headers headers;
    headers.add("Source", "a value long enough to live on the heap, not in the string");
    for (int index = 0; index < 20; ++index)
        headers.add("Copy", *headers.get("Source"));
    headers.set("Source", *headers.get("Copy"));
    for (const Field field : headers) {
        EXPECT_EQ(field.value, "a value long enough to live on the heap, not in the string");
    }
    EXPECT_EQ(headers.size(), 21u);
}

TEST(Headers, FindTokensInListsOverSeveralFields) {
    Headers headers;
    headers.add("Connection", "upgrade , Keep-Alive");
    headers.add("connection", "\tfoo,,bar ");
    EXPECT_TRUE(headers.has_token("Connection", "keep-alive"));
    EXPECT_TRUE(headers.has_token("Connection", "FOO"));
    EXPECT_TRUE(headers.has_token("Connection", "bar"));
    EXPECT_FALSE(headers.has_token("Connection", "keep"));
    EXPECT_FALSE(headers.has_token("Connection", "close"));
    EXPECT_FALSE(headers.has_token("Other", "foo"));
}

TEST(FieldSyntax, TokensHaveNoSeparatorsAndAreNotEmpty) {
    EXPECT_TRUE(http::is_token("X-Request_Id.1~"));
    for (const std::string_view text : {"", "a b", "a:", "a\r", "\xc3\xa4", "a\"", "a/b"}) {
        EXPECT_FALSE(http::is_token(text)) << text;
    }
    EXPECT_FALSE(http::is_token(std::string_view("a\0b", 3)));
}

TEST(FieldSyntax, ValuesHaveNoControlBytesButTabs) {
    EXPECT_TRUE(http::is_field_value(""));
    EXPECT_TRUE(http::is_field_value("a\tb \xc3\xa4"));
    for (const std::string_view text : {"a\r\nb", "a\n", "\r", "\x01", "\x7f"}) {
        EXPECT_FALSE(http::is_field_value(text));
    }
    EXPECT_FALSE(http::is_field_value(std::string_view("a\0b", 3)));
}

TEST(FieldSyntax, ValuesAreMeasuredUpToAnyByteAtAnyPlace) {
    for (int value = 0; value < 256; ++value) {
        const bool is_allowed = value == '\t' || (value >= 0x20 && value != 0x7f);
        for (std::size_t place = 0; place < 20; ++place) {
            std::string text(20, '\xff');
            text[place] = static_cast<char>(value);
            EXPECT_EQ(http::field_value_size(text), is_allowed ? 20 : place) << value;
            EXPECT_EQ(http::is_field_value(text), is_allowed);
            if (place > 0) text[place - 1] = '\t';
            EXPECT_EQ(http::field_value_size(text), is_allowed ? 20 : place) << value;
        }
    }
}

TEST(FieldSyntax, TokensAreMeasuredUpToTheFirstOtherByte) {
    EXPECT_EQ(http::token_size("Content-Type: a"), 12u);
    EXPECT_EQ(http::token_size("abc"), 3u);
    EXPECT_EQ(http::token_size(" a"), 0u);
    EXPECT_EQ(http::token_size(""), 0u);
}

TEST(FieldSyntax, NamesAreEqualButForTheCaseOfAsciiLetters) {
    const auto lower = [](int byte) {
        return byte >= 'A' && byte <= 'Z' ? byte + 0x20 : byte;
    };
    for (const std::size_t size : {3u, 8u, 19u}) {
        std::string left(size, 'k');
        std::string right(size, 'K');
        const std::size_t place = size / 2;
        for (int one = 0; one < 256; ++one) {
            for (int other = 0; other < 256; ++other) {
                left[place] = static_cast<char>(one);
                right[place] = static_cast<char>(other);
                EXPECT_EQ(http::equals_ignoring_case(left, right), lower(one) == lower(other))
                    << one << " " << other;
            }
        }
    }
    EXPECT_FALSE(http::equals_ignoring_case("Content-Length", "Content-Lengt"));
}
