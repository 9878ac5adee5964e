// SPDX-License-Identifier: MIT
#include <weir/http/wire/error.h>
#include <string>

namespace weir::http {
namespace {

class HttpCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "weir.http"; }

    std::string message(int value) const override {
        switch (static_cast<HttpErrc>(value)) {
            case HttpErrc::bad_url:
                return "the URL cannot be used";
            case HttpErrc::bad_request:
                return "the message cannot be sent as HTTP";
            case HttpErrc::malformed_response:
                return "the response is not valid HTTP/1.1";
            case HttpErrc::malformed_request:
                return "the request is not valid HTTP/1.1";
            case HttpErrc::head_too_large:
                return "the message head is larger than the limit";
            case HttpErrc::target_too_large:
                return "the request's target is longer than the limit";
            case HttpErrc::unknown_version:
                return "the request is of a version of HTTP that is not spoken here";
            case HttpErrc::unknown_expectation:
                return "the request expects what is not known here";
            case HttpErrc::body_too_large:
                return "the body is larger than the limit";
            case HttpErrc::event_too_large:
                return "a server-sent event is larger than the limit";
            case HttpErrc::body_cut:
                return "the connection closed before the message was complete";
            case HttpErrc::no_response:
                return "the connection closed before any byte of an answer";
            case HttpErrc::unknown_coding:
                return "the body has a content coding that is not known here";
            case HttpErrc::malformed_coding:
                return "the body is not of the content coding that its head names";
            case HttpErrc::bad_redirect:
                return "the redirection is not followed";
            case HttpErrc::bad_proxy:
                return "the proxy setting cannot be used";
            case HttpErrc::proxy_refused:
                return "the proxy did not open a tunnel";
            case HttpErrc::tls_wrong_host:
                return "the server's certificate is for another host";
            case HttpErrc::tls_unknown_ca:
                return "the server's certificate comes from an authority that is not trusted here";
            case HttpErrc::tls_expired:
                return "the server's certificate is expired or not yet valid";
            case HttpErrc::tls_certificate:
                return "the server's certificate failed verification";
            case HttpErrc::tls_handshake:
                return "the TLS handshake failed";
            case HttpErrc::tls_truncated:
                return "the connection closed without ending TLS: the data may be cut";
            case HttpErrc::tls_failed:
                return "TLS failed";
        }
        return "unknown weir.http error " + std::to_string(value);
    }
};

}  // namespace

const std::error_category& http_category() noexcept {
    static const HttpCategory category;
    return category;
}

std::error_code make_error_code(HttpErrc code) noexcept {
    return std::error_code(static_cast<int>(code), http_category());
}

}  // namespace weir::http
