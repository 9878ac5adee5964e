// SPDX-License-Identifier: MIT
#include <weir/http/redirect.h>
#include <weir/http/wire/masked_head.h>

#include <algorithm>
#include <array>
#include <span>

namespace weir::http {
namespace {

bool is_one_of(std::string_view name, std::span<const std::string_view> names) noexcept {
    return std::ranges::any_of(
        names, [&](std::string_view other) { return equals_ignoring_case(name, other); });
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// RFC 9110, 15.4.2 to 15.4.4: what everybody does. Only 303 is meant so; 301 and 302 became so for
/// POST, by what browsers did.
std::string_view next_method(std::string_view method, int status) noexcept {
    const bool is_read = method == "GET" || method == "HEAD";
    if (status == 303 && !is_read) return "GET";
    if ((status == 301 || status == 302) && method == "POST") return "GET";
    return method;
}

/// RFC 9110, 15.4: fields about a body that is not sent.
bool is_about_body(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 6> kOthers = {
        "Digest", "Repr-Digest", "Expect", "Last-Modified", "Trailer", "Transfer-Encoding"};
    constexpr std::string_view kPrefix = "Content-";
    return equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix) ||
           is_one_of(name, kOthers);
}

/// Servers write blanks and other bytes into Location as they are, which no URL has: percent-encode
/// them, as browsers do. In a host they stay an error, since no host has a percent sign.
std::string percent_encoded(std::string_view location) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    text.reserve(location.size());
    for (const char signed_byte : location) {
        const auto byte = static_cast<unsigned char>(signed_byte);
        if (byte != ' ' && byte < 0x80) {
            text += signed_byte;
            continue;
        }
        text += '%';
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xf];
    }
    return text;
}

std::string without_query(const Url& url) {
    std::string text = url.text();
    return text.substr(0, text.find('?'));
}

Error bad_redirect(const Url& from, std::string_view what) {
    return Error(HttpErrc::bad_redirect, "the redirection from " + without_query(from) +
                                             " is not followed: " + std::string(what));
}

}  // namespace

Result<std::optional<Redirect>> Redirects::follow(std::string_view method, const Url& url,
                                                  const Headers& headers,
                                                  const ResponseHead& answer) {
    const std::optional<std::string_view> location = answer.headers.get("Location");
    if (!is_redirect(answer.status) || !location || location->empty() || method == "CONNECT") {
        return std::optional<Redirect>();
    }
    for (const std::string_view other : answer.headers.get_all("Location")) {
        if (other != *location) return bad_redirect(url, "it has two Location fields that differ");
    }
    Result<Url> next = target(url, *location);
    if (!next) return std::move(next).error();

    Visit visit(without_query(url), std::string(method) + ' ' + url.text());
    if (visited_.size() == policy_.hops_) return too_many(visit);
    visited_.push_back(std::move(visit));

    const std::string_view new_method = next_method(method, answer.status);
    const bool keeps_body = new_method == method && answer.status != 303;
    const bool is_elsewhere = next->origin() != url.origin();
    Headers kept;
    for (const Field field : headers) {
        if (equals_ignoring_case(field.name, "Host")) continue;
        if (!keeps_body && is_about_body(field.name)) continue;
        if (is_elsewhere && is_secret(field.name)) continue;
        kept.add(field.name, field.value);
    }
    return std::optional<Redirect>(
        Redirect(std::string(new_method), *std::move(next), std::move(kept), keeps_body));
}

Result<Url> Redirects::target(const Url& from, std::string_view location) const {
    Result<Url> next = from.resolve(percent_encoded(location));
    if (!next) return bad_redirect(from, "its Location: " + next.error().message());
    if (next->is_unix() && next->origin() != from.origin()) {
        return bad_redirect(from, "it leads to a UNIX socket of this machine, to " +
                                      without_query(*next) + "; no server may choose one");
    }
    if (from.is_secure() && !next->is_secure() && !policy_.downgrade_) {
        return bad_redirect(from, "it leads from https to http, to " + without_query(*next) +
                                      "; RedirectPolicy::allow_downgrade allows that");
    }
    return next;
}

Error Redirects::too_many(const Visit& next) const {
    std::string text = "there are more than " + std::to_string(policy_.hops_) +
                       " redirections in a row (RedirectPolicy::hops_max)";
    const auto same = [&](const Visit& visit) {
        return visit.whole == next.whole;
    };
    auto circle = std::find_if(visited_.rbegin(), visited_.rend(), same);
    if (circle == visited_.rend())
        return Error(HttpErrc::bad_redirect, text + ", the last from " + next.shown);
    text += ", and they go in a circle: ";
    for (auto visit = circle.base() - 1; visit != visited_.end(); ++visit)
        text += visit->shown + " -> ";
    return Error(HttpErrc::bad_redirect, text + next.shown);
}

bool Redirects::is_secret(std::string_view name) const noexcept {
    // Origin and Referer tell another site where a call came from, and what was in its URL.
    static constexpr std::array<std::string_view, 2> kTelling = {"Origin", "Referer"};
    return is_secret_field(name) || is_one_of(name, kTelling) ||
           std::ranges::any_of(policy_.secrets_, [&](const std::string& secret) {
               return equals_ignoring_case(name, secret);
           });
}

}  // namespace weir::http
