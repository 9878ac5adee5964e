// SPDX-License-Identifier: MIT
#include <weir/http/proxy.h>
#include <weir/http/wire/response_writer.h>

#include <arpa/inet.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>

namespace weir::http {
namespace {

Error bad_proxy(std::string_view what) {
    return Error(HttpErrc::bad_proxy, "the proxy cannot be used: " + std::string(what));
}

/// The whole of `text` as a decimal number of at most `max`.
std::optional<unsigned> parse_number(std::string_view text, unsigned max) noexcept {
    unsigned number = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number > max) return std::nullopt;
    return number;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            decoded += text[at];
            continue;
        }
        unsigned byte = 0;
        const std::string_view digits = text.substr(at + 1, 2);
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (parsed.ptr != digits.data() + 2) return std::nullopt;
        decoded += static_cast<char>(byte);
        at += 2;
    }
    return decoded;
}

std::string base64(std::string_view text) {
    std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL.
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(size));
    return encoded;
}

/// RFC 7617.
Result<std::string> basic_credentials(std::string_view user_info) {
    constexpr std::size_t kBytesMax = 4096;
    const std::size_t colon = user_info.find(':');
    const auto user = percent_decoded(user_info.substr(0, colon));
    const auto password = colon == std::string_view::npos
                              ? std::string()
                              : percent_decoded(user_info.substr(colon + 1));
    if (!user || !password || user_info.size() > kBytesMax) {
        return bad_proxy("its user or password has a '%' without two digits, or is too long");
    }
    if (user->find(':') != std::string::npos) {
        return bad_proxy("its user has a colon, which Basic credentials cannot say");
    }
    return "Basic " + base64(*user + ':' + *password);
}

/// Bytes of the address, and their number: 4, 16, or 0 where `text` is no address.
std::uint8_t parse_address(std::string_view text, std::array<unsigned char, 16>& address) {
    const std::string terminated(text);
    if (inet_pton(AF_INET, terminated.c_str(), address.data()) == 1) return 4;
    if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return 16;
    return 0;
}

bool is_same_block(const unsigned char* left, const unsigned char* right, unsigned bits) noexcept {
    const unsigned bytes = bits / 8;
    if (!std::equal(left, left + bytes, right)) return false;
    const unsigned rest = bits % 8;
    return rest == 0 || (left[bytes] ^ right[bytes]) >> (8 - rest) == 0;
}

}  // namespace

Result<Proxy> Proxy::parse(std::string_view text) {
    std::string_view scheme = "http";
    if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
        scheme = text.substr(0, end);
        text = text.substr(end + 3);
    }
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
        return bad_proxy("its scheme is neither http nor https (SOCKS is not spoken)");
    }
    // A path would mean nothing. The last '@', since passwords are often written as they are.
    std::string_view authority = text.substr(0, text.find_first_of("/?#"));
    if (text.find('@', authority.size()) != std::string_view::npos) {
        return bad_proxy(
            "it has an '@' behind its host; in a password write %2F for a slash, %3F "
            "for a question mark and %23 for a hash");
    }
    std::string authorization;
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        auto credentials = basic_credentials(authority.substr(0, at));
        if (!credentials) return std::move(credentials).error();
        authorization = *std::move(credentials);
        authority.remove_prefix(at + 1);
    }
    auto url = Url::parse(std::string(scheme).append("://").append(authority));
    if (!url) return bad_proxy(url.error().message());
    return Proxy(*std::move(url), std::move(authorization));
}

