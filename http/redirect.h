// SPDX-License-Identifier: MIT
//
// What a redirection asks for, as a value: method, URL and fields of the next request, by RFC 9110,
// 15.4, and, where that leaves a choice, as browsers do (the fetch standard). Pure: sends nothing.
// Careful with secrets: they do not cross to another origin, and https does not become http.
#pragma once

#include <weir/http/wire/error.h>
#include <weir/http/wire/headers.h>
#include <weir/http/wire/message.h>
#include <weir/http/wire/url.h>
#include <weir/runtime/base/result.h>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

/// What of a redirection is followed.
class RedirectPolicy {
public:
    RedirectPolicy() {}

    /// Redirections of one call; one more is HttpErrc::bad_redirect. Default: 10.
    RedirectPolicy& hops_max(std::size_t count) noexcept { return hops_ = count, *this; }
    /// Follow from https to http, too, where everybody on the way can read along. Default: no.
    RedirectPolicy& allow_downgrade() noexcept { return downgrade_ = true, *this; }
    /// A field that only the origin may see which it was meant for, as Authorization, Cookie,
    /// Proxy-Authorization, X-Api-Key, Api-Key and X-Goog-Api-Key always are.
    RedirectPolicy& secret(std::string name) {
        secrets_.push_back(std::move(name));
        return *this;
    }

private:
    friend class Redirects;
    std::vector<std::string> secrets_;
    std::size_t hops_ = 10;
    bool downgrade_ = false;
};

/// The request to send next.
class Redirect {
public:
    Redirect(std::string method_token, Url target, Headers fields, bool sends_body)
        : method(std::move(method_token)),
          url(std::move(target)),
          headers(std::move(fields)),
          keeps_body(sends_body) {}

    std::string method;
    Url url;
    Headers headers;  ///< those of the request before, without what must not go on
    bool keeps_body;  ///< the body of the request before, if it had one, is sent once more
};

/// The redirections of one call, in order.
class Redirects {
public:
    explicit Redirects(RedirectPolicy policy = RedirectPolicy()) : policy_(std::move(policy)) {}

    /// What follows from the answer to a request that was sent with this method, URL and fields
    /// (the last one sent, not the first). Nothing where the answer is to be kept: its status is
    /// none of 301, 302, 303, 307 and 308, or it has no Location.
    /// HttpErrc::bad_redirect, with the URLs but without their queries in the message, for a
    /// Location that cannot be used, a downgrade, and too many hops; a circle is named as such.
    Result<std::optional<Redirect>> follow(std::string_view method, const Url& url,
                                           const Headers& headers, const ResponseHead& answer);

    std::size_t hops() const noexcept { return visited_.size(); }

private:
    class Visit {
    public:
        Visit(std::string shown_text, std::string whole_text)
            : shown(std::move(shown_text)), whole(std::move(whole_text)) {}

        std::string shown;  // the URL without its query, which may hold keys
        std::string whole;  // method and URL
    };

    Result<Url> target(const Url& from, std::string_view location) const;
    Error too_many(const Visit& next) const;
    bool is_secret(std::string_view name) const noexcept;

    RedirectPolicy policy_;
    std::vector<Visit> visited_;  // at most hops_max
};

}  // namespace weir::http
