// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/proxy.h>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>

using namespace weir;
using http::Headers;
using http::HttpErrc;
using http::Proxy;
using http::ProxySettings;
using http::ResponseHead;
using http::Url;

static_assert(!std::is_aggregate_v<Proxy>);
static_assert(!std::is_aggregate_v<ProxySettings>);

namespace {

using Environment = std::map<std::string, std::string>;

Result<ProxySettings> settings_of(const Environment& environment) {
    return ProxySettings::from([&](const char* name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional(found->second);
    });
}

/// The proxy's origin, "direct", or the error.
std::string chosen(const Environment& environment, std::string_view url) {
    const auto settings = settings_of(environment);
    if (!settings) {
        EXPECT_TRUE(settings.error() == HttpErrc::bad_proxy);
        return settings.error().message();
    }
    const Proxy* const proxy = settings->proxy_for(Url::parse(url).value());
    return proxy == nullptr ? "direct" : proxy->url().origin();
}

/// Whether `url` is reached directly with these exemptions.
bool is_direct(std::string_view exemptions, std::string_view url) {
    const Proxy proxy = Proxy::parse("p").value();
    const ProxySettings settings =
        ProxySettings().for_http(proxy).for_https(proxy).exempt(exemptions);
    return settings.proxy_for(Url::parse(url).value()) == nullptr;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST(Proxy, IsReadFromAUrl) {
    const auto origin = [](std::string_view text) {
        return Proxy::parse(text).value().url().origin();
    };
    EXPECT_EQ(origin("http://Proxy.example:3128/"), "http://proxy.example:3128");
    EXPECT_EQ(origin("proxy:3128"), "http://proxy:3128");
    EXPECT_EQ(origin("proxy"), "http://proxy:80");
    EXPECT_EQ(origin("HTTPS://proxy"), "https://proxy:443");
    EXPECT_EQ(origin("[::1]:8080"), "http://[::1]:8080");
    EXPECT_EQ(origin("http://proxy/path?query"), "http://proxy:80");
    EXPECT_EQ(Proxy::parse("proxy").value().authorization(), "");
}

TEST(Proxy, TakesCredentialsFromItsUrl) {
    const auto credentials = [](std::string_view text) {
        return Proxy::parse(text).value().authorization();
    };
    EXPECT_EQ(credentials("http://Aladdin:open%20sesame@p"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(credentials("user:pass@p:80"), "Basic dXNlcjpwYXNz");
    EXPECT_EQ(credentials("user@p"), "Basic dXNlcjo=");
    EXPECT_EQ(credentials("user:@p"), "Basic dXNlcjo=");
    EXPECT_EQ(credentials("u:a:b@p"), "Basic dTphOmI=");
    EXPECT_EQ(credentials("u:a@b@p"), "Basic dTphQGI=");
    EXPECT_EQ(credentials("u:%c3%A4%0a@p"), "Basic dTrDpAo=");
    EXPECT_EQ(Proxy::parse("user:a@b@p:81").value().url().origin(), "http://p:81");
}

TEST(Proxy, RefusesWhatItCannotUseAndShowsNoSecret) {
    for (const char* text :
         {"socks5://user:secret@p", "ftp://secret@p", "http://", "http://:secret@", "u:secret%2@p",
          "u:secret%zz@p", "u%3a:secret@p", "u:secret@p:x", "u:secret@p p", "u:se/secret@p",
          "1:2?secret@p", "u:secret@", "http://http://u:secret@p", ":80", "u:secret@a,b"}) {
        const auto proxy = Proxy::parse(text);
        ASSERT_FALSE(proxy.has_value()) << text;
        EXPECT_TRUE(proxy.error() == HttpErrc::bad_proxy) << text;
        EXPECT_FALSE(contains(proxy.error().message(), "secret")) << proxy.error().message();
    }
    EXPECT_FALSE(Proxy::parse("u:" + std::string(5000, 'x') + "@p").has_value());
}

TEST(ProxySettings, AreEmptyAtFirst) {
    EXPECT_EQ(ProxySettings().proxy_for(Url::parse("http://h/").value()), nullptr);
    EXPECT_EQ(chosen({}, "http://h/"), "direct");
    EXPECT_EQ(chosen({}, "https://h/"), "direct");
}

TEST(ProxySettings, HaveAVariableForEachScheme) {
    const Environment both = {{"http_proxy", "a:1"}, {"https_proxy", "http://b:2"}};
    EXPECT_EQ(chosen(both, "http://h/"), "http://a:1");
    EXPECT_EQ(chosen(both, "https://h/"), "http://b:2");
    EXPECT_EQ(chosen({{"http_proxy", "a:1"}}, "https://h/"), "direct");
    EXPECT_EQ(chosen({{"HTTPS_PROXY", "a:1"}}, "https://h/"), "http://a:1");
    EXPECT_EQ(chosen({{"ALL_PROXY", "a:1"}}, "https://h/"), "http://a:1");
    EXPECT_EQ(chosen({{"all_proxy", "a:1"}}, "http://h/"), "http://a:1");
}

TEST(ProxySettings, DoNotReadHttpProxyInCapitals) {
    EXPECT_EQ(chosen({{"HTTP_PROXY", "evil:1"}}, "http://h/"), "direct");
    EXPECT_EQ(chosen({{"HTTP_PROXY", "evil:1"}}, "https://h/"), "direct");
}

TEST(ProxySettings, TakeTheFirstThatIsSet) {
    EXPECT_EQ(chosen({{"https_proxy", "a:1"}, {"HTTPS_PROXY", "b:2"}}, "https://h/"), "http://a:1");
    EXPECT_EQ(chosen({{"https_proxy", "a:1"}, {"all_proxy", "c:3"}}, "https://h/"), "http://a:1");
    EXPECT_EQ(chosen({{"all_proxy", "c:3"}, {"ALL_PROXY", "d:4"}}, "http://h/"), "http://c:3");
    // Set to nothing means none, whatever the next one says.
    EXPECT_EQ(chosen({{"https_proxy", " "}, {"HTTPS_PROXY", "b:2"}}, "https://h/"), "direct");
    EXPECT_EQ(chosen({{"http_proxy", ""}, {"all_proxy", "c:3"}}, "http://h/"), "direct");
    EXPECT_EQ(chosen({{"all_proxy", "c:3"}, {"no_proxy", ""}, {"NO_PROXY", "*"}}, "http://h/"),
              "http://c:3");
    // What is not needed may be what it likes.
    EXPECT_EQ(chosen({{"http_proxy", "a:1"}, {"https_proxy", "a:1"}, {"ALL_PROXY", "socks5://s"}},
                     "https://h/"),
              "http://a:1");
}

TEST(ProxySettings, NameTheVariableThatCannotBeUsed) {
    const std::string text = chosen({{"HTTPS_PROXY", "socks5://user:secret@h"}}, "http://h/");
    EXPECT_TRUE(text.starts_with("HTTPS_PROXY: ")) << text;
    EXPECT_FALSE(contains(text, "secret"));
    EXPECT_TRUE(chosen({{"http_proxy", "u:secret@h:x"}}, "http://h/").starts_with("http_proxy: "));
}

TEST(ProxySettings, LeaveOutTheMachineItself) {
    const Environment all = {{"all_proxy", "p:1"}};
    for (const char* url : {"http://localhost:8000/", "https://a.localhost/", "http://127.0.0.1/",
                            "http://127.1.2.3:80/", "http://[::1]:8000/"}) {
        EXPECT_EQ(chosen(all, url), "direct") << url;
    }
    EXPECT_EQ(chosen(all, "http://128.0.0.1/"), "http://p:1");
    EXPECT_EQ(chosen(all, "http://notlocalhost/"), "http://p:1");
    EXPECT_FALSE(is_direct("", "http://localhost/")) << "where it is asked for, it is proxied";
}

TEST(ProxySettings, TakeExemptionsFromEitherVariable) {
    EXPECT_EQ(chosen({{"all_proxy", "p:1"}, {"NO_PROXY", "h"}}, "http://h/"), "direct");
    EXPECT_EQ(chosen({{"all_proxy", "p:1"}, {"no_proxy", "x, h"}}, "http://h/"), "direct");
    EXPECT_EQ(chosen({{"all_proxy", "p:1"}, {"no_proxy", "x"}, {"NO_PROXY", "h"}}, "http://h/"),
              "http://p:1");
}

TEST(ProxySettings, ExemptHostsAndThoseBelowThem) {
    for (const char* exemption : {"example.com", ".example.com", "*.example.com", "Example.COM",
                                  "example.com.", " a ,\texample.com,,", "a example.com"}) {
        EXPECT_TRUE(is_direct(exemption, "http://example.com/")) << exemption;
        EXPECT_TRUE(is_direct(exemption, "https://a.b.example.com:8443/")) << exemption;
        EXPECT_TRUE(is_direct(exemption, "http://example.com./")) << exemption;
        EXPECT_FALSE(is_direct(exemption, "http://notexample.com/")) << exemption;
        EXPECT_FALSE(is_direct(exemption, "http://example.com.evil/")) << exemption;
        EXPECT_FALSE(is_direct(exemption, "http://com/")) << exemption;
    }
}

TEST(ProxySettings, ExemptPorts) {
    EXPECT_TRUE(is_direct("h:8080", "http://h:8080/"));
    EXPECT_TRUE(is_direct(".h:443", "https://a.h/"));
    EXPECT_FALSE(is_direct("h:8080", "http://h/"));
    EXPECT_TRUE(is_direct("10.0.0.1:81", "http://10.0.0.1:81/"));
    EXPECT_FALSE(is_direct("10.0.0.1:81", "http://10.0.0.1/"));
    EXPECT_TRUE(is_direct("[::1]:81", "http://[::1]:81/"));
    EXPECT_FALSE(is_direct("[::1]:81", "http://[::1]/"));
}

TEST(ProxySettings, ExemptAddressesAndBlocks) {
    EXPECT_TRUE(is_direct("10.0.0.1", "http://10.0.0.1:99/"));
    EXPECT_FALSE(is_direct("10.0.0.1", "http://10.0.0.11/"));
    EXPECT_FALSE(is_direct("0.0.1", "http://10.0.0.1/")) << "an address has no suffixes";
    EXPECT_TRUE(is_direct("::1", "http://[0:0::1]/"));
    EXPECT_TRUE(is_direct("[::1]", "http://[::1]/"));
    EXPECT_TRUE(is_direct("10.0.0.0/8", "http://10.255.0.1/"));
    EXPECT_FALSE(is_direct("10.0.0.0/8", "http://11.0.0.1/"));
    EXPECT_TRUE(is_direct("192.168.64.0/18", "http://192.168.127.9/"));
    EXPECT_FALSE(is_direct("192.168.64.0/18", "http://192.168.128.0/"));
    EXPECT_TRUE(is_direct("10.0.0.1/32", "http://10.0.0.1/"));
    EXPECT_FALSE(is_direct("10.0.0.1/32", "http://10.0.0.0/"));
    EXPECT_TRUE(is_direct("0.0.0.0/0", "http://1.2.3.4/"));
    EXPECT_FALSE(is_direct("0.0.0.0/0", "http://[::1]/"));
    EXPECT_FALSE(is_direct("0.0.0.0/0", "http://h/"));
    EXPECT_TRUE(is_direct("fd00::/8", "http://[fdab::1]/"));
    EXPECT_FALSE(is_direct("fd00::/8", "http://[fe00::1]/"));
    EXPECT_TRUE(is_direct("2001:db8::/33", "http://[2001:db8:7fff::]/"));
    EXPECT_FALSE(is_direct("2001:db8::/33", "http://[2001:db8:8000::]/"));
}

TEST(ProxySettings, ExemptAllByAStar) {
    EXPECT_TRUE(is_direct("*", "http://h/"));
    EXPECT_TRUE(is_direct("a, *", "https://10.0.0.1/"));
}

TEST(ProxySettings, TakeWhatIsNoExemptionAsNone) {
    for (const char* exemption :
         {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "/8", "fd00::/129", "h:", "h:0",
          "h:65536", "h:x", ":80", ".", "*.", "10.*", "[::1", "[]", "[::1]x", "http://h/"}) {
        for (const char* url : {"http://h/", "http://10.0.0.1/", "http://[::1]/"})
            EXPECT_FALSE(is_direct(exemption, url)) << exemption << " " << url;
    }
}

TEST(Connect, AsksForATunnelToHostAndPort) {
    const auto written = [](std::string_view target, std::string_view proxy) {
        ByteQueue out;
        http::write_connect(out, Url::parse(target).value(), Proxy::parse(proxy).value());
        return std::string(as_text(out.readable()));
    };
    EXPECT_EQ(written("https://h/path", "p"), "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
    EXPECT_EQ(written("http://[::1]/", "u:p@p"),
              "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n"
              "Proxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST(Connect, SaysWhyThereIsNoTunnel) {
    const auto checked = [](int status, std::string_view proxy) {
        return http::check_connect_answer(ResponseHead(status, "", Headers()),
                                          Url::parse("https://h/?secret").value(),
                                          Proxy::parse(proxy).value());
    };
    EXPECT_TRUE(checked(200, "p"));
    EXPECT_TRUE(checked(204, "p"));
    const Error forbidden = checked(403, "u:secret@p:81").error();
    EXPECT_TRUE(forbidden == HttpErrc::proxy_refused);
    EXPECT_EQ(forbidden.message(),
              "the proxy http://p:81 opens no tunnel to https://h:443: it answers 403 Forbidden");
    EXPECT_EQ(forbidden.worth_retry(), false);
    EXPECT_EQ(checked(503, "p").error().worth_retry(), true);
    EXPECT_TRUE(contains(checked(407, "p").error().message(), "it wants a user"));
    EXPECT_TRUE(contains(checked(407, "u:secret@p").error().message(), "it does not take"));
    EXPECT_FALSE(contains(checked(407, "u:secret@p").error().message(), "secret"));
    EXPECT_TRUE(contains(checked(399, "p").error().message(), "it answers 399"));
}
