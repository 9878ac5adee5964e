// SPDX-License-Identifier: MIT
//
// Messages as plain data: the request a client sends, and the heads that parsers find. Nothing here
// checks anything; the writers refuse what cannot be sent.
#pragma once

#include <weir/http/wire/headers.h>
#include <weir/http/wire/url.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

/// What was asked decides how an answer is framed: none to HEAD has a body, and a positive one to
/// CONNECT turns the connection into a tunnel.
enum class RequestKind : std::uint8_t { normal, head, connect };

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

    const std::string& method() const noexcept { return method_; }
    const Url& url() const noexcept { return url_; }
    const Headers& headers() const noexcept { return headers_; }
    Headers& headers() noexcept { return headers_; }
    const std::string& body() const noexcept { return body_; }

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
