// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/error.h>
#include <set>

using namespace weir;
using namespace weir::llm;

namespace {

TEST(LlmError, EachCodeHasItsOwnSentence) {
    std::set<std::string> sentences;
    for (int value = 1; value <= static_cast<int>(LlmErrc::bad_line); ++value) {
        sentences.insert(Error(static_cast<LlmErrc>(value)).message());
    }
    EXPECT_EQ(sentences.size(), static_cast<std::size_t>(LlmErrc::bad_line));
    EXPECT_FALSE(sentences.contains("unknown weir.llm error 1"));
}

TEST(LlmError, CategoryIsItsOwn) {
    const Error error = LlmErrc::unauthorized;
    EXPECT_STREQ(error.category().name(), "weir.llm");
    EXPECT_TRUE(error == LlmErrc::unauthorized);
    EXPECT_FALSE(error == Errc::timed_out);
}

}  // namespace
