// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/error.h>
#include <weir/llm/wire/models.h>
#include <type_traits>

#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<ModelEntry>);

constexpr std::string_view kList =
    R"({"object":"list","data":[{"id":"a","object":"model","created":1686935002,)"
    R"("owned_by":"openai"},{"id":"b","max_model_len":4096},{"id":"c","context_length":8192},)"
    R"({"id":"d","meta":{"n_ctx_train":2048}},{"object":"model"}]})";

TEST(Models, ReadsWhatServersTell) {
    const auto models = decode_models_answer(kList);
    ASSERT_TRUE(models.has_value()) << models.error().message();
    ASSERT_EQ(models->size(), 4u);
    EXPECT_EQ(models->at(0).id, "a");
    EXPECT_EQ(models->at(0).owned_by, "openai");
    EXPECT_EQ(models->at(0).created, 1686935002);
    EXPECT_EQ(models->at(0).context_tokens, std::nullopt);
    EXPECT_EQ(models->at(1).context_tokens, 4096);
    EXPECT_EQ(models->at(2).context_tokens, 8192);
    EXPECT_EQ(models->at(3).context_tokens, 2048);
}

TEST(Models, OtherFormsAreRead) {
    EXPECT_EQ(decode_models_answer(R"({"models":[{"name":"a"}]})")->at(0).id, "a");
    EXPECT_EQ(decode_models_answer(R"([{"id":"a"}, {"id":"b]"}])")->at(1).id, "b]");
    const auto dated =
        decode_models_answer(R"({"data":[{"id":"a","created_at":"2025-02-19T00:00:00Z"}]})");
    EXPECT_EQ(dated->at(0).created, std::nullopt);
    EXPECT_TRUE(decode_models_answer(R"({"data":[]})")->empty());
}

TEST(Models, WhatIsNoListIsSaid) {
    for (const char* body : {"", "{}", "7", "<html>", R"({"data":{}})", "[{\"id\":1]"}) {
        EXPECT_TRUE(decode_models_answer(body).error() == LlmErrc::malformed_answer) << body;
    }
    for (const char* body : {R"({"error":{"message":"m"}})", R"([{"error":{"message":"m"}}])"}) {
        EXPECT_TRUE(decode_models_answer(body).error() == LlmErrc::failed_in_stream) << body;
    }
}

TEST(Models, SurvivesMangledBodies) {
    tests::for_each_mangled(kList, [](std::string_view body) {
        const auto models = decode_models_answer(body);
        EXPECT_TRUE(models.has_value() || !models.error().message().empty());
    });
}

}  // namespace
