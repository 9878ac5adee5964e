// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/llm/wire/rate_limit.h>
#include <weir/runtime/base/random.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr http::UnixSeconds kMade = 784111777;  // the same

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

RateLimitState state_of(const Fields& fields) {
    http::Headers headers;
    for (const auto& [name, value] : fields)
        headers.add(name, value);
    return rate_limit_state(headers);
}

RateLimit limit_of(std::optional<std::int64_t> limit, std::optional<std::int64_t> remaining,
                   std::optional<Duration> reset, Duration window = 1min) {
    RateLimit expected;
    expected.limit = limit;
    expected.remaining = remaining;
    expected.reset = reset;
    expected.window = window;
    return expected;
}

std::string text_of(std::optional<Duration> span) {
    return span ? std::to_string(span->count()) + "ns" : "nothing";
}

TEST(RateLimit, ReadsEachFormOfAReset) {
    struct Case {
        std::string_view text;
        std::optional<Duration> expected;
    };
    const std::vector<Case> cases = {
        {"12ms", 12ms},
        {"1s", 1s},
        {"6m0s", 6min},
        {"1h2m3.5s", 1h + 2min + 3500ms},
        {"2m59.56s", 2min + 59560ms},
        {"7.66s", 7660ms},
        {"0s", 0s},
        {"250us", 250us},
        {"250\xc2\xb5s", 250us},
        {"250\xce\xbcs", 250us},
        {"40ns", 40ns},
        {" 1s\t", 1s},
        {"30", 30s},
        {"1.5", 1500ms},
        {"999999", 999999s},
        {"784111800", std::nullopt},  // neither a span nor an instant that a server would mean
        {"1000000000", 8760h},        // cut to a year
        {"1994-11-06T08:49:38Z", 1s},
        {"1994-11-06t08:49:38.25z", 1250ms},
        {"1994-11-06T09:49:38+01:00", 1s},
        {"1994-11-06T07:19:38-01:30", 1s},
        {"1994-11-06T08:49:36Z", 0s},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 1min},
        {"Sun, 06 Nov 1994 08:40:37 GMT", 0s},
        {"9999999h", 8760h},
        {"0", std::nullopt},
        {"-1", std::nullopt},
        {"", std::nullopt},
        {"s", std::nullopt},
        {"1x", std::nullopt},
        {"1s1", std::nullopt},
        {"1e3", std::nullopt},
        {"1.s", std::nullopt},
        {"inf", std::nullopt},
        {"1994-13-06T08:49:38Z", std::nullopt},
        {"1994-02-30T08:49:38Z", std::nullopt},
        {"1994-11-06T24:49:38Z", std::nullopt},
        {"1994-11-06T08:49:38", std::nullopt},
        {"1994-11-06T08:49:38.Z", std::nullopt},
        {"1994-11-06T08:49:38+1:00", std::nullopt},
        {"1994-11-06", std::nullopt},
        {"soon", std::nullopt},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(text_of(parse_rate_limit_reset(each.text, kMade)), text_of(each.expected))
            << each.text;
    }
}

TEST(RateLimit, CountsEpochsInSecondsAndInMilliseconds) {
    constexpr http::UnixSeconds kNow = 1'700'000'000;
    EXPECT_EQ(parse_rate_limit_reset("1700000012", kNow), 12s);
    EXPECT_EQ(parse_rate_limit_reset("1700000012000", kNow), 12s);
    EXPECT_EQ(parse_rate_limit_reset("1699999999", kNow), 0s);
}

TEST(RateLimit, KnowsNoDateWithoutTheServersOwn) {
    for (const std::string_view text :
         {"1700000012", "1700000012000", "1994-11-06T08:49:38Z", "Sun, 06 Nov 1994 08:50:37 GMT"}) {
        EXPECT_EQ(parse_rate_limit_reset(text, std::nullopt), std::nullopt) << text;
    }
    EXPECT_EQ(parse_rate_limit_reset("5s", std::nullopt), 5s);
}

TEST(RateLimit, ReadsOpenAi) {
    const RateLimitState state = state_of({{"x-ratelimit-limit-requests", "60"},
                                           {"x-ratelimit-limit-tokens", "150000"},
                                           {"x-ratelimit-remaining-requests", "59"},
                                           {"x-ratelimit-remaining-tokens", "149984"},
                                           {"x-ratelimit-reset-requests", "1s"},
                                           {"x-ratelimit-reset-tokens", "6m0s"}});
    EXPECT_EQ(state.requests, limit_of(60, 59, 1s));
    EXPECT_EQ(state.tokens.limit, 150000);
    EXPECT_EQ(state.tokens.remaining, 149984);
    EXPECT_EQ(state.tokens.reset, 6min);
    EXPECT_TRUE(state.input_tokens.is_empty());
    EXPECT_TRUE(state.output_tokens.is_empty());
}

TEST(RateLimit, OfVariantsTheOneWithTheLeastLeftCounts) {
    const RateLimitState state = state_of({{"x-ratelimit-limit-tokens", "1000"},
                                           {"x-ratelimit-remaining-tokens", "900"},
                                           {"x-ratelimit-limit-tokens_usage_based", "5000"},
                                           {"x-ratelimit-remaining-tokens_usage_based", "1900"},
                                           {"x-ratelimit-limit-project-tokens", "500"},
                                           {"x-ratelimit-remaining-project-tokens", "40"},
                                           {"x-ratelimit-reset-project-tokens", "55s"}});
    EXPECT_EQ(state.tokens, limit_of(500, 40, 55s));
}

