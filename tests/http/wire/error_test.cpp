// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <set>
#include <string>

using namespace weir;
using http::HttpErrc;

TEST(HttpError, ComparesWithItsCode) {
    const Error error(HttpErrc::body_cut, "cut after 3 bytes");
    EXPECT_TRUE(error == HttpErrc::body_cut);
    EXPECT_FALSE(error == HttpErrc::no_response);
    EXPECT_FALSE(error == Errc::stream_ended);
    EXPECT_EQ(error.message(), "cut after 3 bytes");
    EXPECT_STREQ(error.category().name(), "weir.http");
}

TEST(HttpError, EachCodeHasASentenceOfItsOwn) {
    std::set<std::string> sentences;
    const int last = static_cast<int>(HttpErrc::tls_failed);
    for (int value = 1; value <= last; ++value) {
        const std::string sentence = http::http_category().message(value);
        EXPECT_EQ(sentence.find("unknown"), std::string::npos) << value;
        sentences.insert(sentence);
    }
    EXPECT_EQ(sentences.size(), static_cast<std::size_t>(last));
    EXPECT_EQ(http::http_category().message(last + 1),
              "unknown weir.http error " + std::to_string(last + 1));
}
