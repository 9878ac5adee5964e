// SPDX-License-Identifier: MIT
#include <weir/llm/prompt.h>

#include <gtest/gtest.h>
#include <weir/llm/wire/json.h>

#include <string>
#include <string_view>
#include <type_traits>

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<PromptTemplate>);

std::string rendered(std::string_view text, const PromptValues& values) {
    const Result<PromptTemplate> parsed = PromptTemplate::parse(text);
    if (!parsed) return "parse: " + parsed.error().message();
    const Result<std::string> result = parsed->render(values);
    return result ? *result : "render: " + result.error().message();
}

std::string json_error(std::string_view text) {
    const Result<PromptTemplate> parsed = PromptTemplate::parse_json(text);
    return parsed ? "none" : parsed.error().message();
}

TEST(Prompt, FillsInValuesByName) {
    EXPECT_EQ(rendered("Tell me about {topic} in {n} words.", {{"n", "10"}, {"topic", "tea"}}),
              "Tell me about tea in 10 words.");
    EXPECT_EQ(rendered("{a}{a}{_b2}", {{"a", "x"}, {"_b2", "y"}}), "xxy");
    EXPECT_EQ(rendered("", {}), "");
    EXPECT_EQ(rendered("plain", {}), "plain");
}

TEST(Prompt, DoubledBracesAreBraces) {
    EXPECT_EQ(rendered("{{a}} {{{a}}} }}{{", {{"a", "1"}}), "{a} {1} }{");
}

TEST(Prompt, ValuesAreNotReadAsTemplates) {
    EXPECT_EQ(rendered("{a} {b}", {{"a", "{b}"}, {"b", "}}{{"}}), "{b} }}{{");
}

TEST(Prompt, NamesAreListedOnceInOrder) {
    const PromptTemplate parsed = PromptTemplate::parse("{b}{a}{b}").value();
    EXPECT_EQ(parsed.names(), (std::vector<std::string>{"b", "a"}));
}

TEST(Prompt, MissingValueIsNamedWithItsPosition) {
    EXPECT_EQ(rendered("one\nof {a} {b}", {{"a", "x"}}),
              "render: prompt template, line 2, column 8: no value for {b}; its blanks are a, b");
}

TEST(Prompt, UnknownValueIsNamedWithThoseThatAreKnown) {
    EXPECT_EQ(rendered("{a}{b}", {{"a", ""}, {"b", ""}, {"c", ""}}),
              "render: prompt template: no blank is called 'c'; its blanks are a, b");
    EXPECT_EQ(rendered("x", {{"c", ""}}),
              "render: prompt template: no blank is called 'c'; it has no blanks");
    EXPECT_EQ(rendered("{a}", {{"a", "1"}, {"a", "2"}}),
              "render: prompt template: 'a' was given twice; give it once");
}

TEST(Prompt, WrongBracesAreErrorsWithTheirPosition) {
    for (const char* text : {"{", "{}", "{a", "{a b}", "{ a}", "{1}", "{a:2}"}) {
        EXPECT_EQ(rendered(text, {}),
                  "parse: prompt template, line 1, column 1: '{' begins no {name}; for a brace "
                  "write '{{'")
            << text;
    }
    EXPECT_EQ(rendered("a\nb }", {}),
              "parse: prompt template, line 2, column 3: '}' has no '{' before it; for a brace "
              "write '}}'");
}

TEST(Prompt, JsonStaysJsonWhateverTheValuesAre) {
    const PromptTemplate parsed =
        PromptTemplate::parse_json(R"({"a": {"b": "say {x}\"{{}}"}, "c": [{x}, {}]})").value();
    const std::string text = parsed.render({{"x", "\"},\\\n{\x01\xff"}}).value();
    EXPECT_TRUE(is_json(text)) << text;
    EXPECT_EQ(text,
              "{\"a\": {\"b\": \"say \\\"},\\\\\\n{\\u0001\xef\xbf\xbd\\\"{}\"}, "
              "\"c\": [\"\\\"},\\\\\\n{\\u0001\xef\xbf\xbd\", {}]}");
}

TEST(Prompt, TemplateThatIsNoJsonIsRefused) {
    EXPECT_EQ(json_error(R"({"a": {x}})"), "none");
    EXPECT_NE(json_error(R"({"a": {x} 1})"), "none");
    EXPECT_NE(json_error(R"({"a": 1{x}})"), "none");
    EXPECT_NE(json_error(R"({"a": "{x}")"), "none");
    EXPECT_NE(json_error(R"("\)"), "none");
    EXPECT_EQ(json_error(R"({"a": "}"})"),
              "prompt template, line 1, column 8: '}' has no '{' before it; for a brace write "
              "'}}'");
}

}  // namespace
