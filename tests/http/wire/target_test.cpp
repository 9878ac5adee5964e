// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/target.h>
#include <string>

using namespace weir::http;

namespace {

// "authority|path|query", or "none".
std::string parts(std::string_view method, std::string_view target) {
    const auto parsed = RequestTarget::parse(method, target);
    if (!parsed) return "none";
    std::string text(parsed->authority);
    return text.append("|").append(parsed->path).append("|").append(parsed->query);
}

std::string pairs(std::string_view query) {
    std::string text;
    for (const auto& [name, value] : parse_query(query))
        text += name + "=" + value + ";";
    return text;
}

TEST(RequestTarget, TakesTheUsualFormApart) {
    EXPECT_EQ(parts("GET", "/"), "|/|");
    EXPECT_EQ(parts("GET", "/a%20b/c?x=1?y"), "|/a%20b/c|x=1?y");
    EXPECT_EQ(parts("GET", "/?"), "|/|");
    EXPECT_EQ(parts("GET", "//a"), "|//a|");
    EXPECT_EQ(parts("GET", "/http://h/"), "|/http://h/|");
}

TEST(RequestTarget, TakesTheFormOfProxiesApart) {
    EXPECT_EQ(parts("GET", "http://h/p?q"), "h|/p|q");
    EXPECT_EQ(parts("GET", "HTTPS://h:8443/p"), "h:8443|/p|");
    EXPECT_EQ(parts("GET", "http://h"), "h|/|");
    EXPECT_EQ(parts("GET", "http://h?q"), "h|/|q");
    EXPECT_EQ(parts("GET", "http://[::1]:80/p"), "[::1]:80|/p|");
    EXPECT_EQ(parts("OPTIONS", "http://h"), "h|*|");
    EXPECT_EQ(parts("OPTIONS", "http://h?q"), "h|/|q");
}

TEST(RequestTarget, KnowsTheFormsThatBelongToOneMethod) {
    EXPECT_EQ(parts("OPTIONS", "*"), "|*|");
    EXPECT_EQ(parts("GET", "*"), "none");
    EXPECT_EQ(parts("CONNECT", "h:443"), "h:443||");
    EXPECT_EQ(parts("CONNECT", "[::1]:443"), "[::1]:443||");
    for (const char* target : {"h", "h:", ":443", "/", "http://h:443", "h:443/", "u@h:443"})
        EXPECT_EQ(parts("CONNECT", target), "none") << target;
    EXPECT_EQ(parts("GET", "h:443"), "none");
}

TEST(RequestTarget, RefusesWhatHasTwoReadings) {
    for (const char* target : {"",
                               "a",
                               "h/p",
                               "ftp://h/",
                               "http:/h",
                               "http:///p",
                               "http://",
                               "http://?q",
                               "http://:80/",
                               "http://u@h/",
                               "http://u:p@h/",
                               "http://h:99999/",
                               "http://h:8o/",
                               "http://h:1:2/",
                               "http://a b/",
                               "http://h\\@e/",
                               "/#f",
                               "/a b",
                               "/\x7f",
                               "/\x01",
                               "/\xc3\xa4"}) {
        EXPECT_EQ(parts("GET", target), "none") << target;
    }
    EXPECT_EQ(parts("GET", std::string_view("/a\0b", 4)), "none");
}

TEST(RequestTarget, KnowsAnAuthority) {
    for (const char* text : {"", "h", "a.b-c_d~e", "127.0.0.1:1", "h:", "h:65535", "[::]",
                             "[2001:db8::1]:80", "x%20y", "xn--bcher-kva.example"}) {
        EXPECT_TRUE(is_authority(text)) << text;
    }
    for (const char* text :
         {"h:65536", "h:123456", "h:-1", "h:a",     "a,b",      "a b",  "u@h",    "h/",
          "h?",      "h#",       "h\\",  "[::1",    "::1]",     "[]",   "[::1]x", "[::1]]",
          "a[::1]",  "[g::]",    "::1",  "h:80:80", "\xc3\xa4", "h\x01"}) {
        EXPECT_FALSE(is_authority(text)) << text;
    }
}

TEST(RequestTarget, DecodesASegment) {
    EXPECT_EQ(decode_segment(""), "");
    EXPECT_EQ(decode_segment("a%20b%2Fc%c3%A4"), "a b/c\xc3\xa4");
    EXPECT_EQ(decode_segment("+"), "+");
    EXPECT_EQ(decode_segment("%2525"), "%25");
    EXPECT_EQ(decode_segment("..."), "...");
}

TEST(RequestTarget, DecodesNoSegmentThatLeadsElsewhere) {
    for (const char* segment :
         {"%", "%1", "%g0", "%0g", "a%", "%00", "a%00b", ".", "..", "%2e", "%2E%2e", ".%2e"}) {
        EXPECT_EQ(decode_segment(segment), std::nullopt) << segment;
    }
}

TEST(RequestTarget, SplitsAQueryAsFormsSendIt) {
    EXPECT_EQ(pairs(""), "");
    EXPECT_EQ(pairs("a=1&b=2"), "a=1;b=2;");
    EXPECT_EQ(pairs("a=1&a=2"), "a=1;a=2;");
    EXPECT_EQ(pairs("a&b=&=c&&"), "a=;b=;=c;");
    EXPECT_EQ(pairs("a=b=c"), "a=b=c;");
    EXPECT_EQ(pairs("x+y=%2B+%26%3d"), "x y=+ &=;");
    EXPECT_EQ(pairs("a=100%&b=%zz&c=%4"), "a=100%;b=%zz;c=%4;");
}

}  // namespace
