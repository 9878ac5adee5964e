// SPDX-License-Identifier: MIT
//
// Which proxy a request goes through, by the variables that curl and others read, and what is said
// to it. Pure: the environment is a function, and nothing is sent. http and https proxies with
// Basic credentials; no SOCKS. Errors name the variable, and never show what it holds.
#pragma once

#include <weir/http/wire/error.h>
#include <weir/http/wire/message.h>
#include <weir/http/wire/url.h>
#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/base/result.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

/// One proxy: where it is, and who we are to it.
class Proxy {
public:
    /// "[http[s]://][user[:password]@]host[:port]"; what is percent-encoded in user and password is
    /// decoded. Without a port the scheme's own. HttpErrc::bad_proxy for anything else.
    static Result<Proxy> parse(std::string_view text);

    /// Where to connect. With https the connection to the proxy is itself TLS.
    const Url& url() const noexcept { return url_; }
    /// The value of Proxy-Authorization, empty where there are no credentials. A secret.
    const std::string& authorization() const noexcept { return authorization_; }

private:
    Proxy(Url url, std::string authorization)
        : url_(std::move(url)), authorization_(std::move(authorization)) {}

    Url url_;
    std::string authorization_;
};

/// Which proxy for which URL.
class ProxySettings {
public:
    /// The value of a variable, or nothing where it is not set.
    using Lookup = std::function<std::optional<std::string>(const char* name)>;

    /// No proxies.
    ProxySettings() {}

    /// For http URLs http_proxy, for https URLs https_proxy or HTTPS_PROXY; for both, where there
    /// is none, all_proxy or ALL_PROXY. The first that is set counts; set to nothing, it means no
    /// proxy. HTTP_PROXY is not read: in a CGI program it is the Proxy field of a stranger's
    /// request (httpoxy). Exemptions are in no_proxy or NO_PROXY; localhost and loopback addresses
    /// are among them always, since they mean another machine to a proxy.
    /// HttpErrc::bad_proxy with the name of the variable for a proxy that cannot be used.
    static Result<ProxySettings> from(const Lookup& lookup);
    /// From this process's environment. Not while another thread changes it.
    static Result<ProxySettings> from_environment();

    /// The proxy for http URLs, and for https URLs.
    ProxySettings& for_http(Proxy proxy) { return http_ = std::move(proxy), *this; }
    ProxySettings& for_https(Proxy proxy) { return https_ = std::move(proxy), *this; }
    /// Adds exemptions, separated by commas or blanks: "*" for all; a host name, with or without a
    /// dot (or "*.") before it, for that host and those below it; an IPv4 or IPv6 address; a block
    /// of them ("10.0.0.0/8"). Each but the last may end with a port. What is none of these means
    /// no host, as it does to curl.
    ProxySettings& exempt(std::string_view list);

    /// Null where `url` is to be reached directly. Valid as long as these settings are.
    const Proxy* proxy_for(const Url& url) const;

private:
    using Address = std::array<unsigned char, 16>;

    class Exemption {
    public:
        std::string name;               // Without dots around it; empty for addresses.
        Address address{};              // The first of a block.
        std::uint8_t address_size = 0;  // 4 or 16; 0 for names.
        std::uint8_t prefix_bits = 0;
        std::uint16_t port = 0;  // 0 for any.
    };

    static std::optional<Exemption> parse_exemption(std::string_view text);
    bool is_exempt(const Url& url) const;

    std::optional<Proxy> http_;
    std::optional<Proxy> https_;
    std::vector<Exemption> exemptions_;
    bool is_off_ = false;  // "*"
};

/// Appends the head of a CONNECT request for a tunnel to the host and port of `target` (RFC 9110,
/// 9.3.6). The answer is read with RequestKind::connect.
void write_connect(ByteQueue& out, const Url& target, const Proxy& proxy);

/// Whether the answer opened the tunnel. HttpErrc::proxy_refused otherwise, with what to do, and
/// worth a retry where it was a 5xx.
Result<void> check_connect_answer(const ResponseHead& answer, const Url& target,
                                  const Proxy& proxy);

}  // namespace weir::http
