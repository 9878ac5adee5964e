// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <weir/http/wire/headers.h>
#include <weir/http/wire/url.h>
#include <algorithm>
#include <charconv>

namespace weir::http {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

Error bad_url(std::string_view what) {
    return Error(HttpErrc::bad_url, "the URL cannot be used: " + std::string(what));
}

/// What could end a request line or field, or be read in two ways.
Result<void> check_bytes(std::string_view text) {
    for (const char signed_byte : text) {
        const auto byte = static_cast<unsigned char>(signed_byte);
        if (byte == ' ') return bad_url("it has a space; write %20 instead");
        if (byte < 0x20 || byte == 0x7f) return bad_url("it has a control byte; remove it");
        if (byte > 0x7f) {
            return bad_url(
                "it has a byte that is not ASCII; percent-encode the path and query, "
                "and write the host name in its xn-- form");
        }
    }
    if (text.substr(0, text.find_first_of("?#")).find('\\') != std::string_view::npos) {
        return bad_url("it has a backslash, which some take for a slash; write / or %5C");
    }
    return {};
}

bool is_digit(char byte) noexcept {
    return byte >= '0' && byte <= '9';
}

bool is_name_byte(char byte) noexcept {
    return (byte >= 'a' && byte <= 'z') || is_digit(byte) || byte == '-' || byte == '.' ||
           byte == '_' || byte == '~';
}

/// Enough to keep the text harmless; whether it is an address is for the resolver to say.
bool looks_like_ipv6(std::string_view text) noexcept {
    return std::ranges::count(text, ':') >= 2 && std::ranges::all_of(text, [](char byte) {
               return (byte >= 'a' && byte <= 'f') || is_digit(byte) || byte == ':' || byte == '.';
           });
}

Result<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port == 0 || port > UINT16_MAX) {
        return bad_url("its port is not a number from 1 to 65535");
    }
    return static_cast<std::uint16_t>(port);
}

class HostParts {
public:
    std::string_view host;
    std::string_view port;  // Without the colon.
    bool bracketed = false;
};

Result<HostParts> split_authority(std::string_view authority) {
    HostParts parts;
    std::string_view after_host;
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) {
            return bad_url("its IPv6 address has no closing bracket");
        }
        parts.bracketed = true;
        parts.host = authority.substr(1, close - 1);
        after_host = authority.substr(close + 1);
    } else {
        const std::size_t colon = authority.find(':');
        parts.host = authority.substr(0, colon);
        if (colon != std::string_view::npos) after_host = authority.substr(colon);
    }
    if (parts.host.empty()) return bad_url("it has no host");
    if (after_host.empty()) return parts;
    if (after_host.front() != ':') return bad_url("only a port may follow the host");
    parts.port = after_host.substr(1);
    // RFC 3986, 3.2.3 allows an empty port; it names the default one.
    return parts;
}

/// The name of a socket, from its place in a URL.
Result<std::string> parse_socket(std::string_view text) {
    std::string name;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == ':') return bad_url("its socket has a colon, but no port; write %3A");
        if (text[at] != '%') {
            name += text[at];
            continue;
        }
        const std::string_view digits = text.substr(at + 1, 2);
        unsigned byte = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || parsed.ec != std::errc() || parsed.ptr != digits.data() + 2) {
            return bad_url("its socket has a '%' without two digits; write %25");
        }
        if (byte == 0) return bad_url("its socket has a zero byte");
        name += static_cast<char>(byte);
        at += 2;
    }
    const bool is_named = name.size() > 1 && (name.front() == '/' || name.front() == '@');
    if (is_named) return name;
    return bad_url(
        "its socket is not the path of one, with its slashes as %2F: "
        "http+unix://%2Frun%2Fit.sock/v1");
}

/// So that it is one part of a URL, and always the same.
std::string encoded_socket(std::string_view name) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (const char byte : name) {
        if (is_name_byte(byte) || (byte >= 'A' && byte <= 'Z')) {
            text += byte;
            continue;
        }
        const auto number = static_cast<unsigned char>(byte);
        text += '%';
        text += kDigits[number >> 4];
        text += kDigits[number & 15];
    }
    return text;
}

class TargetParts {
public:
    explicit TargetParts(std::string_view target) noexcept
        : path(target.substr(0, target.find('?'))), query(target.substr(path.size())) {}

    std::string_view path;
    std::string_view query;  // With its question mark.
};