TEST(RateLimit, LeavesOutWhatAzureDoesNotKnow) {
    const RateLimitState unknown = state_of({{"x-ratelimit-limit-requests", "-1"},
                                             {"x-ratelimit-remaining-requests", "-1"},
                                             {"x-ratelimit-reset-requests", "0"},
                                             {"x-ratelimit-limit-tokens", "0"},
                                             {"x-ratelimit-remaining-tokens", "0"}});
    EXPECT_TRUE(unknown.is_empty());
    const RateLimitState part = state_of(
        {{"x-ratelimit-remaining-requests", "9"}, {"x-ratelimit-remaining-tokens", "800"}});
    EXPECT_EQ(part.requests, limit_of(std::nullopt, 9, std::nullopt));
    EXPECT_EQ(part.tokens, limit_of(std::nullopt, 800, std::nullopt));
    const RateLimitState spent =
        state_of({{"x-ratelimit-limit-tokens", "100"}, {"x-ratelimit-remaining-tokens", "0"}});
    EXPECT_EQ(spent.tokens, limit_of(100, 0, std::nullopt));
}

TEST(RateLimit, TellsRequestsOfADayFromThoseOfAMinute) {
    const RateLimitState groq = state_of({{"x-ratelimit-limit-requests", "14400"},
                                          {"x-ratelimit-limit-tokens", "18000"},
                                          {"x-ratelimit-remaining-requests", "14370"},
                                          {"x-ratelimit-remaining-tokens", "17997"},
                                          {"x-ratelimit-reset-requests", "2m59.56s"},
                                          {"x-ratelimit-reset-tokens", "10ms"}});
    EXPECT_EQ(groq.requests, limit_of(14400, 14370, 2min + 59560ms, 24h));
    EXPECT_EQ(groq.tokens, limit_of(18000, 17997, 10ms));
    // A whole number of seconds is rounded, or the end of a fixed window.
    const RateLimitState fixed = state_of({{"x-ratelimit-limit-requests", "1000"},
                                           {"x-ratelimit-remaining-requests", "999"},
                                           {"x-ratelimit-reset-requests", "60"}});
    EXPECT_EQ(fixed.requests, limit_of(1000, 999, 60s));
}

TEST(RateLimit, ReadsAnthropic) {
    const RateLimitState state =
        state_of({{"Date", kDate},
                  {"anthropic-ratelimit-requests-limit", "50"},
                  {"anthropic-ratelimit-requests-remaining", "49"},
                  {"anthropic-ratelimit-requests-reset", "1994-11-06T08:49:39Z"},
                  {"anthropic-ratelimit-tokens-limit", "48000"},
                  {"anthropic-ratelimit-tokens-remaining", "47000"},
                  {"anthropic-ratelimit-tokens-reset", "1994-11-06T08:49:39Z"},
                  {"anthropic-ratelimit-input-tokens-limit", "40000"},
                  {"anthropic-ratelimit-input-tokens-remaining", "39000"},
                  {"anthropic-ratelimit-input-tokens-reset", "1994-11-06T08:49:40Z"},
                  {"anthropic-ratelimit-output-tokens-limit", "8000"},
                  {"anthropic-ratelimit-output-tokens-remaining", "8000"},
                  {"anthropic-ratelimit-output-tokens-reset", "1994-11-06T08:49:37Z"},
                  {"anthropic-priority-input-tokens-limit", "7"}});
    EXPECT_EQ(state.requests, limit_of(50, 49, 2s));
    EXPECT_EQ(state.tokens, limit_of(48000, 47000, 2s));
    EXPECT_EQ(state.input_tokens, limit_of(40000, 39000, 3s));
    EXPECT_EQ(state.output_tokens, limit_of(8000, 8000, 0s));
}

TEST(RateLimit, ReadsPlainNamesAsRequests) {
    const RateLimitState state = state_of(
        {{"X-RateLimit-Limit", "20"}, {"X-RateLimit-Remaining", "3"}, {"X-RateLimit-Reset", "41"}});
    EXPECT_EQ(state.requests, limit_of(20, 3, 41s));
    EXPECT_TRUE(state.tokens.is_empty());
}

TEST(RateLimit, IsEmptyForServersThatSayNothing) {
    EXPECT_TRUE(state_of({}).is_empty());
    EXPECT_TRUE(state_of({{"Date", kDate},
                          {"x-ratelimit-", "1"},
                          {"x-ratelimit-limit-images", "1"},
                          {"anthropic-ratelimit-limit", "1"},
                          {"x-ratelimit-limit-requests", "many"}})
                    .is_empty());
}

TEST(RateLimit, NumbersAreInRangeWhateverTheServerSends) {
    const std::vector<std::string_view> names = {
        "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests", "anthropic-ratelimit-tokens-reset"};
    const std::vector<std::string> seeds = {"99999999999999999999999", "1994-11-06T08:49:39Z",
                                            "1h2m3.5s", "1700000012000",
                                            "Sun, 06 Nov 1994 08:50:37 GMT"};
    Random random(7);
    for (int run = 0; run < 20000; ++run) {
        http::Headers headers;
        headers.add("date", kDate);
        for (const std::string_view name : names) {
            std::string value = seeds[random.below(seeds.size())];
            for (std::uint64_t edits = random.below(4); edits > 0; --edits)
                value[random.below(value.size())] = "0123456789.-:hmsTZ "[random.below(19)];
            headers.add(name, value);
        }
        const RateLimitState state = rate_limit_state(headers);
        for (const RateLimit* limit : {&state.requests, &state.tokens}) {
            EXPECT_GT(limit->limit.value_or(1), 0);
            EXPECT_GE(limit->remaining.value_or(0), 0);
            EXPECT_GE(limit->reset.value_or(0s), 0s);
            EXPECT_LE(limit->reset.value_or(0s), 8760h);
        }
    }
}

}  // namespace
