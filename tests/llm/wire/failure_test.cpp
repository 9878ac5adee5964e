// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/llm/wire/error.h>
#include <weir/llm/wire/failure.h>

#include "tests/llm/wire/mangle.h"

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;

namespace {

Error failure(int status, std::string_view body) {
    return failure_from_response(status, body, RetryFields(), "");
}

bool says(const Error& error, std::string_view text) {
    return error.message().find(text) != std::string::npos;
}

struct Shape {
    std::string_view body;
    std::string_view expected;
};

const std::vector<Shape> kShapes = {
    {R"({"error":{"message":"m!","type":"t","param":"p","code":"c"}})",
     "m! (type t, code c, param p)"},
    {R"({"error":{"code":429,"message":"m!","metadata":{"raw":"x"}}})", "m! (code 429)"},
    {R"({"error":{"message":"m!","type":"BadRequestError","param":null,"code":400}})",
     "m! (type BadRequestError, code 400)"},
    {R"({"object":"error","message":"m!","type":"BadRequestError","param":null,"code":400})",
     "m! (type BadRequestError, code 400)"},
    {R"({"type":"error","error":{"type":"overloaded_error","message":"m!"},"request_id":"r"})",
     "m! (type overloaded_error; request id r)"},
    {R"({"error":"m!"})", "500: m!:"},
    {R"({"error":{"code":"content_filter","message":"m!","status":400,"innererror":{"code":"R"}}})",
     "m! (code content_filter)"},
    {R"([{"error":{"code":429,"message":"m!","status":"RESOURCE_EXHAUSTED","details":[{}]}}])",
     "m! (code RESOURCE_EXHAUSTED)"},
    {R"({"error":{"code":429,"message":"m!","status":null}})", "m! (code 429)"},
    {R"({"detail":"m!"})", "500: m!:"},
    {R"({"detail":[{"loc":["body","n",0],"msg":"m!"},{"msg":"z"}]})", "body.n.0: m!; z"},
    {R"({"message":"m!"})", "500: m!:"},
    {R"(<html><head><title>m! now</title></head></html>)",
     "a web page instead of JSON: \"m! now\""},
    {"  upstream\r\n timed out ", "\"upstream timed out\""},
    {"", "an empty body"},
    {R"({"unknown":1})", R"("{"unknown":1}")"},
    {R"({"error":{"message":"m!")", "{\"error\":{\"message\":\"m!\""},
    {"{\"error\":{\"message\":\"\xFFm!\"}}", "\xEF\xBF\xBDm!"},
};

TEST(Failure, SentenceNamesStatusWordsRequestAndAdvice) {
    const Error error = failure_from_response(
        401,
        R"({"error":{"message":"invalid api key","type":"invalid_request_error",)"
        R"("param":null,"code":"invalid_api_key"}})",
        RetryFields(), "req_1");
    EXPECT_EQ(error.message(),
              "the server answered 401: invalid api key (type invalid_request_error, code "
              "invalid_api_key; request id req_1): check OPENAI_API_KEY");
}

TEST(Failure, UnderstandsAllBodyShapes) {
    for (const Shape& shape : kShapes) {
        EXPECT_TRUE(says(failure(500, shape.body), shape.expected))
            << failure(500, shape.body).message();
    }
}

TEST(Failure, StatusGivesClassAndRetry) {
    struct Row {
        int status;
        LlmErrc code;
        bool is_worth_retry;
    };
    const Row rows[] = {
        {400, LlmErrc::bad_request, false},      {401, LlmErrc::unauthorized, false},
        {402, LlmErrc::quota_exhausted, false},  {403, LlmErrc::unauthorized, false},
        {404, LlmErrc::bad_request, false},      {405, LlmErrc::bad_request, false},
        {408, LlmErrc::try_again, true},         {409, LlmErrc::try_again, true},
        {413, LlmErrc::bad_request, false},      {415, LlmErrc::bad_request, false},
        {422, LlmErrc::bad_request, false},      {429, LlmErrc::rate_limited, true},
        {500, LlmErrc::server_error, true},      {501, LlmErrc::server_error, false},
        {502, LlmErrc::server_error, true},      {503, LlmErrc::overloaded, true},
        {504, LlmErrc::server_error, true},      {529, LlmErrc::overloaded, true},
        {302, LlmErrc::malformed_answer, false},
    };
    for (const Row& row : rows) {
        const Error error = failure(row.status, "");
        EXPECT_TRUE(error == row.code) << row.status;
        EXPECT_EQ(error.worth_retry(), row.is_worth_retry) << row.status;
    }
}

TEST(Failure, NoMoneyIsNotARateLimit) {
    for (const char* body :
         {R"({"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}})",
          R"({"error":{"message":"m","type":"insufficient_quota","code":"x"}})",
          R"({"error":{"message":"m","code":"credit_balance_exhausted"}})",
          R"({"error":{"message":"m","code":"organization_spend_limit_exceeded"}})",
          R"({"error":{"message":"m","code":"project_spend_limit_exceeded"}})",
          R"({"error":{"message":"m","code":"organization_usage_limit_exceeded"}})",
          R"({"type":"error","error":{"type":"rate_limit_error",)"
          R"("message":"it is: enforced_spend_limit_reached."}})",
          R"({"error":{"type":"rate_limit_error","message":"enforced_spend_limit_reached"}})"}) {
        EXPECT_TRUE(failure(429, body) == LlmErrc::quota_exhausted) << body;
        EXPECT_EQ(failure(429, body).worth_retry(), false);
    }
    EXPECT_TRUE(failure(429, R"({"error":{"code":"slow_down"}})") == LlmErrc::rate_limited);
    RetryFields soon;
    soon.after = "5";
    const Error passing = failure_from_response(402, "", soon, "");
    EXPECT_TRUE(passing == LlmErrc::rate_limited);
    EXPECT_EQ(passing.worth_retry(), true);
}

