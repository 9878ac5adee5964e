// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json.h>

#include "tests/llm/wire/mangle.h"

using namespace weir::llm;

namespace {

const std::vector<std::string> kGood = {
    "{}",
    "[]",
    " [1 , 2]\n",
    "\"a\"",
    "0",
    "-0.5e+10",
    "true",
    "false",
    " null ",
    R"({"a":{"b":[[],{},"",null,1.5,true]},"c":"\u00e9\n"})",
    R"({"big":123456789012345678901234567890})",
    R"(["\ud83d","\ude00\ud83d\ude00"])",
};

const std::vector<std::string> kBad = {
    "",
    " ",
    "{",
    "}",
    "[",
    "]",
    "{]",
    "[}",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{1:2}",
    "{a:1}",
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "nul",
    "True",
    "'a'",
    "\"a",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"\n\"",
    "{} {}",
    "[] 1",
    "1 2",
    "{\"a\":1}x",
    "\"a\"\"b\"",
    "\"a\"b",
    "[\"a\"b]",
    "[tru]",
    "[1x]",
    "[01]",
    "[-]",
    "\"\xFF\"",
    "[1]]",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":[1}",
    "[{\"a\":1]",
    "\"a\"b\"",
    "{\"\\q\":1}",
    "\xEF\xBB\xBF{}",
    "{\"a\":\"b\":1}",
    "{\"a\":\"b\":{\"c\":\"d\"}],\"e\":{}}",
};

TEST(Json, AcceptsWhatTheGrammarAllows) {
    for (const auto& text : kGood)
        EXPECT_TRUE(is_json(text)) << text;
}

TEST(Json, RefusesWhatTheGrammarForbids) {
    for (const auto& text : kBad)
        EXPECT_FALSE(is_json(text)) << text;
}

TEST(Json, RefusesEveryProperPrefixOfAnObject) {
    const std::string& text = kGood[9];
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(is_json(text.substr(0, size))) << size;
        EXPECT_FALSE(read_json_object(text.substr(0, size)).has_value()) << size;
    }
}

TEST(Json, ObjectAndValueChecksAgreeOnMangledText) {
    for (const auto& text : kGood) {
        tests::for_each_mangled(text, [](std::string_view mangled) {
            const auto members = read_json_object(mangled);
            if (members) {
                EXPECT_TRUE(is_json(mangled)) << mangled;
                for (const auto& member : *members)
                    EXPECT_TRUE(is_json(member.raw)) << mangled;
            } else {
                EXPECT_FALSE(members.error().message().empty());
            }
        });
    }
}

TEST(Json, NestingHasALimit) {
    EXPECT_TRUE(is_json(std::string(400, '[') + std::string(400, ']')));
    EXPECT_FALSE(is_json(std::string(100'000, '[') + std::string(100'000, ']')));
    EXPECT_FALSE(is_json(std::string(100'000, '[')));
}

TEST(Json, MembersAreSlicesOfTheText) {
    const std::string text =
        R"( { "a" : [ 1, {"x":2} ] , "b\n":"t" ,"c": {} ,"d":-1 , "a":null } )";
    const auto members = read_json_object(text);
    ASSERT_TRUE(members.has_value());
    ASSERT_EQ(members->size(), 5u);
    EXPECT_EQ((*members)[0].raw, R"([ 1, {"x":2} ])");
    EXPECT_EQ((*members)[0].kind(), JsonKind::array);
    EXPECT_EQ((*members)[1].name, "b\n");
    EXPECT_EQ((*members)[1].kind(), JsonKind::string);
    EXPECT_EQ((*members)[2].raw, "{}");
    EXPECT_EQ((*members)[2].kind(), JsonKind::object);
    EXPECT_EQ((*members)[3].raw, "-1");
    EXPECT_EQ((*members)[3].kind(), JsonKind::number);
    EXPECT_EQ((*members)[4].kind(), JsonKind::null);
    EXPECT_EQ(find_member(*members, "a"), &(*members)[0]);
    EXPECT_EQ(find_member(*members, "z"), nullptr);
    for (const auto& member : *members) {
        EXPECT_GE(member.raw.data(), text.data());
        EXPECT_LE(member.raw.data() + member.raw.size(), text.data() + text.size());
    }
}

TEST(Json, TextLargerThanTheSharedBufferIsRead) {
    const std::string text = "{\"a\":\"" + std::string(3'000'000, 'x') + "\",\"b\":[1]}";
    const auto members = read_json_object(text);
    ASSERT_TRUE(members.has_value());
    EXPECT_EQ((*members)[1].raw, "[1]");
    EXPECT_TRUE(is_json("{}"));
}

TEST(Json, ObjectErrorsSayWhatIsWrong) {
    EXPECT_EQ(read_json_object("[1]").error().message(), "it is JSON, but not an object in braces");
    EXPECT_EQ(read_json_object("hello").error().message(), "it is not JSON");
    EXPECT_EQ(read_json_object("").error().message(), "it is not JSON: it is empty");
    EXPECT_EQ(read_json_object("{\"a\":1").error().message(),
              "it is not JSON: it does not end with the bracket that closes it");
    EXPECT_EQ(read_json_object("{} {}").error().message(),
              "it is not JSON: there is more text after its end");
    EXPECT_TRUE(read_json_object("x").error() == LlmErrc::malformed_answer);
}

TEST(Json, StringTextJoinsAndReplacesSurrogates) {
    EXPECT_EQ(json_string_text(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
    EXPECT_EQ(json_string_text(R"("\ud83dx\ude00")"), "\xEF\xBF\xBDx\xEF\xBF\xBD");
    EXPECT_EQ(json_string_text(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(json_string_text("12"), "");
}

TEST(Json, MinifyRemovesBlanksOutsideStringsOnly) {
    EXPECT_EQ(minify_json("{\n  \"a b\": [1,\r\n 2]\n}"), "{\"a b\":[1,2]}");
}

TEST(Json, EmptyContainersAreFound) {
    EXPECT_TRUE(is_empty_container("[ \n]"));
    EXPECT_TRUE(is_empty_container("{}"));
    EXPECT_FALSE(is_empty_container("[0]"));
    EXPECT_FALSE(is_empty_container("\"\""));
}

}  // namespace
