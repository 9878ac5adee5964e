// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/answer.h>
#include <weir/llm/wire/chat.h>
#include <type_traits>

using namespace weir::llm;

namespace {

// g++ 12 destroys aggregate temporaries twice in a co_await expression.
static_assert(!std::is_aggregate_v<Chat>);
static_assert(!std::is_aggregate_v<Message>);
static_assert(!std::is_aggregate_v<Usage>);
static_assert(!std::is_aggregate_v<ChatAnswer>);
static_assert(!std::is_aggregate_v<Delta>);

TEST(Chat, SettersChainOnTemporariesAndVariables) {
    Chat chat = Chat("m").system("s").user("u").max_tokens(5).temperature(0.5).stop("x");
    chat.assistant("a").top_p(0.9).seed(7).stop("y").extra_body("{}");
    EXPECT_EQ(chat.model(), "m");
    ASSERT_EQ(chat.messages().size(), 3u);
    EXPECT_EQ(chat.messages()[0].role, Role::system);
    EXPECT_EQ(chat.messages()[1].text, "u");
    EXPECT_EQ(chat.messages()[2].role, Role::assistant);
    EXPECT_EQ(chat.max_tokens(), 5);
    EXPECT_EQ(chat.temperature(), 0.5);
    EXPECT_EQ(chat.top_p(), 0.9);
    EXPECT_EQ(chat.seed(), 7);
    EXPECT_EQ(chat.stop(), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(chat.extra_body(), "{}");
}

TEST(Chat, FinishReasonsMapToKinds) {
    EXPECT_EQ(finish_reason_from("stop"), FinishReason::stop);
    EXPECT_EQ(finish_reason_from("length"), FinishReason::length);
    EXPECT_EQ(finish_reason_from("function_call"), FinishReason::tool_calls);
    EXPECT_EQ(finish_reason_from("content_filter"), FinishReason::content_filter);
    EXPECT_EQ(finish_reason_from("abort"), FinishReason::other);
    EXPECT_EQ(finish_reason_from(""), FinishReason::none);
    EXPECT_EQ(Delta("x").finish(), FinishReason::none);
}

TEST(Chat, UsageAddsUp) {
    EXPECT_EQ(Usage(3, 4).total_tokens, 7);
}

}  // namespace
