// SPDX-License-Identifier: MIT
//
// The target of a request, taken apart and decoded: RFC 9112, 3.2, and RFC 3986. Nothing here
// allows two readings: a path that could lead elsewhere once decoded is for the caller to refuse,
// and decode_segment() makes that easy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

/// Views into the target that was parsed.
class RequestTarget {
public:
    /// Nothing where `target` has none of the four forms, or not the one that `method` wants.
    static std::optional<RequestTarget> parse(std::string_view method,
                                              std::string_view target) noexcept;

    /// "host:port" of a proxy's request or of CONNECT; empty for the usual "/path?query".
    std::string_view authority;
    /// As sent, with its percent signs: "/" at least, "*" for OPTIONS of the whole server, empty
    /// for CONNECT.
    std::string_view path;
    /// What follows the first '?', without it.
    std::string_view query;
};

/// RFC 3986, 3.2, without user info: a name, an IPv4 address or an IPv6 one in brackets, and
/// perhaps a port. Refuses a comma, which two Host fields become where they are joined.
bool is_authority(std::string_view text) noexcept;

/// One segment of a path, between slashes, decoded. Nothing where a '%' is not followed by two
/// digits, or where the decoded segment is "." or "..", or has a NUL.
std::optional<std::string> decode_segment(std::string_view segment);

/// A query as forms send it: "a=1&b=2", '+' for a blank. Names and values are decoded; a '%'
/// without two digits stays, as in browsers. A name without '=' has an empty value.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace weir::http
