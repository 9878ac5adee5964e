// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/embeddings.h>
#include <weir/llm/wire/error.h>
#include <type_traits>

#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<EmbeddingAnswer>);

using Vectors = std::vector<std::vector<float>>;

std::string answer_of(std::string_view data) {
    return R"({"object":"list","data":[)" + std::string(data) +
           R"(],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}})";
}

std::string message_of(std::string_view data, std::optional<std::size_t> inputs = {}) {
    const auto answer = decode_embeddings_answer(answer_of(data), inputs);
    EXPECT_FALSE(answer.has_value());
    EXPECT_TRUE(!answer && answer.error() == LlmErrc::malformed_answer);
    return answer ? "" : answer.error().message();
}

TEST(Embeddings, BodyAsksForBase64) {
    const auto body = write_embeddings_body(EmbeddingRequest("m").input("a").input("b\n"));
    EXPECT_EQ(*body, R"({"model":"m","input":["a","b\n"],"encoding_format":"base64"})");
    const auto other = write_embeddings_body(
        EmbeddingRequest("m").inputs({"a"}).dimensions(3).as_numbers().extra_body(
            R"({"user":"u"})"));
    EXPECT_EQ(*other, R"({"model":"m","input":["a"],"dimensions":3,"encoding_format":"float",)"
                      R"("user":"u"})");
}

TEST(Embeddings, RefusesARequestWithoutModelOrText) {
    for (const EmbeddingRequest& request : {EmbeddingRequest("").input("a"), EmbeddingRequest("m"),
                                            EmbeddingRequest("m").input("a").extra_body("1")}) {
        EXPECT_TRUE(write_embeddings_body(request).error() == Errc::bad_argument);
    }
}

TEST(Embeddings, ReadsNumbersInTheOrderOfTheirIndex) {
    const auto answer = decode_embeddings_answer(
        answer_of(R"({"object":"embedding","index":1,"embedding":[0.01,-0.02]},)"
                  R"({"embedding":[1,2e0],"index":0})"),
        2);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->vectors, (Vectors{{1, 2}, {0.01F, -0.02F}}));
    EXPECT_EQ(answer->model, "e");
    EXPECT_EQ(answer->usage->input_tokens, 8);
    EXPECT_EQ(answer->usage->total_tokens, 8);
}

TEST(Embeddings, ReadsBase64WithTheLowestByteFirst) {
    // 1.0 is 00 00 80 3F, and -2.0 is 00 00 00 C0.
    const auto answer =
        decode_embeddings_answer(answer_of(R"({"index":0,"embedding":"AACAPwAAAMA="})"));
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->vectors, (Vectors{{1, -2}}));
}

TEST(Embeddings, WhatIsMissingOrTwiceIsSaid) {
    constexpr std::string_view kZero = R"({"index":0,"embedding":[1]})";
    const std::string zero(kZero);
    EXPECT_EQ(message_of(zero, 2), "the answer has 1 embeddings for 2 inputs");
    EXPECT_EQ(message_of(zero + "," + zero), "the embedding of index 0 is there twice");
    EXPECT_EQ(message_of(zero + R"(,{"index":2,"embedding":[1]})"),
              "the embedding of index 2 is one too many: there are 2");
    EXPECT_EQ(message_of(R"({"embedding":[1]})"), "embedding 0 of the answer has no index");
    EXPECT_EQ(message_of(R"({"index":0,"embedding":[]})"), "the embedding of index 0 is empty");
    EXPECT_EQ(message_of(R"({"index":0})"), "the embedding of index 0 is empty");
}

TEST(Embeddings, WhatIsNoVectorIsRefused) {
    for (const char* data : {R"({"index":0,"embedding":"AAAA"})", R"({"index":0,"embedding":"*"})",
                             R"({"index":0,"embedding":[1,"2"]})", R"({"index":0,"embedding":5})",
                             R"({"index":0,"embedding":[01]})", "7"}) {
        EXPECT_NE(message_of(data).find("not the JSON of a list of embeddings"), std::string::npos)
            << data;
    }
    EXPECT_TRUE(decode_embeddings_answer("{}").error() == LlmErrc::malformed_answer);
    EXPECT_TRUE(decode_embeddings_answer(R"({"error":{"message":"m"}})").error() ==
                LlmErrc::failed_in_stream);
}

TEST(Embeddings, SplitsByCountAndByTokens) {
    EmbeddingRequest request = EmbeddingRequest("m").inputs({"a", "b", "c", "d", "e"});
    request.dimensions(7);
    const auto by_count = split_embeddings(request, 2, 1000);
    ASSERT_EQ(by_count.size(), 3u);
    EXPECT_EQ(by_count[0].inputs(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(by_count[2].inputs(), (std::vector<std::string>{"e"}));
    EXPECT_EQ(by_count[2].model(), "m");
    EXPECT_EQ(by_count[2].dimensions(), 7);
    // Each of six bytes is taken for three tokens.
    const auto by_tokens =
        split_embeddings(EmbeddingRequest("m").inputs({"sixsix", "sixsix", "sixsix"}), 100, 6);
    ASSERT_EQ(by_tokens.size(), 2u);
    EXPECT_EQ(by_tokens[0].inputs().size(), 2u);
    const std::string large(1000, 'x');
    const auto alone = split_embeddings(EmbeddingRequest("m").inputs({"a", large, "b"}), 100, 10);
    EXPECT_EQ(alone.size(), 3u);
    EXPECT_TRUE(split_embeddings(EmbeddingRequest("m"), 1, 1).empty());
}

TEST(Embeddings, SurvivesMangledBodies) {
    const std::string body =
        answer_of(R"({"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":[0.5,-1e-3]})");
    tests::for_each_mangled(body, [](std::string_view mangled) {
        const auto answer = decode_embeddings_answer(mangled);
        EXPECT_TRUE(answer.has_value() || !answer.error().message().empty());
    });
}

}  // namespace
