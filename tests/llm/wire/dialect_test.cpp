// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/dialect.h>
#include <type_traits>

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<Dialect>);
using Headers = std::vector<std::pair<std::string, std::string>>;

TEST(Dialect, EachNameGivesTheDialectOfThatName) {
    ASSERT_EQ(Dialect::names().size(), 14u);
    for (const std::string_view name : Dialect::names()) {
        const auto dialect = Dialect::named(name);
        ASSERT_TRUE(dialect.has_value()) << name;
        EXPECT_EQ(dialect->name, name);
    }
}

TEST(Dialect, AnUnknownNameIsAnErrorThatListsTheKnownOnes) {
    const auto dialect = Dialect::named("opnai");
    ASSERT_FALSE(dialect.has_value());
    EXPECT_TRUE(dialect.error() == Errc::bad_argument);
    for (const std::string_view name : Dialect::names())
        EXPECT_NE(dialect.error().message().find(name), std::string::npos) << name;
}

TEST(Dialect, HostsTellTheirDialect) {
    const auto guess = [](std::string_view url) {
        return Dialect::for_url(url).name;
    };
    EXPECT_EQ(guess("https://api.openai.com/v1"), "openai");
    EXPECT_EQ(guess("https://API.OpenAI.com"), "openai");
    EXPECT_EQ(guess("https://api.anthropic.com"), "anthropic");
    EXPECT_EQ(guess("https://me.openai.azure.com/openai/v1/"), "azure");
    EXPECT_EQ(guess("https://openrouter.ai/api/v1"), "openrouter");
    EXPECT_EQ(guess("https://eu.openrouter.ai:443/api/v1"), "openrouter");
    EXPECT_EQ(guess("https://api.groq.com/openai/v1"), "groq");
    EXPECT_EQ(guess("https://api.deepseek.com"), "deepseek");
    EXPECT_EQ(guess("https://api.mistral.ai/v1"), "mistral");
    EXPECT_EQ(guess("https://generativelanguage.googleapis.com/v1beta/openai/"), "gemini");
    EXPECT_EQ(guess("http://localhost:11434/v1"), "ollama");
    EXPECT_EQ(guess("http://localhost:8000/v1"), "compatible");
    EXPECT_EQ(guess("http://[::1]:8000/v1"), "compatible");
    EXPECT_EQ(guess("https://evilopenrouter.ai/v1"), "compatible");
    EXPECT_EQ(guess("https://api.openai.com@example.com/v1"), "compatible");
    EXPECT_EQ(guess("https://example.com/?https://api.openai.com/v1"), "compatible");
    EXPECT_EQ(guess(""), "compatible");
}

TEST(Dialect, PathsFollowTheProtocol) {
    EXPECT_EQ(chat_path(Dialect::openai(), "m"), "/chat/completions");
    EXPECT_EQ(chat_path(Dialect::openai_responses(), "m"), "/responses");
    EXPECT_EQ(chat_path(Dialect::anthropic(), "m"), "/v1/messages");
    EXPECT_EQ(embeddings_path(Dialect::openai(), "m"), "/embeddings");
    EXPECT_EQ(models_path(Dialect::openai()), "/models");
    EXPECT_EQ(chat_path(Dialect::azure(), "m"), "/openai/v1/chat/completions");
}

TEST(Dialect, AzureDeploymentsArePartOfThePath) {
    const Dialect azure = Dialect::azure("2024-10-21");
    EXPECT_EQ(chat_path(azure, "my model/4"),
              "/openai/deployments/my%20model%2F4/chat/completions?api-version=2024-10-21");
    EXPECT_EQ(embeddings_path(azure, "e"),
              "/openai/deployments/e/embeddings?api-version=2024-10-21");
    EXPECT_EQ(models_path(azure), "/openai/models?api-version=2024-10-21");
}

TEST(Dialect, APrefixThatTheBaseUrlHasIsNotRepeated) {
    const Dialect azure = Dialect::for_url("https://me.openai.azure.com/openai/v1/");
    EXPECT_EQ(chat_path(azure, "m"), "/chat/completions");
    EXPECT_EQ(chat_path(Dialect::for_url("https://me.openai.azure.com"), "m"),
              "/openai/v1/chat/completions");
    EXPECT_EQ(chat_path(Dialect::for_url("https://api.anthropic.com/v1"), "m"), "/messages");
}

TEST(Dialect, KeysTravelAsTheServerWantsThem) {
    EXPECT_EQ(request_headers(Dialect::openai(), "k"), (Headers{{"authorization", "Bearer k"}}));
    EXPECT_EQ(request_headers(Dialect::azure(), "k"), (Headers{{"api-key", "k"}}));
    EXPECT_EQ(request_headers(Dialect::anthropic(), "k"),
              (Headers{{"x-api-key", "k"}, {"anthropic-version", "2023-06-01"}}));
    EXPECT_EQ(request_headers(Dialect::openai(), ""), Headers());
}

TEST(Dialect, OwnPlacesHaveOwnVariables) {
    EXPECT_EQ(Dialect::anthropic().key_variable, "ANTHROPIC_API_KEY");
    EXPECT_EQ(Dialect::azure().url_variable, "AZURE_OPENAI_ENDPOINT");
    EXPECT_EQ(Dialect::compatible().key_variable, "OPENAI_API_KEY");
}

}  // namespace