/// RFC 3986, 5.2.4. Precondition: `path` begins with a slash.
std::string without_dot_segments(std::string_view path) {
    std::string kept;
    while (!path.empty()) {
        const std::string_view segment = path.substr(0, path.find('/', 1));
        path.remove_prefix(segment.size());
        if (segment == "/..") kept.resize(std::min(kept.rfind('/'), kept.size()));
        const bool is_dots = segment == "/." || segment == "/..";
        if (!is_dots) kept += segment;
        if (is_dots && path.empty()) kept += '/';
    }
    return kept;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
    auto clean = check_bytes(text);
    if (!clean) return clean.error();
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return bad_url("it must begin with http:// or https://, or with http+unix://");
    }
    const std::string_view scheme = text.substr(0, scheme_end);
    if (equals_ignoring_case(scheme, "http+unix")) return parse_unix(text.substr(scheme_end + 3));
    Url url;
    url.secure_ = equals_ignoring_case(scheme, "https");
    if (!url.secure_ && !equals_ignoring_case(scheme, "http")) {
        return bad_url("its scheme is neither http nor https, nor http+unix");
    }

    std::string_view rest = text.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('#'));
    const std::size_t target_begin = std::min(rest.find_first_of("/?"), rest.size());
    const std::string_view authority = rest.substr(0, target_begin);
    if (authority.find('@') != std::string_view::npos) {
        return bad_url("it has user information before the host; send an Authorization field");
    }
    auto parts = split_authority(authority);
    if (!parts) return parts.error();

    url.bracketed_ = parts->bracketed;
    url.host_.resize(parts->host.size());
    std::ranges::transform(parts->host, url.host_.begin(), [](char byte) {
        return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
    });
    if (url.bracketed_ ? !looks_like_ipv6(url.host_)
                       : !std::ranges::all_of(url.host_, is_name_byte)) {
        return bad_url("its host is neither a name nor an address (IPv6 goes in brackets)");
    }
    url.port_ = url.secure_ ? kHttpsPort : kHttpPort;
    if (!parts->port.empty()) {
        auto port = parse_port(parts->port);
        if (!port) return port.error();
        url.port_ = *port;
    }
    url.target_ = rest.substr(target_begin);
    if (!url.target_.starts_with('/')) url.target_.insert(0, 1, '/');
    return url;
}

Result<Url> Url::parse_unix(std::string_view rest) {
    rest = rest.substr(0, rest.find('#'));
    const std::size_t target_begin = std::min(rest.find_first_of("/?"), rest.size());
    auto socket = parse_socket(rest.substr(0, target_begin));
    if (!socket) return std::move(socket).error();
    Url url;
    url.host_ = *std::move(socket);
    url.target_ = rest.substr(target_begin);
    if (!url.target_.starts_with('/')) url.target_.insert(0, 1, '/');
    return url;
}

std::string Url::origin() const {
    std::string text(scheme());
    if (is_unix()) return text.append("://").append(encoded_socket(host_));
    text += bracketed_ ? "://[" : "://";
    text += host_;
    text += bracketed_ ? "]:" : ":";
    text += std::to_string(port_);
    return text;
}

std::string Url::host_header() const {
    if (is_unix()) return "localhost";
    std::string text = bracketed_ ? "[" + host_ + "]" : host_;
    if (port_ != (secure_ ? kHttpsPort : kHttpPort)) {
        text += ':';
        text += std::to_string(port_);
    }
    return text;
}

std::string Url::text() const {
    if (is_unix()) return origin().append(target_);
    std::string text(scheme());
    text += "://";
    text += host_header();
    text += target_;
    return text;
}

Result<Url> Url::with_path_appended(std::string_view suffix) const {
    auto clean = check_bytes(suffix);
    if (!clean) return clean.error();
    if (suffix.find('#') != std::string_view::npos) {
        return bad_url("a '#' in an appended path; write %23 instead");
    }
    const TargetParts own(target_);
    const TargetParts added(suffix);
    std::string joined(own.path);
    if (!added.path.empty()) {
        if (joined.ends_with('/')) joined.pop_back();
        if (!added.path.starts_with('/')) joined += '/';
        joined += added.path;
    }
    joined += own.query;
    if (!added.query.empty()) {
        joined += own.query.empty() ? '?' : '&';
        joined += added.query.substr(1);
    }
    Url url = *this;
    url.target_ = std::move(joined);
    return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
    auto clean = check_bytes(reference);
    if (!clean) return clean.error();
    reference = reference.substr(0, reference.find('#'));

    const std::size_t mark = reference.find_first_of(":/?");
    const bool has_scheme = mark != std::string_view::npos && reference[mark] == ':';
    if (has_scheme || reference.starts_with("//")) {
        std::string whole = has_scheme ? std::string() : std::string(scheme()) + ':';
        auto url = parse(whole.append(reference));
        if (!url) return url;
        const TargetParts parts(url->target_);
        url->target_ = without_dot_segments(parts.path).append(parts.query);
        return url;
    }

    const TargetParts own(target_);
    const TargetParts other(reference);
    Url url = *this;
    if (other.path.empty()) {
        if (!other.query.empty()) url.target_ = std::string(own.path).append(other.query);
        return url;
    }
    std::string path;
    if (!other.path.starts_with('/')) path = own.path.substr(0, own.path.rfind('/') + 1);
    path += other.path;
    url.target_ = without_dot_segments(path).append(other.query);
    return url;
}

}  // namespace weir::http
