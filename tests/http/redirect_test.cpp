// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/redirect.h>
#include <string>
#include <string_view>
#include <type_traits>

using namespace weir;
using http::Headers;
using http::HttpErrc;
using http::Redirect;
using http::RedirectPolicy;
using http::Redirects;
using http::ResponseHead;
using http::Url;

static_assert(!std::is_aggregate_v<Redirect>);
static_assert(!std::is_aggregate_v<RedirectPolicy>);

namespace {

ResponseHead answer(int status, std::string_view location) {
    Headers fields;
    fields.add("Location", location);
    return ResponseHead(status, "", std::move(fields));
}

Headers usual_fields() {
    Headers fields;
    for (const char* name :
         {"Accept", "Authorization", "Content-Type", "Content-Length", "Content-Encoding", "Cookie",
          "Expect", "Host", "Proxy-Authorization", "Transfer-Encoding", "X-API-KEY", "X-Own"}) {
        fields.add(name, "v");
    }
    return fields;
}

/// "METHOD url body|- field field", "kept" for an answer that is final, or the error.
std::string shown(const Result<std::optional<Redirect>>& next) {
    if (!next) {
        EXPECT_TRUE(next.error() == HttpErrc::bad_redirect);
        return next.error().message();
    }
    if (!next->has_value()) return "kept";
    std::string text = (*next)->method + " " + (*next)->url.text();
    text += (*next)->keeps_body ? " body" : " -";
    for (const http::Field field : (*next)->headers)
        text.append(" ").append(field.name);
    return text;
}

std::string followed(std::string_view method, int status, std::string_view location = "/b",
                     std::string_view from = "https://h/a", const Headers& fields = Headers(),
                     RedirectPolicy policy = RedirectPolicy()) {
    Redirects redirects(std::move(policy));
    return shown(
        redirects.follow(method, Url::parse(from).value(), fields, answer(status, location)));
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST(Redirects, ChangeTheMethodAsBrowsersDo) {
    class Case {
    public:
        int status;
        std::string_view method;
        std::string_view next;
    };
    for (const Case& each :
         {Case{301, "GET", "GET https://h/b body"}, Case{301, "HEAD", "HEAD https://h/b body"},
          Case{301, "POST", "GET https://h/b -"}, Case{301, "PUT", "PUT https://h/b body"},
          Case{302, "GET", "GET https://h/b body"}, Case{302, "POST", "GET https://h/b -"},
          Case{302, "DELETE", "DELETE https://h/b body"}, Case{303, "GET", "GET https://h/b -"},
          Case{303, "HEAD", "HEAD https://h/b -"}, Case{303, "POST", "GET https://h/b -"},
          Case{303, "PUT", "GET https://h/b -"}, Case{307, "POST", "POST https://h/b body"},
          Case{307, "GET", "GET https://h/b body"}, Case{308, "POST", "POST https://h/b body"},
          Case{308, "PATCH", "PATCH https://h/b body"}}) {
        EXPECT_EQ(followed(each.method, each.status), each.next) << each.status << each.method;
    }
}

TEST(Redirects, LeaveOtherAnswersAlone) {
    for (const int status : {200, 201, 300, 304, 305, 306, 309, 399, 401, 404, 500})
        EXPECT_EQ(followed("GET", status), "kept") << status;
    EXPECT_EQ(followed("GET", 302, ""), "kept");
    EXPECT_EQ(followed("CONNECT", 302), "kept");
    Redirects redirects;
    const Url url = Url::parse("http://h/").value();
    EXPECT_EQ(shown(redirects.follow("GET", url, Headers(), ResponseHead(302, "", Headers()))),
              "kept");
    EXPECT_EQ(redirects.hops(), 0u);
}

TEST(Redirects, ResolveTheLocation) {
    const auto target = [](std::string_view location) {
        return followed("GET", 302, location, "https://h:8443/a/b?c");
    };
    EXPECT_EQ(target("d"), "GET https://h:8443/a/d body");
    EXPECT_EQ(target("../d?e#f"), "GET https://h:8443/d?e body");
    EXPECT_EQ(target("?e"), "GET https://h:8443/a/b?e body");
    EXPECT_EQ(target("//other/d"), "GET https://other/d body");
    EXPECT_EQ(target("https://other"), "GET https://other/ body");
    EXPECT_EQ(target("#top"), "GET https://h:8443/a/b?c body");
}

TEST(Redirects, EncodeWhatServersForgetToEncode) {
    EXPECT_EQ(followed("GET", 302, "/a b?c d"), "GET https://h/a%20b?c%20d body");
    EXPECT_EQ(followed("GET", 302, "/\xc3\xa4"), "GET https://h/%C3%A4 body");
    EXPECT_TRUE(contains(followed("GET", 302,
                                  "https://b\xc3\xbc"
                                  "cher.example/"),
                         "its host"));
    EXPECT_TRUE(contains(followed("GET", 302, "/a\tb"), "control byte"));
}

TEST(Redirects, RefuseALocationThatCannotBeUsed) {
    for (const char* location :
         {"ftp://h/", "javascript:alert(1)", "data:,x", "http:x", "https://", "https://user@h/",
          "/\\evil.example/", "\\\\evil.example/", "https://h:99999/"}) {
        const std::string text = followed("GET", 302, location);
        EXPECT_TRUE(text.starts_with("the redirection from https://h/a is not followed")) << text;
    }
}

TEST(Redirects, TakeOneLocationOnly) {
    const Url url = Url::parse("http://h/").value();
    ResponseHead head = answer(302, "/a");
    head.headers.add("location", "/a");
    EXPECT_EQ(shown(Redirects().follow("GET", url, Headers(), head)), "GET http://h/a body");
    head.headers.add("location", "/b");
    EXPECT_TRUE(contains(shown(Redirects().follow("GET", url, Headers(), head)), "two Location"));
}

TEST(Redirects, DropFieldsAboutABodyThatIsNotSent) {
    const Headers fields = usual_fields();
    EXPECT_EQ(followed("POST", 302, "/b", "https://h/a", fields),
              "GET https://h/b - Accept Authorization Cookie Proxy-Authorization X-API-KEY X-Own");
    EXPECT_EQ(followed("POST", 307, "/b", "https://h/a", fields),
              "POST https://h/b body Accept Authorization Content-Type Content-Length "
              "Content-Encoding Cookie Expect Proxy-Authorization Transfer-Encoding X-API-KEY "
              "X-Own");
}

TEST(Redirects, DropSecretsWhereTheOriginChanges) {
    const Headers fields = usual_fields();
    RedirectPolicy policy;
    policy.secret("x-own").allow_downgrade();
    // Another scheme, host, port; also a host below or above the first one.
    for (const char* location : {"http://h:443/", "https://other/", "https://h:444/",
                                 "https://sub.h/", "https://h.evil/"}) {
        EXPECT_EQ(followed("GET", 301, location, "https://h/a", fields, policy),
                  "GET " + std::string(location) +
                      " body Accept Content-Type Content-Length Content-Encoding Expect "
                      "Transfer-Encoding");
    }
    EXPECT_TRUE(followed("GET", 301, "HTTPS://H:443/b", "https://h/a", fields, policy)
                    .ends_with("X-API-KEY X-Own"));
    EXPECT_TRUE(
        followed("GET", 301, "https://other/", "https://h/", fields).ends_with("Encoding X-Own"));
}

TEST(Redirects, DropSecretsForGood) {
    Redirects redirects;
    Headers fields;
    fields.add("Authorization", "Bearer s");
    auto there = redirects.follow("GET", Url::parse("https://h/").value(), fields,
                                  answer(302, "https://other/"));
    const Redirect elsewhere = *std::move(there).value();
    auto back = redirects.follow(elsewhere.method, elsewhere.url, elsewhere.headers,
                                 answer(302, "https://h/"));
    EXPECT_EQ(shown(back), "GET https://h/ body");
}

TEST(Redirects, RefuseToLeaveTlsUnlessAllowed) {
    const std::string text = followed("GET", 302, "http://h/b?key=secret");
    EXPECT_TRUE(contains(text, "from https to http, to http://h/b;")) << text;
    EXPECT_FALSE(contains(text, "secret"));
    EXPECT_EQ(followed("GET", 302, "https://h/b", "http://h/"), "GET https://h/b body");
    RedirectPolicy policy;
    policy.allow_downgrade();
    EXPECT_EQ(followed("GET", 302, "http://h/b", "https://h/", Headers(), policy),
              "GET http://h/b body");
}

TEST(Redirects, RefuseToLeadToASocketOfThisMachine) {
    const std::string socket = "http+unix://%2Frun%2Fit.sock";
    for (const char* from : {"https://h/", "http://h/", "http+unix://%2Frun%2Fother.sock/"}) {
        const std::string text = followed("GET", 302, socket + "/b?key=secret", from);
        EXPECT_TRUE(contains(text, "to a UNIX socket of this machine, to " + socket + "/b;"))
            << text;
        EXPECT_FALSE(contains(text, "secret"));
    }
    for (const std::string& to : {socket + "/b", std::string("/b")})
        EXPECT_EQ(followed("GET", 302, to, socket + "/a"), "GET " + socket + "/b body");
}

TEST(Redirects, AreBoundedInNumber) {
    RedirectPolicy policy;
    policy.hops_max(3);
    Redirects redirects(policy);
    Url url = Url::parse("https://h/0?key=secret").value();
    for (int hop = 1; hop <= 3; ++hop) {
        auto next = redirects.follow("GET", url, Headers(),
                                     answer(302, "/" + std::to_string(hop) + "?key=secret"));
        url = (*std::move(next).value()).url;
    }
    EXPECT_EQ(redirects.hops(), 3u);
    EXPECT_EQ(shown(redirects.follow("GET", url, Headers(), answer(302, "/4"))),
              "there are more than 3 redirections in a row (RedirectPolicy::hops_max), the last "
              "from https://h/3");
    EXPECT_EQ(shown(redirects.follow("GET", url, Headers(), answer(200, "/4"))), "kept");
}

TEST(Redirects, NameACircle) {
    RedirectPolicy policy;
    policy.hops_max(4);
    Redirects redirects(policy);
    Url url = Url::parse("https://h/start").value();
    for (const char* location : {"/a", "/b", "/a", "/b"}) {
        auto next = redirects.follow("GET", url, Headers(), answer(302, location));
        url = (*std::move(next).value()).url;
    }
    EXPECT_EQ(shown(redirects.follow("GET", url, Headers(), answer(302, "/a"))),
              "there are more than 4 redirections in a row (RedirectPolicy::hops_max), and they go "
              "in a circle: https://h/b -> https://h/a -> https://h/b");
}

TEST(Redirects, NeverShowUserInformationOrQueries) {
    for (const char* location : {"https://user:secret@other/", "//secret@other/", "ftp://h/?secret",
                                 "https://h:x/?secret", "http://other/?secret"}) {
        const std::string text = followed("GET", 302, location, "https://h/a?key=secret");
        EXPECT_TRUE(contains(text, "not followed")) << text;
        EXPECT_FALSE(contains(text, "secret")) << text;
    }
}
