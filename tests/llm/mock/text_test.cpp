// SPDX-License-Identifier: MIT
#include <weir/llm/mock/text.h>

#include <gtest/gtest.h>

#include <string>

using namespace weir::llm::mock;

TEST(MockText, SamePromptGivesSameText) {
    EXPECT_EQ(expected_text("Why is the sky blue?", 40), expected_text("Why is the sky blue?", 40));
}

TEST(MockText, PromptsThatDifferInOneLetterGiveOtherTexts) {
    EXPECT_NE(expected_text("prompt 1", 8), expected_text("prompt 2", 8));
    EXPECT_NE(expected_text("", 8), expected_text(" ", 8));
}

// Written down once: a change of the words or of the hash is a change for all who recorded texts.
TEST(MockText, StaysTheSameFromVersionToVersion) {
    EXPECT_EQ(expected_text("hello", 4), "walnut earth apple light");
}

TEST(MockText, ShorterTextIsThePrefixOfALongerOne) {
    const std::string longer = expected_text("p", 30);
    for (int tokens = 0; tokens <= 30; ++tokens) {
        const std::string text = expected_text("p", tokens);
        EXPECT_EQ(text, longer.substr(0, text.size()));
        EXPECT_EQ(count_words(text), tokens);
    }
}

TEST(MockText, TokensAreWordsThatJsonNeedNotEscape) {
    TokenSource source("any");
    std::string text;
    for (int i = 0; i < 2000; ++i) {
        const std::string_view token = source.next();
        EXPECT_EQ(token.front() == ' ', i > 0);
        const std::string_view word = token.substr(i > 0 ? 1 : 0);
        ASSERT_FALSE(word.empty());
        for (const char letter : word)
            EXPECT_TRUE(letter >= 'a' && letter <= 'z');
        text += token;
    }
    EXPECT_EQ(text, expected_text("any", 2000));
}

TEST(MockText, CountsWordsBetweenAnyBlanks) {
    EXPECT_EQ(count_words(""), 0);
    EXPECT_EQ(count_words(" \t\r\n"), 0);
    EXPECT_EQ(count_words("one"), 1);
    EXPECT_EQ(count_words("  one\ntwo\t three "), 3);
}
