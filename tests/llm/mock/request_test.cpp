// SPDX-License-Identifier: MIT
#include "llm/mock/request.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace weir;
using llm::mock::Ask;
using llm::mock::Protocol;
using llm::mock::read_ask;

namespace {

constexpr std::string_view kChat =
    R"({"model":"m","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":)"
    R"([{"type":"text","text":"Hi"}]}],"tools":[{"type":"function","function":{"name":"a",)"
    R"("parameters":{"type":"object"}}}],"tool_choice":"auto","max_completion_tokens":7,)"
    R"("response_format":{"type":"json_schema","json_schema":{"schema":{"enum":[1]}}}})";
constexpr std::string_view kMessages =
    R"({"model":"m","max_tokens":7,"system":[{"type":"text","text":"Be brief"}],"messages":)"
    R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}],)"
    R"("tools":[{"name":"a","input_schema":{}}],"tool_choice":{"type":"auto"}})";
constexpr std::string_view kResponses =
    R"({"model":"m","instructions":"Be brief","input":[{"role":"user","content":)"
    R"([{"type":"input_text","text":"Hi"}]}],"tools":[{"type":"function","name":"a"}],)"
    R"("max_output_tokens":7,"text":{"format":{"type":"json_object"}}})";

}  // namespace

TEST(MockRequest, EveryPrefixOfABodyIsRefused) {
    const std::vector<std::pair<Protocol, std::string_view>> bodies = {
        {Protocol::chat, kChat},
        {Protocol::messages, kMessages},
        {Protocol::responses, kResponses}};
    for (const auto& [protocol, body] : bodies) {
        for (std::size_t size = 0; size < body.size(); ++size) {
            EXPECT_FALSE(read_ask(protocol, body.substr(0, size))) << body.substr(0, size);
        }
        const auto whole = read_ask(protocol, body);
        ASSERT_TRUE(whole) << whole.error().message();
        EXPECT_EQ(whole->tokens_max, 7);
        EXPECT_EQ(whole->model, "m");
    }
}

TEST(MockRequest, AnyMemberMayBeOfAnyKind) {
    // Each value in turn is replaced by one of another kind: no crash, and a sentence if refused.
    for (const std::string_view body : {kChat, kMessages, kResponses}) {
        for (const Protocol protocol : {Protocol::chat, Protocol::messages, Protocol::responses}) {
            for (std::size_t at = body.find(':'); at != body.npos; at = body.find(':', at + 1)) {
                const std::size_t end = body.find_first_of(",}", at);
                for (const char* value : {"null", "7", "\"x\"", "[]", "{}", "[{}]", "true"}) {
                    std::string changed(body);
                    changed.replace(at + 1, end - at - 1, value);
                    const auto read = read_ask(protocol, changed);
                    if (!read) {
                        EXPECT_FALSE(read.error().message().empty());
                    }
                }
            }
        }
    }
}

TEST(MockRequest, CountsTheWordsOfAllThatIsSaid) {
    EXPECT_EQ(read_ask(Protocol::chat, kChat)->prompt_tokens, 3);
    EXPECT_EQ(read_ask(Protocol::messages, kMessages)->prompt_tokens, 3);
    EXPECT_EQ(read_ask(Protocol::responses, kResponses)->prompt_tokens, 3);
}