Result<ProxySettings> ProxySettings::from(const Lookup& lookup) {
    ProxySettings settings;
    const auto first =
        [&](std::initializer_list<const char*> names) -> Result<std::optional<Proxy>> {
        for (const char* name : names) {
            const std::optional<std::string> value = lookup(name);
            if (!value) continue;
            const std::string_view text = trim_whitespace(*value);
            if (text.empty()) return std::optional<Proxy>();
            auto proxy = Proxy::parse(text);
            if (!proxy) return std::move(proxy).error().with_context(name);
            return std::optional<Proxy>(*std::move(proxy));
        }
        return std::optional<Proxy>();
    };
    auto http = first({"http_proxy", "all_proxy", "ALL_PROXY"});
    if (!http) return std::move(http).error();
    auto https = first({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
    if (!https) return std::move(https).error();
    settings.http_ = *std::move(http);
    settings.https_ = *std::move(https);
    settings.exempt("localhost 127.0.0.0/8 ::1");
    for (const char* name : {"no_proxy", "NO_PROXY"}) {
        if (const std::optional<std::string> list = lookup(name)) {
            settings.exempt(*list);
            break;
        }
    }
    return settings;
}

Result<ProxySettings> ProxySettings::from_environment() {
    return from([](const char* name) -> std::optional<std::string> {
        const char* const value = std::getenv(name);
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    });
}

ProxySettings& ProxySettings::exempt(std::string_view list) {
    constexpr std::string_view kSeparators = ", \t\r\n";
    while (true) {
        list.remove_prefix(std::min(list.find_first_not_of(kSeparators), list.size()));
        if (list.empty()) return *this;
        const std::string_view text = list.substr(0, list.find_first_of(kSeparators));
        list.remove_prefix(text.size());
        if (text == "*") {
            is_off_ = true;
        } else if (auto exemption = parse_exemption(text)) {
            exemptions_.push_back(*std::move(exemption));
        }
    }
}

std::optional<ProxySettings::Exemption> ProxySettings::parse_exemption(std::string_view text) {
    Exemption exemption;
    if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
        exemption.address_size = parse_address(text.substr(0, slash), exemption.address);
        const auto bits = parse_number(text.substr(slash + 1), exemption.address_size * 8u);
        if (exemption.address_size == 0 || !bits) return std::nullopt;
        exemption.prefix_bits = static_cast<std::uint8_t>(*bits);
        return exemption;
    }
    std::string_view host = text;
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        host = text.substr(1, close - 1);
        port = text.substr(close + 1);
    } else if (std::ranges::count(text, ':') == 1) {
        host = text.substr(0, text.find(':'));
        port = text.substr(host.size());
    }
    if (!port.empty()) {
        const auto number = parse_number(port.substr(1), UINT16_MAX);
        if (port.front() != ':' || !number || *number == 0) return std::nullopt;
        exemption.port = static_cast<std::uint16_t>(*number);
    }
    exemption.address_size = parse_address(host, exemption.address);
    exemption.prefix_bits = static_cast<std::uint8_t>(exemption.address_size * 8);
    if (exemption.address_size != 0) return exemption;

    if (host.starts_with('*')) host.remove_prefix(1);
    if (host.starts_with('.')) host.remove_prefix(1);
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.empty()) return std::nullopt;
    exemption.name = host;
    return exemption;
}

const Proxy* ProxySettings::proxy_for(const Url& url) const {
    if (url.is_unix()) return nullptr;
    const std::optional<Proxy>& proxy = url.is_secure() ? https_ : http_;
    return proxy && !is_exempt(url) ? &*proxy : nullptr;
}

bool ProxySettings::is_exempt(const Url& url) const {
    Address address{};
    const std::uint8_t address_size = parse_address(url.host(), address);
    std::string_view host = url.host();
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto means_it = [&](const Exemption& exemption) {
        if (exemption.port != 0 && exemption.port != url.port()) return false;
        if (exemption.address_size != address_size) return false;
        if (address_size != 0) {
            return is_same_block(exemption.address.data(), address.data(), exemption.prefix_bits);
        }
        if (host.size() < exemption.name.size()) return false;
        const std::size_t above = host.size() - exemption.name.size();
        return equals_ignoring_case(host.substr(above), exemption.name) &&
               (above == 0 || host[above - 1] == '.');
    };
    return is_off_ || std::ranges::any_of(exemptions_, means_it);
}

void write_connect(ByteQueue& out, const Url& target, const Proxy& proxy) {
    // The origin without its scheme: host and port, which is always named here.
    const std::string origin = target.origin();
    const std::string_view authority = std::string_view(origin).substr(origin.find("//") + 2);
    out.append("CONNECT ");
    out.append(authority);
    out.append(" HTTP/1.1\r\nHost: ");
    out.append(authority);
    if (!proxy.authorization().empty()) {
        out.append("\r\nProxy-Authorization: ");
        out.append(proxy.authorization());
    }
    out.append("\r\n\r\n");
}

Result<void> check_connect_answer(const ResponseHead& answer, const Url& target,
                                  const Proxy& proxy) {
    if (answer.is_success()) return {};
    std::string what = "the proxy " + proxy.url().origin() + " opens no tunnel to " +
                       target.origin() + ": it answers " + std::to_string(answer.status);
    const std::string_view reason = reason_phrase(answer.status);
    if (!reason.empty()) what.append(" ").append(reason);
    if (answer.status == 407) {
        what += proxy.authorization().empty()
                    ? "; it wants a user and password, in the proxy's URL"
                    : "; it does not take the user and password in the proxy's URL";
    }
    return Error(HttpErrc::proxy_refused, std::move(what)).with_retry(answer.status >= 500);
}

}  // namespace weir::http
