// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/url.h>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

using namespace weir;
using http::HttpErrc;
using http::Url;

static_assert(!std::is_aggregate_v<Url>);

namespace {

std::string joined(std::string_view base, std::string_view suffix) {
    auto url = Url::parse(base);
    if (!url) return url.error().message();
    auto longer = url->with_path_appended(suffix);
    return longer ? longer->text() : longer.error().message();
}

std::string resolved(std::string_view base, std::string_view reference) {
    auto url = Url::parse(base).value().resolve(reference);
    return url ? url->text() : url.error().message();
}

class Reference {
public:
    std::string_view text;
    std::string_view meaning;
};

void expect_resolved(std::string_view base, std::initializer_list<Reference> references) {
    for (const Reference& each : references)
        EXPECT_EQ(resolved(base, each.text), each.meaning) << each.text;
}

}  // namespace

TEST(Url, SplitsIntoParts) {
    const Url url = Url::parse("HTTPS://Api.Example.COM:8443/v1/Chat?a=b#part").value();
    EXPECT_EQ(url.scheme(), "https");
    EXPECT_TRUE(url.is_secure());
    EXPECT_EQ(url.host(), "api.example.com");
    EXPECT_EQ(url.port(), 8443);
    EXPECT_EQ(url.path_and_query(), "/v1/Chat?a=b");
    EXPECT_EQ(url.origin(), "https://api.example.com:8443");
    EXPECT_EQ(url.host_header(), "api.example.com:8443");
    EXPECT_EQ(url.text(), "https://api.example.com:8443/v1/Chat?a=b");
}

TEST(Url, FillsInPortAndPath) {
    const Url plain = Url::parse("http://localhost").value();
    EXPECT_EQ(plain.port(), 80);
    EXPECT_EQ(plain.path_and_query(), "/");
    EXPECT_EQ(plain.host_header(), "localhost");
    EXPECT_EQ(plain.origin(), "http://localhost:80");
    const Url secure = Url::parse("https://localhost:443?q").value();
    EXPECT_EQ(secure.port(), 443);
    EXPECT_EQ(secure.path_and_query(), "/?q");
    EXPECT_EQ(secure.host_header(), "localhost");
    EXPECT_EQ(Url::parse("http://h:/x").value().port(), 80);
    EXPECT_EQ(Url::parse("http://h#frag").value().path_and_query(), "/");
}

TEST(Url, TakesBracketsOffIpv6ButSendsThem) {
    const Url url = Url::parse("http://[::1]:8000/v1").value();
    EXPECT_EQ(url.host(), "::1");
    EXPECT_EQ(url.port(), 8000);
    EXPECT_EQ(url.host_header(), "[::1]:8000");
    EXPECT_EQ(url.origin(), "http://[::1]:8000");
    EXPECT_EQ(Url::parse("https://[2001:DB8::1]").value().host_header(), "[2001:db8::1]");
}

TEST(Url, RefusesWhatCanBeReadInTwoWays) {
    for (const char* text : {"",
                             "localhost:8000",
                             "example.com/v1",
                             "ftp://h/",
                             "http:/h",
                             "http://",
                             "http:///p",
                             "http://:80/",
                             "http://user@h/",
                             "http://user:pw@h/",
                             "http://h:0/",
                             "http://h:65536/",
                             "http://h:-1/",
                             "http://h:80x/",
                             "http://h:1:2/",
                             "http://h h/",
                             "http://h/a b",
                             "http://h/\r\nX: y",
                             "http://h\\@evil/",
                             "http://h/a\\b",
                             "http://h/\x7f",
                             "http://b\xc3\xbc"
                             "cher.example/",
                             "http://h/\xe2\x82\xac",
                             "http://[::1/",
                             "http://[::1]x/",
                             "http://[]/",
                             "http://[h]/",
                             "http://[fe80::1%25eth0]/",
                             "http://a,b/",
                             "http://%41/"}) {
        auto url = Url::parse(text);
        ASSERT_FALSE(url.has_value()) << text;
        EXPECT_TRUE(url.error() == HttpErrc::bad_url) << text;
        EXPECT_NE(url.error().message().find("URL"), std::string::npos);
    }
}

TEST(Url, TakesABackslashBehindThePath) {
    EXPECT_EQ(Url::parse("http://h/?a\\b").value().path_and_query(), "/?a\\b");
}

