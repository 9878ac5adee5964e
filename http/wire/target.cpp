// SPDX-License-Identifier: MIT
#include <weir/http/wire/headers.h>
#include <weir/http/wire/target.h>
#include <algorithm>
#include <cstddef>

namespace weir::http {
namespace {

bool is_digit(char byte) noexcept {
    return byte >= '0' && byte <= '9';
}

/// The value of a hexadecimal digit, or -1.
int digit_value(char byte) noexcept {
    if (is_digit(byte)) return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

bool is_name_byte(char byte) noexcept {
    const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    return is_letter || is_digit(byte) ||
           std::string_view("-._~!$&'()*+;=%").find(byte) != std::string_view::npos;
}

bool is_host(std::string_view host) noexcept {
    if (!host.starts_with('[')) return std::ranges::all_of(host, is_name_byte);
    if (!host.ends_with(']') || host.size() < 4) return false;  // "[::]"
    return std::ranges::all_of(host.substr(1, host.size() - 2), [](char byte) {
        return digit_value(byte) >= 0 || byte == ':' || byte == '.';
    });
}

bool is_port(std::string_view port) noexcept {
    constexpr std::size_t kDigitsMax = 5;
    if (port.size() > kDigitsMax || !std::ranges::all_of(port, is_digit)) return false;
    int number = 0;
    for (const char digit : port)
        number = number * 10 + (digit - '0');
    return number < 65536;
}

/// RFC 9112, 3.2: no blanks and control bytes; a '#' is read as a fragment by some and not by
/// others.
bool is_visible(std::string_view target) noexcept {
    return std::ranges::all_of(target,
                               [](char byte) { return byte > 0x20 && byte < 0x7f && byte != '#'; });
}

/// What '%' and two digits at `at` stand for, or -1.
int decoded_at(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 3) return -1;
    const int high = digit_value(text[at + 1]);
    const int low = digit_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string decode_form(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const int byte = text[at] == '%' ? decoded_at(text, at) : -1;
        if (byte >= 0) {
            decoded.push_back(static_cast<char>(byte));
            at += 2;
        } else {
            decoded.push_back(text[at] == '+' ? ' ' : text[at]);
        }
    }
    return decoded;
}

}  // namespace

std::optional<RequestTarget> RequestTarget::parse(std::string_view method,
                                                  std::string_view target) noexcept {
    if (target.empty() || !is_visible(target)) return std::nullopt;
    RequestTarget parts;
    if (method == "CONNECT") {
        const std::size_t colon = target.rfind(':');
        const bool has_port = colon != std::string_view::npos && colon > 0 &&
                              colon + 1 < target.size() && is_digit(target.back());
        if (!has_port || !is_authority(target)) return std::nullopt;
        parts.authority = target;
        return parts;
    }
    if (target == "*") {
        if (method != "OPTIONS") return std::nullopt;
        parts.path = target;
        return parts;
    }
    if (target.front() != '/') {
        const std::size_t scheme_end = std::min(target.find("://"), target.size());
        const std::string_view scheme = target.substr(0, scheme_end);
        if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
            return std::nullopt;
        }
        target.remove_prefix(std::min(scheme_end + 3, target.size()));
        const std::size_t end = std::min(target.find_first_of("/?"), target.size());
        parts.authority = target.substr(0, end);
        if (end == 0 || parts.authority.front() == ':' || !is_authority(parts.authority)) {
            return std::nullopt;
        }
        target.remove_prefix(end);
    }
    const std::size_t mark = std::min(target.find('?'), target.size());
    parts.path = target.substr(0, mark);
    parts.query = target.substr(std::min(mark + 1, target.size()));
    // RFC 9112, 3.2.4: OPTIONS without a path is about the server.
    if (parts.path.empty()) parts.path = method == "OPTIONS" && mark == target.size() ? "*" : "/";
    return parts;
}

bool is_authority(std::string_view text) noexcept {
    const std::size_t bracket = text.rfind(']');
    const std::size_t from = bracket == std::string_view::npos ? 0 : bracket;
    const std::size_t colon = text.find(':', from);
    if (colon == std::string_view::npos) return is_host(text);
    return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

std::optional<std::string> decode_segment(std::string_view segment) {
    std::string decoded;
    decoded.reserve(segment.size());
    for (std::size_t at = 0; at < segment.size(); ++at) {
        if (segment[at] != '%') {
            decoded.push_back(segment[at]);
            continue;
        }
        const int byte = decoded_at(segment, at);
        if (byte <= 0) return std::nullopt;
        decoded.push_back(static_cast<char>(byte));
        at += 2;
    }
    if (decoded == "." || decoded == "..") return std::nullopt;
    return decoded;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        parameters.emplace_back(decode_form(pair.substr(0, equals)),
                                decode_form(pair.substr(std::min(equals + 1, pair.size()))));
    }
    return parameters;
}

}  // namespace weir::http
