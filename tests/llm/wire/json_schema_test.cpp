// SPDX-License-Identifier: MIT
#include <weir/llm/wire/json_schema.h>

#include <gtest/gtest.h>
#include <weir/llm/wire/error.h>

#include <string>
#include <string_view>

using namespace weir;
using namespace weir::llm;

namespace {

// "" where the value keeps to the schema, else what is wrong.
std::string fault(std::string_view schema, std::string_view value) {
    Result<JsonSchema> parsed = JsonSchema::parse(schema);
    if (!parsed) return "no schema: " + parsed.error().message();
    Result<void> good = parsed->check(value);
    if (good) return "";
    EXPECT_EQ(good.error(), LlmErrc::malformed_answer);
    return good.error().message();
}

struct Case {
    std::string_view schema;
    std::string_view good;
    std::string_view bad;
    std::string_view message;
};

constexpr Case kCases[] = {
    {R"({"type":"string"})", R"("a")", "1",
     "at the top: must be of type string, but is of type number"},
    {R"({"type":["string","null"]})", "null", "[]",
     "at the top: must be of type string or null, but is of type array"},
    {R"({"type":"integer"})", "3.0", "3.5",
     "at the top: must be of type integer, but is of type number"},
    {R"({"type":"integer"})", "18446744073709551615", "true",
     "at the top: must be of type integer, but is of type boolean"},
    {R"({"type":"number"})", "3.5", "{}",
     "at the top: must be of type number, but is of type object"},
    {R"({"enum":["a",1,null,[1,{"b":2}]]})", R"([1.0,{"b":2}])", R"([1,{"b":3}])",
     R"(at the top: must be one of ["a",1,null,[1,{"b":2}]])"},
    {R"({"const":{"a":1,"b":2}})", R"({"b":2,"a":1})", R"({"a":1})",
     R"(at the top: must be {"a":1,"b":2})"},
    {R"({"required":["a","b"]})", R"({"a":1,"b":2})", R"({"a":1})",
     R"(at the top: lacks the member "b")"},
    {R"({"properties":{"a":{"type":"string"}}})", R"({"b":1})", R"({"a":1})",
     "at /a: must be of type string, but is of type number"},
    {R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1})", R"({"a/b~":1})",
     "at /a~1b~0: must not be there"},
    {R"({"additionalProperties":{"type":"null"}})", R"({"a":null})", R"({"a":1})",
     "at /a: must be of type null, but is of type number"},
    {R"({"minProperties":1})", R"({"a":1})", "{}", "at the top: must have at least 1 members"},
    {R"({"maxProperties":1})", R"({"a":1})", R"({"a":1,"b":2})",
     "at the top: must have at most 1 members"},
    {R"({"items":{"items":{"type":"number"}}})", "[[1],[]]", R"([[1],[2,"x"]])",
     "at /1/1: must be of type number, but is of type string"},
    {R"({"prefixItems":[{"type":"number"}],"items":{"type":"string"}})", R"([1,"a"])", "[1,2]",
     "at /1: must be of type string, but is of type number"},
    {R"({"items":[{"type":"number"}]})", R"([1,"a"])", R"(["a"])",
     "at /0: must be of type number, but is of type string"},
    {R"({"minItems":2})", "[1,2]", "[1]", "at the top: must have at least 2 items"},
    {R"({"maxItems":2})", "[1,2]", "[1,2,3]", "at the top: must have at most 2 items"},
    {R"({"uniqueItems":true})", R"([1,"1",[1]])", "[[1],2,[1.0]]",
     "at the top: has an item twice: [1]"},
    {R"({"minLength":2})", R"("€€")", R"("€")", "at the top: must have at least 2 characters"},
    {R"({"maxLength":2})", R"("€€")", R"("abc")", "at the top: must have at most 2 characters"},
    {R"({"minimum":2})", "2", "1.5", "at the top: must be at least 2"},
    {R"({"maximum":2})", "2", "3", "at the top: must be at most 2"},
    {R"({"exclusiveMinimum":2})", "3", "2", "at the top: must be more than 2"},
    {R"({"exclusiveMaximum":2})", "1", "2", "at the top: must be less than 2"},
    {R"({"multipleOf":0.1})", "0.3", "0.35", "at the top: must be a multiple of 0.1"},
    {R"({"allOf":[{"type":"number"},{"minimum":3}]})", "3", "2", "at the top: must be at least 3"},
    {R"({"anyOf":[{"type":"number"},{"type":"string"}]})", "3", "null",
     "at the top: keeps to none of the 2 forms that it may have"},
    {R"({"oneOf":[{"type":"number"},{"minimum":3}]})", "2", "4",
     "at the top: must keep to one of the 2 forms that it may have, but keeps to 2"},
    {R"({"not":{"type":"number"}})", R"("a")", "1", "at the top: has a form that is ruled out"},
    {R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"number"}}})", "1", R"("a")",
     "at the top: must be of type number, but is of type string"},
    {R"({"properties":{"next":{"$ref":"#"}},"additionalProperties":false})",
     R"({"next":{"next":{}}})", R"({"next":{"last":{}}})", "at /next/last: must not be there"},
    {"true", "1", "", "it is not valid JSON: "},
};

}  // namespace