TEST(Url, SaysHowToWriteWhatItRefuses) {
    EXPECT_NE(Url::parse("http://h/\xc3\xa4").error().message().find("percent-encode"),
              std::string::npos);
    EXPECT_NE(Url::parse("http://h/a b").error().message().find("%20"), std::string::npos);
    EXPECT_NE(Url::parse("h:80").error().message().find("http://"), std::string::npos);
}

TEST(Url, AppendsToThePathOfItsOwn) {
    EXPECT_EQ(joined("https://h/v1", "/chat/completions"), "https://h/v1/chat/completions");
    EXPECT_EQ(joined("https://h/v1/", "/chat"), "https://h/v1/chat");
    EXPECT_EQ(joined("https://h/v1/", "chat"), "https://h/v1/chat");
    EXPECT_EQ(joined("https://h/v1", "chat"), "https://h/v1/chat");
    EXPECT_EQ(joined("https://h", "chat"), "https://h/chat");
    EXPECT_EQ(joined("https://h/v1/", ""), "https://h/v1/");
}

TEST(Url, KeepsTheQueryBehindAnAppendedPath) {
    EXPECT_EQ(joined("https://h/d?api-version=1", "/chat"), "https://h/d/chat?api-version=1");
    EXPECT_EQ(joined("https://h/d?a=1", "/chat?b=2"), "https://h/d/chat?a=1&b=2");
    EXPECT_EQ(joined("https://h/d", "/chat?b=2"), "https://h/d/chat?b=2");
}

TEST(Url, RefusesToAppendWhatWouldBreakTheRequestLine) {
    const Url url = Url::parse("https://h/v1").value();
    for (const char* suffix : {"/a b", "/a\r\nX: y", "/\xc3\xa4", "/a#b", "\\a"}) {
        auto longer = url.with_path_appended(suffix);
        ASSERT_FALSE(longer.has_value()) << suffix;
        EXPECT_TRUE(longer.error() == HttpErrc::bad_url);
    }
}

// RFC 3986, 5.4.1; fragments are dropped, since no request has one.
TEST(Url, NamesASocketOfThisMachine) {
    const Url url = Url::parse("HTTP+unix://%2frun%2Fit%20s.sock/v1?q#f").value();
    EXPECT_TRUE(url.is_unix());
    EXPECT_FALSE(url.is_secure());
    EXPECT_EQ(url.host(), "/run/it s.sock");
    EXPECT_EQ(url.port(), 0);
    EXPECT_EQ(url.path_and_query(), "/v1?q");
    EXPECT_EQ(url.host_header(), "localhost");
    EXPECT_EQ(url.origin(), "http+unix://%2Frun%2Fit%20s.sock");
    EXPECT_EQ(url.text(), "http+unix://%2Frun%2Fit%20s.sock/v1?q");
    EXPECT_EQ(url.with_path_appended("/chat").value().text(),
              "http+unix://%2Frun%2Fit%20s.sock/v1/chat?q");
    EXPECT_EQ(url.resolve("../b").value().text(), "http+unix://%2Frun%2Fit%20s.sock/b");
    const Url abstract = Url::parse("http+unix://%40it").value();
    EXPECT_EQ(abstract.host(), "@it");
    EXPECT_EQ(abstract.text(), "http+unix://%40it/");
    EXPECT_FALSE(Url::parse("http://localhost").value().is_unix());
}

TEST(Url, SaysHowToNameASocket) {
    const auto refused = [](std::string_view text) {
        return Url::parse(text).error().message();
    };
    for (const char* text : {"http+unix:///run/it.sock/v1", "http+unix://run%2Fit.sock/",
                             "http+unix://", "http+unix://%2F/", "http+unix://%40"}) {
        EXPECT_NE(refused(text).find("http+unix://%2Frun%2Fit.sock/v1"), std::string::npos) << text;
    }
    EXPECT_NE(refused("http+unix://%2Fa:80/").find("%3A"), std::string::npos);
    EXPECT_NE(refused("http+unix://%2Fa%2/").find("%25"), std::string::npos);
    EXPECT_NE(refused("http+unix://%2Fa%-1/").find("%25"), std::string::npos);
    EXPECT_NE(refused("http+unix://%2Fa%").find("%25"), std::string::npos);
    EXPECT_NE(refused("http+unix://%2Fa%00/").find("zero byte"), std::string::npos);
    EXPECT_FALSE(Url::parse("https+unix://%2Fa/").has_value());
}

