// SPDX-License-Identifier: MIT
#include "llm/mock/embeddings.h"

#include <gtest/gtest.h>
#include <weir/llm/mock/text.h>
#include <weir/llm/wire/base64.h>
#include <weir/llm/wire/json.h>

#include "tests/llm/mock/mock_world.h"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using namespace weir;
using namespace weir::test;
using llm::mock::embed;

TEST(MockEmbeddings, VectorsHaveTheLengthOneAndBelongToTheirText) {
    const std::vector<float> vector = llm::mock::expected_embedding("a text", 100);
    ASSERT_EQ(vector.size(), 100u);
    double squares = 0;
    for (const float value : vector)
        squares += static_cast<double>(value) * static_cast<double>(value);
    EXPECT_NEAR(squares, 1.0, 1e-5);
    EXPECT_EQ(vector, llm::mock::expected_embedding("a text", 100));
    EXPECT_NE(vector, llm::mock::expected_embedding("another", 100));
}

TEST(MockEmbeddings, AnswersForEachText) {
    const auto answer =
        embed(R"({"model":"e","input":["one two","three"],"dimensions":2})").value();
    EXPECT_EQ(answer.prompt_tokens, 3);
    EXPECT_TRUE(llm::is_json(answer.body)) << answer.body;
    EXPECT_EQ(count_of(answer.body, "\"object\":\"embedding\""), 2u);
    EXPECT_TRUE(has(answer.body, "\"index\":1"));
    EXPECT_TRUE(has(answer.body, R"("usage":{"prompt_tokens":3,"total_tokens":3})"));
}

TEST(MockEmbeddings, Base64HoldsTheSameNumbers) {
    const auto answer =
        embed(R"({"model":"e","input":"x","dimensions":3,"encoding_format":"base64"})").value();
    const std::size_t begin = answer.body.find("\"embedding\":\"") + 13;
    const std::string text = answer.body.substr(begin, answer.body.find('"', begin) - begin);
    const std::string bytes = llm::from_base64(text).value();
    std::vector<float> vector(3);
    ASSERT_EQ(bytes.size(), 12u);
    std::memcpy(vector.data(), bytes.data(), 12);
    EXPECT_EQ(vector, llm::mock::expected_embedding("x", 3));
}

TEST(MockEmbeddings, TakesTokensForTexts) {
    EXPECT_EQ(embed(R"({"model":"e","input":[1,2,3]})").value().prompt_tokens, 3);
    const auto several = embed(R"({"model":"e","input":[[1,2],[3]]})").value();
    EXPECT_EQ(count_of(several.body, "\"object\":\"embedding\""), 2u);
}

TEST(MockEmbeddings, RefusesWhatIsNoInput) {
    for (const char* body :
         {"{", "[]", R"({"input":"x"})", R"({"model":"e"})", R"({"model":"e","input":[]})",
          R"({"model":"e","input":7})", R"({"model":"e","input":["x",{}]})",
          R"({"model":"e","input":"x","dimensions":0})"}) {
        EXPECT_FALSE(embed(body)) << body;
    }
}

TEST(MockEmbeddings, AreServedAndRefusedAsScripted) {
    const Asked asked =
        Asked("POST", "/v1/embeddings").content(R"({"model":"e","input":"x","dimensions":4})");
    const http::Response answer = answer_of(llm::mock::Script(), asked);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer_of(llm::mock::Script().status(503), asked).status(), 503);
}
