// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/batch/line.h>
#include <weir/llm/wire/error.h>
#include <weir/llm/wire/json.h>
#include <type_traits>

#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;

namespace {

static_assert(!std::is_aggregate_v<RequestLine>);
static_assert(!std::is_aggregate_v<FailedResponse>);

constexpr std::string_view kBody =
    R"({"model" : "m","messages":[{"role":"user","content":"Hi \u00e9 \ud83d"}],"n":1.50})";
const std::string kLine =
    R"({"custom_id":"r\n1","method":"POST","url":"/v1/chat/completions","x":[{}],"body": )" +
    std::string(kBody) + " }";

std::string message_of(std::string_view line) {
    const auto request = parse_request_line(line);
    EXPECT_FALSE(request.has_value()) << line;
    if (request) return "";
    EXPECT_TRUE(request.error() == LlmErrc::bad_line);
    return request.error().message();
}

TEST(BatchLine, BodyIsKeptByteForByte) {
    const auto request = parse_request_line(kLine);
    ASSERT_TRUE(request.has_value()) << request.error().message();
    EXPECT_EQ(request->custom_id, "r\n1");
    EXPECT_EQ(request->url, "/v1/chat/completions");
    EXPECT_EQ(request->body, kBody);
}

TEST(BatchLine, MethodAndUrlMayBeMissing) {
    const auto request = parse_request_line(R"({"body":{"messages":[1]},"custom_id":"a"})");
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->url, "/v1/chat/completions");
}

TEST(BatchLine, ByteOrderMarkAndLineEndAreTrimmed) {
    EXPECT_TRUE(parse_request_line("\xEF\xBB\xBF" + kLine + "\r\n").has_value());
    EXPECT_EQ(trim_line(" \xEF\xBB\xBF"), "\xEF\xBB\xBF");
    EXPECT_EQ(trim_line("\xEF\xBB\xBF a \r"), "a");
    EXPECT_TRUE(is_blank("\xEF\xBB\xBF\r\n"));
    EXPECT_TRUE(is_blank(""));
    EXPECT_FALSE(is_blank("x"));
}

TEST(BatchLine, EachFaultIsNamed) {
    struct Row {
        std::string_view line;
        std::string_view expected;
    };
    const Row rows[] = {
        {"hello", "the line is not a request: it is not JSON"},
        {"[1]", "not an object"},
        {R"({"custom_id":"a","body":{"messages":[1]}} x)", "does not end with the bracket"},
        {R"({"custom_id":"a","body":{"messages":[1]}} {})", "more text after its end"},
        {R"({"custom_id":"a","body":{"messages":[1 2]}})", "its syntax is wrong"},
        {R"({"body":{"messages":[1]}})", "\"custom_id\" is missing"},
        {R"({"custom_id":7,"body":{"messages":[1]}})", "\"custom_id\" must be a string"},
        {R"({"custom_id":"","body":{"messages":[1]}})", "\"custom_id\" is empty"},
        {R"({"custom_id":"a","custom_id":"b","body":{"messages":[1]}})", "given twice"},
        {R"({"custom_id":"a","method":"GET","body":{"messages":[1]}})",
         "\"method\" must be \"POST\", not \"GET\""},
        {R"({"custom_id":"a","url":1,"body":{"messages":[1]}})", "\"url\" must be a string"},
        {R"({"custom_id":"a","url":"/v1/embeddings","body":{"messages":[1]}})",
         R"("url" is "/v1/embeddings", an endpoint not known here: "/v1/chat/completions" is)"},
        {R"({"custom_id":"a"})", "\"body\" is missing"},
        {R"({"custom_id":"a","body":"x"})", "\"body\" must be a JSON object"},
        {R"({"custom_id":"a","body":{}})", "\"body\" has no \"messages\""},
        {R"({"custom_id":"a","body":{"messages":"x"}})", "must be an array"},
        {R"({"custom_id":"a","body":{"messages":[ ]}})", "\"messages\" in \"body\" is empty"},
        {R"({"custom_id":"a","body":{"messages":[1],"stream":true}})", "remove \"stream\""},
    };
    for (const Row& row : rows) {
        const std::string message = message_of(row.line);
        EXPECT_NE(message.find(row.expected), std::string::npos) << row.line << "\n" << message;
    }
    EXPECT_TRUE(parse_request_line(R"({"custom_id":"a","body":{"messages":[1],"stream":false}})"));
}

TEST(BatchLine, CustomIdOfABadLineIsFound) {
    EXPECT_EQ(find_custom_id(R"({"custom_id":"a","body":1})"), "a");
    EXPECT_EQ(find_custom_id(R"({"custom_id":1})"), std::nullopt);
    EXPECT_EQ(find_custom_id("{"), std::nullopt);
}

TEST(BatchLine, NoPrefixIsARequestAndMangledLinesAreSurvived) {
    for (std::size_t size = 0; size < kLine.size(); ++size) {
        EXPECT_FALSE(parse_request_line(kLine.substr(0, size)).has_value()) << size;
    }
    tests::for_each_mangled(kLine, [](std::string_view line) {
        const auto request = parse_request_line(line);
        if (request) {
            EXPECT_TRUE(is_json(request->body)) << line;
        }
    });
}

TEST(BatchLine, OutputHoldsTheBodyAsItCame) {
    EXPECT_EQ(write_output_line("i", "c\"", 200, "r", R"({"a": 1.0})"),
              R"({"id":"i","custom_id":"c\"","response":{"status_code":200,"request_id":"r",)"
              R"("body":{"a": 1.0}},"error":null})");
}

TEST(BatchLine, OutputIsOneLineOfJsonWhateverTheBodyIs) {
    for (const char* body : {"{\n \"a\" : [\r\n1 ]\n}\n", "not\njson", "", "{\"a\":\xFF}", "{"}) {
        const std::string line = write_output_line("i", "c", 200, "r", body);
        EXPECT_TRUE(is_json(line)) << line;
        EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
    }
    EXPECT_NE(write_output_line("i", "c", 200, "r", "{\n\"a b\": 1}").find(R"("body":{"a b":1}})"),
              std::string::npos);
}

TEST(BatchLine, FailureHasEitherResponseOrError) {
    EXPECT_EQ(write_failure_line("i", "c", FailedResponse(400, "r", "oops"), "", ""),
              R"({"id":"i","custom_id":"c","response":{"status_code":400,"request_id":"r",)"
              R"("body":"oops"},"error":null})");
    EXPECT_EQ(write_failure_line("i", "c", std::nullopt, "timed_out", "too\nlate"),
              R"({"id":"i","custom_id":"c","response":null,)"
              R"("error":{"code":"timed_out","message":"too\nlate"}})");
}

TEST(BatchLine, BadLineIsReportedByNumber) {
    EXPECT_EQ(write_bad_line(12, std::nullopt, "m"),
              R"({"id":"line_12","custom_id":null,"response":null,)"
              R"("error":{"code":"bad_line","message":"m","line":12}})");
    EXPECT_NE(write_bad_line(1, "a", "m").find(R"("custom_id":"a")"), std::string::npos);
}

}  // namespace