TEST(Url, ResolvesTheNormalExamplesOfTheStandard) {
    expect_resolved("http://a/b/c/d;p?q", {
                                              {"g", "http://a/b/c/g"},
                                              {"./g", "http://a/b/c/g"},
                                              {"g/", "http://a/b/c/g/"},
                                              {"/g", "http://a/g"},
                                              {"//g", "http://g/"},
                                              {"?y", "http://a/b/c/d;p?y"},
                                              {"g?y", "http://a/b/c/g?y"},
                                              {"#s", "http://a/b/c/d;p?q"},
                                              {"g#s", "http://a/b/c/g"},
                                              {"g?y#s", "http://a/b/c/g?y"},
                                              {";x", "http://a/b/c/;x"},
                                              {"g;x", "http://a/b/c/g;x"},
                                              {"g;x?y#s", "http://a/b/c/g;x?y"},
                                              {"", "http://a/b/c/d;p?q"},
                                              {".", "http://a/b/c/"},
                                              {"./", "http://a/b/c/"},
                                              {"..", "http://a/b/"},
                                              {"../", "http://a/b/"},
                                              {"../g", "http://a/b/g"},
                                              {"../..", "http://a/"},
                                              {"../../", "http://a/"},
                                              {"../../g", "http://a/g"},
                                          });
}

// RFC 3986, 5.4.2.
TEST(Url, ResolvesTheAbnormalExamplesOfTheStandard) {
    expect_resolved("http://a/b/c/d;p?q", {
                                              {"../../../g", "http://a/g"},
                                              {"../../../../g", "http://a/g"},
                                              {"/./g", "http://a/g"},
                                              {"/../g", "http://a/g"},
                                              {"g.", "http://a/b/c/g."},
                                              {".g", "http://a/b/c/.g"},
                                              {"g..", "http://a/b/c/g.."},
                                              {"..g", "http://a/b/c/..g"},
                                              {"./../g", "http://a/b/g"},
                                              {"./g/.", "http://a/b/c/g/"},
                                              {"g/./h", "http://a/b/c/g/h"},
                                              {"g/../h", "http://a/b/c/h"},
                                              {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
                                              {"g;x=1/../y", "http://a/b/c/y"},
                                              {"g?y/./x", "http://a/b/c/g?y/./x"},
                                              {"g?y/../x", "http://a/b/c/g?y/../x"},
                                              {"g#s/./x", "http://a/b/c/g"},
                                              {"g#s/../x", "http://a/b/c/g"},
                                          });
}

TEST(Url, ResolvesWhatHasAHostOfItsOwn) {
    expect_resolved("https://a:8443/b?c", {
                                              {"//[::1]:80/x", "https://[::1]:80/x"},
                                              {"HTTP://H/./x/../y?z/..", "http://h/y?z/.."},
                                              {"http://h", "http://h/"},
                                              {"x", "https://a:8443/x"},
                                              {"x//y/..//z", "https://a:8443/x///z"},
                                              {"?", "https://a:8443/b?"},
                                          });
}

TEST(Url, RefusesToResolveWhatCanBeReadInTwoWays) {
    const Url base = Url::parse("https://h/v1").value();
    for (const char* reference :
         {"g:h", "http:g", "http:/g", "https:", "mailto:a@b", "a:b/c", "//", "///x", "//user@h/",
          "http://user:pw@h/", "/\\h/", "\\\\h/", "a b", "/\r\nX: y", "/\xc3\xa4", "//h:0/"}) {
        auto url = base.resolve(reference);
        ASSERT_FALSE(url.has_value()) << reference << url->text();
        EXPECT_TRUE(url.error() == HttpErrc::bad_url) << reference;
    }
}

TEST(Url, NeverShowsUserInformation) {
    const Url base = Url::parse("https://h/v1").value();
    for (const char* text : {"http://user:secret@h/", "http://secret@h/", "http://a:secret@h:x/",
                             "http://a:se/secret@h/", "http://secret h/"}) {
        EXPECT_EQ(Url::parse(text).error().message().find("secret"), std::string::npos);
        const auto url = base.resolve(text);
        ASSERT_FALSE(url.has_value()) << text;
        EXPECT_EQ(url.error().message().find("secret"), std::string::npos);
    }
}
