// SPDX-License-Identifier: MIT
//
// Messages as plain data: the request a client sends, and the heads that parsers find. Nothing here
// checks anything; the writers refuse what cannot be sent.
#pragma once

#include <weir/http/wire/headers.h>
#include <weir/http/wire/url.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

/// What was asked decides how an answer is framed: none to HEAD has a body, and a positive one to
/// CONNECT turns the connection into a tunnel.
enum class RequestKind : std::uint8_t { normal, head, connect };

/// Which requests may be sent again, once, where a kept connection ended before any byte of an
/// answer. Nearly always the server had closed it before it saw the request; but it may have acted
/// on it, and a call that is paid for would then be paid for twice.
enum class Resend : std::uint8_t {
    never,
    /// What RFC 9110, 9.2.2 allows: GET, HEAD, OPTIONS, TRACE, PUT and DELETE, and what has an
    /// Idempotency-Key.
    idempotent,
    any,
};

/// A request with its whole body. Setters chain: `Request("POST", url).header("A",
/// "b").body(text)`.
class Request {
public:
    Request(std::string method_token, Url target)
        : method_(std::move(method_token)), url_(std::move(target)) {}

    Request& header(std::string_view name, std::string_view value) & {
        headers_.add(name, value);
        return *this;
    }
    Request&& header(std::string_view name, std::string_view value) && {
        headers_.add(name, value);
        return std::move(*this);
    }
    Request& body(std::string text) & {
        body_ = std::move(text);
        return *this;
    }
    Request&& body(std::string text) && {
        body_ = std::move(text);
        return std::move(*this);
    }

    /// Instead of ClientOptions::resend_unanswered(), for this request.
    Request& resend_unanswered(Resend which) & { return resend_ = which, *this; }
    Request&& resend_unanswered(Resend which) && {
        resend_ = which;
        return std::move(*this);
    }

    const std::string& method() const noexcept { return method_; }
    const Url& url() const noexcept { return url_; }
    const Headers& headers() const noexcept { return headers_; }
    Headers& headers() noexcept { return headers_; }
    const std::string& body() const noexcept { return body_; }

    /// Nothing: as the client does it.
    std::optional<Resend> resend_unanswered() const noexcept { return resend_; }
    /// Whether to send it twice means no more than to send it once (RFC 9110, 9.2.2).
    bool is_idempotent() const noexcept {
        static constexpr std::array<std::string_view, 6> kMethods = {"GET",   "HEAD", "OPTIONS",
                                                                     "TRACE", "PUT",  "DELETE"};
        return std::find(kMethods.begin(), kMethods.end(), method_) != kMethods.end() ||
               headers_.contains("Idempotency-Key");
    }

    /// How an answer to this request is framed.
    RequestKind kind() const noexcept {
        if (method_ == "HEAD") return RequestKind::head;
        return method_ == "CONNECT" ? RequestKind::connect : RequestKind::normal;
    }

private:
    std::string method_;
    Url url_;
    Headers headers_;
    std::string body_;
    std::optional<Resend> resend_;
};

/// The status line and fields of a response.
class ResponseHead {
public:
    ResponseHead() = default;
    ResponseHead(int status_code, std::string reason_text, Headers fields)
        : reason(std::move(reason_text)), headers(std::move(fields)), status(status_code) {}

    bool is_success() const noexcept { return status >= 200 && status < 300; }

    std::string reason;  ///< for people only; often empty
    Headers headers;
    int status = 0;
    int minor_version = 1;  ///< of HTTP/1.x
};

/// The request line and fields of a request, as a server receives it.
class RequestHead {
public:
    RequestHead() = default;
    RequestHead(std::string method_token, std::string request_target, Headers fields)
        : method(std::move(method_token)),
          target(std::move(request_target)),
          headers(std::move(fields)) {}

    RequestKind kind() const noexcept {
        if (method == "HEAD") return RequestKind::head;
        return method == "CONNECT" ? RequestKind::connect : RequestKind::normal;
    }

    std::string method;
    std::string target;  ///< as sent: usually "/path?query"
    Headers headers;
    int minor_version = 1;  ///< of HTTP/1.x
};

}  // namespace weir::http
