// SPDX-License-Identifier: MIT
#include <weir/llm/mock/pace.h>

#include <gtest/gtest.h>
#include <weir/runtime/base/error.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using llm::mock::Pace;
using llm::mock::parse_span;

namespace {

static_assert(!std::is_aggregate_v<Pace>);

/// Ten thousand spans in milliseconds, in order of size.
std::vector<double> draw_many(const Pace& pace) {
    Random random(7);
    std::vector<double> spans;
    for (int i = 0; i < 10'000; ++i)
        spans.push_back(to_seconds(pace.draw(random)) * 1000);
    std::sort(spans.begin(), spans.end());
    return spans;
}

double mean_of(const std::vector<double>& spans) {
    double sum = 0;
    for (const double span : spans)
        sum += span;
    return sum / static_cast<double>(spans.size());
}

}  // namespace

TEST(MockPace, ConstantIsAlwaysTheSame) {
    const std::vector<double> spans = draw_many(Pace(20ms));
    EXPECT_DOUBLE_EQ(spans.front(), 20);
    EXPECT_DOUBLE_EQ(spans.back(), 20);
}

TEST(MockPace, UniformStaysBetweenItsEnds) {
    const std::vector<double> spans = draw_many(Pace::uniform(100ms, 300ms));
    EXPECT_GE(spans.front(), 100);
    EXPECT_LE(spans.back(), 300);
    EXPECT_NEAR(mean_of(spans), 200, 3);
    EXPECT_NEAR(spans[1000], 120, 5);
}

TEST(MockPace, ExponentialHasItsMean) {
    const std::vector<double> spans = draw_many(Pace::exponential(200ms));
    EXPECT_GE(spans.front(), 0);
    EXPECT_NEAR(mean_of(spans), 200, 8);
    EXPECT_NEAR(spans[5000], 138.6, 8);
}

TEST(MockPace, LognormalHasItsMedianAndALongTail) {
    const std::vector<double> spans = draw_many(Pace::lognormal(200ms, 0.5));
    EXPECT_NEAR(spans[5000], 200, 8);
    EXPECT_NEAR(spans[9772], 200 * 2.718, 40);  // two standard deviations
}

TEST(MockPace, IsReadFromText) {
    EXPECT_TRUE(Pace::parse("200ms").value().is_constant());
    Random random(1);
    EXPECT_EQ(Pace::parse("200").value().draw(random), 200ms);
    EXPECT_EQ(Pace::parse("constant:1.5s").value().draw(random), 1500ms);
    EXPECT_EQ(Pace::parse("uniform:5ms,5ms").value().draw(random), 5ms);
    EXPECT_EQ(Pace::parse("lognormal:200ms,0").value().draw(random), 200ms);
    EXPECT_FALSE(Pace::parse("exponential:200ms").value().is_constant());
}

TEST(MockPace, SaysWhatItCannotRead) {
    for (const char* text :
         {"", "x", "-1ms", "2h", "61m", "gauss:1ms", "uniform:1ms", "uniform:3ms,1ms",
          "lognormal:1ms", "lognormal:1ms,x", "lognormal:1ms,-1",
          "exponential:", "constant:1ms,2ms", "1ms ", "nan"}) {
        const auto read = Pace::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_TRUE(read.error() == Errc::bad_argument);
        EXPECT_NE(read.error().message().find("lognormal:200ms,0.5"), std::string::npos);
    }
}

TEST(MockPace, SpansHaveUnits) {
    EXPECT_EQ(parse_span("250us").value(), 250us);
    EXPECT_EQ(parse_span("2m").value(), 2min);
    EXPECT_EQ(parse_span("0").value(), 0ms);
    EXPECT_FALSE(parse_span("1d"));
}
