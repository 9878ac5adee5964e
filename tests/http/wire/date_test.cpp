// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/date.h>
#include <ctime>
#include <string>

using namespace weir::http;

namespace {

constexpr UnixSeconds kExample = 784111777;  // RFC 9110's own: 6 November 1994, 08:49:37
constexpr UnixSeconds kNow = 1767225600;     // 1 January 2026
constexpr UnixSeconds kDay = 86400;

std::optional<UnixSeconds> parse(std::string_view text) {
    return parse_http_date(text, kNow);
}

// What the C library makes of it.
std::string by_library(UnixSeconds time) {
    const std::time_t seconds = time;
    std::tm fields{};
    gmtime_r(&seconds, &fields);
    char text[64];
    return std::string(text,
                       std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &fields));
}

TEST(HttpDate, IsWrittenInTheFixedForm) {
    EXPECT_EQ(http_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(http_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(http_date(4107542400), "Mon, 01 Mar 2100 00:00:00 GMT");
}

TEST(HttpDate, StaysWithinFourDigitsOfYears) {
    EXPECT_EQ(http_date(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(http_date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(http_date(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

// Every day of four centuries, each at another time of the day.
TEST(HttpDate, AgreesWithTheCLibraryAndReadsBackWhatItWrites) {
    const UnixSeconds last = 8000000000;
    UnixSeconds time = -4000000000;
    for (; time < last; time += kDay + 3671) {
        const std::string text = http_date(time);
        ASSERT_EQ(text, by_library(time));
        ASSERT_EQ(parse(text), time) << text;
    }
}

TEST(HttpDate, ReadsAllThreeForms) {
    EXPECT_EQ(parse("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
    EXPECT_EQ(parse("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
    EXPECT_EQ(parse("Sun Nov  6 08:49:37 1994"), kExample);
    EXPECT_EQ(parse("Wed Nov 16 08:49:37 1994"), kExample + 10 * kDay);
}

TEST(HttpDate, ReadsALeapSecondAndALeapDay) {
    EXPECT_EQ(parse("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800);
    EXPECT_EQ(parse("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
    EXPECT_EQ(parse("Mon, 29 Feb 2100 00:00:00 GMT"), std::nullopt);
    EXPECT_EQ(parse("Wed, 29 Feb 2023 00:00:00 GMT"), std::nullopt);
}

// RFC 9110, 5.6.7: more than 50 years ahead it means the century before.
TEST(HttpDate, TakesAYearOfTwoDigitsForTheNearest) {
    EXPECT_EQ(parse("Wednesday, 01-Jan-76 00:00:00 GMT"), 3345062400);  // 2076
    EXPECT_EQ(parse("Saturday, 01-Jan-77 00:00:00 GMT"), 220924800);    // 1977
    EXPECT_EQ(parse("Thursday, 01-Jan-26 00:00:00 GMT"), kNow);
    const UnixSeconds in_1994 = kExample;
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_1994), kExample);
}

TEST(HttpDate, RefusesWhatIsOutOfRangeOrMissing) {
    for (const char* text : {"",
                             "Sun",
                             "Sun,",
                             "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             " Sun, 06 Nov 1994 08:49:37 GMT",
                             "Mon, 06 Nov 1994 08:49:37 GMT",
                             "sun, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Thu, 31 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nob 1994 08:49:37 GMT",
                             "Sun, 06 nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 94 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:49:37 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 06 Nov 1994 8:49:37 GMT",
                             "Sun, 06 Nov 1994 08:49:-1 GMT",
                             "Sun, 06 Nov 1994 08-49-37 GMT",
                             "Sun,06 Nov 1994 08:49:37 GMT",
                             "Sun, 06  Nov 1994 08:49:37 GMT",
                             "Sun, 06-Nov-1994 08:49:37 GMT",
                             "Sun, 06-Nov-94 08:49:37 GMT",
                             "Sunday, 06 Nov 1994 08:49:37 GMT",
                             "Sunday, 06-Nov-1994 08:49:37 GMT",
                             "Sunday, 06-Nov-94 08:49:37",
                             "Sun Nov 06 08:49:37 94",
                             "Sun Nov 6 08:49:37 1994",
                             "Sun Nov   6 08:49:37 1994",
                             "Sun Nov  6 08:49:37 1994 GMT",
                             "120",
                             "2026-01-01"}) {
        EXPECT_EQ(parse(text), std::nullopt) << text;
    }
}

}  // namespace
