// SPDX-License-Identifier: MIT
//
// An absolute http or https URL, or one of http over a UNIX socket, split and checked. Strict:
// whatever could be read in two ways (user info, backslashes, control bytes, raw non-ASCII) is
// refused with a sentence on how to write it. Does not decode or normalise the path of a URL that
// is parsed; only resolve() takes dots out.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

class Url {
public:
    /// HttpErrc::bad_url when `text` is not "http://host[:port][/path][?query]", or https, or
    /// "http+unix://%2Frun%2Fit.sock[/path][?query]": the absolute path of a socket with its
    /// slashes as %2F, or "%40" and an abstract name.
    static Result<Url> parse(std::string_view text);

    std::string_view scheme() const noexcept {
        if (is_unix()) return "http+unix";
        return secure_ ? "https" : "http";
    }
    bool is_secure() const noexcept { return secure_; }
    /// Whether it leads to a UNIX socket.
    bool is_unix() const noexcept { return port_ == 0; }
    /// Lower case; an IPv6 address without its brackets. Of a UNIX socket its path, decoded, or '@'
    /// and its abstract name.
    const std::string& host() const noexcept { return host_; }
    /// 0 for a UNIX socket.
    std::uint16_t port() const noexcept { return port_; }
    /// The request target: "/" at least, without the fragment.
    const std::string& path_and_query() const noexcept { return target_; }

    /// "https://host:port", or "http+unix://%2Frun%2Fit.sock": equal for two URLs exactly if they
    /// share connections.
    std::string origin() const;
    /// The Host field: the port only where it is not the scheme's own; "localhost" for a UNIX
    /// socket.
    std::string host_header() const;
    /// The whole URL, the port only where it is not the scheme's own.
    std::string text() const;

    /// This URL with `suffix` appended to its own path: "https://h/v1" or "https://h/v1/" with
    /// "chat" or "/chat" gives "https://h/v1/chat". This URL's query stays at the end; a query of
    /// the suffix joins it.
    Result<Url> with_path_appended(std::string_view suffix) const;

    /// What `reference`, as in a Location field, means beside this URL: RFC 3986, 5.2, strictly (so
    /// "http:g" is refused), with the dot segments of its path removed and its fragment dropped.
    /// HttpErrc::bad_url as from parse().
    Result<Url> resolve(std::string_view reference) const;

private:
    Url() = default;

    static Result<Url> parse_unix(std::string_view rest);

    std::string host_;
    std::string target_;
    std::uint16_t port_ = 0;  // 0: a UNIX socket
    bool secure_ = false;
    bool bracketed_ = false;  // The host is an IPv6 address.
};

}  // namespace weir::http