TEST(JsonSchema, TellsGoodValuesFromBadOnes) {
    for (const Case& each : kCases) {
        EXPECT_EQ(fault(each.schema, each.good), "") << each.schema;
        EXPECT_EQ(fault(each.schema, each.bad).find(each.message), 0u)
            << each.schema << "\n"
            << fault(each.schema, each.bad);
    }
}

TEST(JsonSchema, TypesOfOthersAreNotHeldToRulesOfOne) {
    EXPECT_EQ(fault(R"({"minimum":3,"minLength":3,"minItems":3,"required":["a"]})", "null"), "");
}

TEST(JsonSchema, NamesAFewFaultsAtMost) {
    const std::string all = fault(R"({"items":{"type":"null"}})", "[1,2,3,4,5,6,7,8]");
    EXPECT_NE(all.find("at /4: "), std::string::npos) << all;
    EXPECT_EQ(all.find("at /5: "), std::string::npos) << all;
}

TEST(JsonSchema, RefusesWhatIsNoSchema) {
    EXPECT_NE(fault("{", "1").find("not valid JSON"), std::string::npos);
    EXPECT_NE(fault("[]", "1").find("neither an object nor"), std::string::npos);
    EXPECT_NE(fault(R"({"properties":[]})", "1").find("\"properties\" must be an object"),
              std::string::npos);
    EXPECT_NE(fault(R"({"anyOf":{}})", "1").find("\"anyOf\" must be an array"), std::string::npos);
    EXPECT_NE(fault(R"({"$ref":"#/a"})", "1").find("\"#/a\", which is not in it"),
              std::string::npos);
    EXPECT_NE(fault(R"({"$ref":"http://x/"})", "1").find("which is not in it"), std::string::npos);
    EXPECT_NE(fault(R"({"items":{"not":7}})", "1").find("neither an object"), std::string::npos);
}

TEST(JsonSchema, SurvivesReferencesThatGoInCircles) {
    EXPECT_EQ(fault(R"({"$ref":"#"})", "1"), "at the top: is nested too deeply to be checked");
    EXPECT_NE(fault(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", "1"), "");
    std::string deep = "1";
    for (int i = 0; i < 300; ++i)
        deep = "[" + deep + "]";
    EXPECT_NE(fault(R"({"items":{"$ref":"#"}})", deep), "");
    std::string schema = "true";
    for (int i = 0; i < 300; ++i)
        schema = R"({"not":)" + schema + "}";
    EXPECT_NE(fault(schema, "1").find("nested too deeply"), std::string::npos);
}

TEST(JsonSchema, NamesWhatItDoesNotCheck) {
    const auto schema = JsonSchema::parse(
        R"({"pattern":"a","items":{"format":"date","pattern":"b"},"title":"t","default":1})");
    EXPECT_EQ(schema->unchecked(), (std::vector<std::string>{"pattern", "format"}));
}