TEST(Failure, WaitComesFromMillisecondsFirst) {
    using Header = std::optional<std::string_view>;
    const auto wait = [](Header milliseconds, Header seconds) {
        RetryFields retry;
        retry.after_ms = milliseconds;
        retry.after = seconds;
        return failure_from_response(429, "", retry, "").retry_after();
    };
    EXPECT_EQ(wait("1500", "9"), 1500ms);
    EXPECT_EQ(wait("0.5", std::nullopt), 500us);
    EXPECT_EQ(wait(std::nullopt, " 2.5 "), 2500ms);
    EXPECT_EQ(wait("nonsense", "3"), 3s);
    for (const char* bad : {"", "-1", "0", "nan", "inf", "1s", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
        EXPECT_EQ(wait(std::nullopt, bad), 0s) << bad;
    }
    EXPECT_EQ(wait(std::nullopt, "1e300"), 24h * 365);
}

TEST(Failure, ADateCountsFromTheServersOwn) {
    const auto wait = [](std::string_view date, std::string_view until) {
        RetryFields retry;
        retry.after = until;
        retry.date = date;
        return failure_from_response(429, "", retry, "").retry_after();
    };
    constexpr std::string_view kNow = "Sun, 06 Nov 1994 08:49:37 GMT";
    EXPECT_EQ(wait(kNow, "Sun, 06 Nov 1994 08:50:07 GMT"), 30s);
    EXPECT_EQ(wait(kNow, "Sun Nov  6 09:49:37 1994"), 1h);
    EXPECT_EQ(wait(kNow, "Sunday, 06-Nov-94 08:49:38 GMT"), 1s);
    EXPECT_EQ(wait(kNow, "Fri, 31 Dec 9999 23:59:59 GMT"), 24h * 365);
    EXPECT_EQ(wait(kNow, kNow), 0s);
    EXPECT_EQ(wait(kNow, "Sun, 06 Nov 1994 08:49:36 GMT"), 0s);
    EXPECT_EQ(wait(kNow, "Sun, 06 Nov 1994"), 0s);
    EXPECT_EQ(wait("yesterday", "Sun, 06 Nov 1994 08:50:07 GMT"), 0s);
    EXPECT_EQ(wait(kNow, "7"), 7s);
}

TEST(Failure, AnAbsurdWaitIsCappedAndSaid) {
    const auto with_wait = [](std::string_view after) {
        RetryFields retry;
        retry.after = after;
        return failure_from_response(429, "", retry, "");
    };
    EXPECT_EQ(with_wait("99999999999").retry_after(), 24h * 365);
    EXPECT_TRUE(says(with_wait("99999999999"), "it asked for a wait of a year or more"));
    EXPECT_FALSE(says(with_wait("3600"), "asked for a wait"));
}

TEST(Failure, TheServersOwnWordOnRetriesWins) {
    const auto is_worth_retry = [](int status, std::string_view word, std::string_view body = "") {
        RetryFields retry;
        retry.should_retry = word;
        return failure_from_response(status, body, retry, "").worth_retry();
    };
    EXPECT_EQ(is_worth_retry(500, "false"), false);
    EXPECT_EQ(is_worth_retry(400, " true "), true);
    EXPECT_EQ(is_worth_retry(500, "perhaps"), true);
    EXPECT_EQ(is_worth_retry(400, ""), false);
    // But no retry brings money.
    EXPECT_EQ(is_worth_retry(429, "true", R"({"error":{"code":"insufficient_quota"}})"), false);
    EXPECT_EQ(is_worth_retry(402, "true"), false);
}

TEST(Failure, MessageIsBounded) {
    const std::string long_text(100'000, 'x');
    EXPECT_LT(failure(500, long_text).message().size(), 500u);
    EXPECT_LT(failure(500, "{\"error\":\"" + long_text + "\"}").message().size(), 800u);
}

TEST(Failure, SurvivesMangledBodies) {
    for (const Shape& shape : kShapes) {
        tests::for_each_mangled(shape.body, [](std::string_view body) {
            EXPECT_TRUE(failure(503, body) == LlmErrc::overloaded);
        });
    }
}

}  // namespace
