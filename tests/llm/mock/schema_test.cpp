// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/llm/wire/json.h>

#include "llm/mock/request.h"

#include <string>
#include <string_view>

using namespace weir;

namespace {

// By way of a request: simdjson, which the header shows, is not for tests.
std::string make(std::string_view schema, std::string_view prompt = "p") {
    const std::string body = R"({"model":"m","messages":[{"role":"user","content":")" +
                             std::string(prompt) +
                             R"("}],"response_format":{"type":"json_schema","json_schema":)"
                             R"({"name":"n","schema":)" +
                             std::string(schema) + "}}}";
    const std::string json = llm::mock::read_ask(llm::mock::Protocol::chat, body).value().text;
    EXPECT_TRUE(llm::is_json(json)) << json;
    return json;
}

}  // namespace

TEST(MockSchema, KnowsTheTypes) {
    EXPECT_EQ(make(R"({"type":"null"})"), "null");
    EXPECT_EQ(make(R"({"const":[1,"x"]})"), R"([1,"x"])");
    EXPECT_EQ(make(R"({"enum":["only"]})"), "\"only\"");
    EXPECT_EQ(make(R"({"type":["null","string"]})"), "null");
    EXPECT_EQ(make(R"({"type":"integer","minimum":4,"maximum":4})"), "4");
    EXPECT_EQ(make(R"({"type":"number","exclusiveMinimum":1,"maximum":1.5})"), "1.5");
    EXPECT_EQ(make(R"({"type":"string","format":"date"})"), "\"2025-01-01\"");
    EXPECT_EQ(make(R"({"type":"object"})"), "{}");
    EXPECT_EQ(make(R"({"anyOf":[{"type":"null"},{"type":"string"}]})"), "null");
    const std::string boolean = make(R"({"type":"boolean"})");
    EXPECT_TRUE(boolean == "true" || boolean == "false") << boolean;
}

TEST(MockSchema, KeepsItsBounds) {
    EXPECT_EQ(make(R"({"type":"string","minLength":3,"maxLength":3})").size(), 5u);
    EXPECT_EQ(make(R"({"type":"array","items":{"const":1},"minItems":3,"maxItems":9})"), "[1,1,1]");
    EXPECT_EQ(make(R"({"type":"array","items":{"const":1},"maxItems":1})"), "[1]");
    EXPECT_EQ(make(R"({"items":{"const":1}})"), "[1,1]");
    EXPECT_EQ(make(R"({"type":"integer","minimum":11,"maximum":19,"multipleOf":10})").size(), 2u);
    EXPECT_EQ(make(R"({"type":"integer","minimum":100})"), "100");
    EXPECT_EQ(make(R"({"type":"integer","maximum":-3})"), "-3");
}

TEST(MockSchema, MakesAllMembersAndFollowsReferences) {
    EXPECT_EQ(make(R"({"properties":{"a":{"const":1},"b":{"$ref":"#/$defs/x"}},)"
                   R"("required":["a"],"$defs":{"x":{"const":2}}})"),
              R"({"a":1,"b":2})");
}

TEST(MockSchema, ComesToAnEndWhereTheSchemaDoesNot) {
    const std::string optional = make(R"({"properties":{"next":{"$ref":"#"}}})");
    EXPECT_LT(optional.size(), 200u);
    const std::string required =
        make(R"({"properties":{"next":{"$ref":"#"}},"required":["next"]})");
    EXPECT_LT(required.size(), 2000u);
    EXPECT_LT(make(R"({"$ref":"#"})").size(), 10u);
    EXPECT_LT(make(R"({"type":"array","items":{"$ref":"#"},"minItems":1})").size(), 2000u);
}

TEST(MockSchema, IsAFunctionOfThePrompt) {
    const std::string_view schema =
        R"({"properties":{"a":{"type":"string"},"b":{"type":"string"}}})";
    EXPECT_EQ(make(schema, "one"), make(schema, "one"));
    EXPECT_NE(make(schema, "one"), make(schema, "two"));
}
