// SPDX-License-Identifier: MIT
//
// What can go wrong with HTTP and the TLS below it, as codes of the category "weir.http". The
// sentence in the Error says more; the code is what a caller can decide by.
#pragma once

#include <weir/runtime/base/error.h>
#include <cstdint>
#include <system_error>

namespace weir::http {

enum class HttpErrc : std::uint8_t {
    bad_url = 1,          ///< text that is not a usable http or https URL
    bad_request,          ///< the caller gave a method, field or body that cannot be sent
    malformed_response,   ///< the peer's answer breaks HTTP/1.1, or uses what is not supported
    malformed_request,    ///< the same for a request, seen by a server
    head_too_large,       ///< more head bytes or fields than the limits allow
    target_too_large,     ///< a request's target is longer than the limit
    unknown_version,      ///< a request of another major version than HTTP/1
    unknown_expectation,  ///< a request's Expect asks for more than 100-continue
    body_too_large,       ///< more body bytes than the limits allow
    event_too_large,      ///< one server-sent event larger than the limit allows
    body_cut,             ///< the connection closed inside a message: the message is truncated
    no_response,          ///< the connection closed before any byte of an answer
    unknown_coding,       ///< a Content-Encoding that is not known here
    malformed_coding,     ///< the body is not what its Content-Encoding says
    bad_redirect,         ///< a redirection that is not followed: unusable, unsafe, or one too many
    bad_proxy,            ///< a proxy setting that cannot be used
    proxy_refused,        ///< the proxy did not open a tunnel
    tls_wrong_host,       ///< the certificate is for another host name
    tls_unknown_ca,       ///< the certificate's issuer is not trusted here
    tls_expired,          ///< the certificate is expired, or not yet valid
    tls_certificate,      ///< the certificate failed verification for another reason
    tls_handshake,        ///< the peers could not agree on how to speak TLS
    tls_truncated,        ///< the connection closed without TLS's own goodbye
    tls_failed,           ///< any other TLS failure
};

const std::error_category& http_category() noexcept;
std::error_code make_error_code(HttpErrc code) noexcept;

}  // namespace weir::http

template <>
struct std::is_error_code_enum<weir::http::HttpErrc> : std::true_type {};
