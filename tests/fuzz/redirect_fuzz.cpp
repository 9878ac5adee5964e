// SPDX-License-Identifier: MIT
//
// Redirections: any bytes as a Location, over some hops. Secrets stay with their origin, https does
// not become http, and what is to be sent next can be sent.
#include <weir/http/redirect.h>
#include <weir/http/wire/request_writer.h>
#include <weir/http/wire/response_parser.h>

#include "tests/fuzz/fuzz.h"

using namespace weir;
using http::Url;

namespace {

http::Headers fields() {
    http::Headers headers;
    headers.add("Authorization", "Bearer s");
    headers.add("Content-Type", "text/plain");
    headers.add("X-Mine", "s");
    headers.add("X", "y");
    return headers;
}

/// The redirection as the parser gives it, if it is one.
Result<http::ResponseHead> answer(std::string_view status, std::string_view location) {
    const std::string head =
        "HTTP/1.1 " + std::string(status) + " \r\nLocation: " + std::string(location) + "\r\n\r\n";
    http::ResponseParser parser;
    parser.start(http::RequestKind::normal);
    Bytes input = as_bytes(head);
    const auto event = parser.next(input);
    if (!event) return event.error();
    if (event->kind != http::ParserEvent::head) return Error(http::HttpErrc::body_cut);
    return parser.take_head();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kHopsMax = 4;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    http::RedirectPolicy policy;
    http::Redirects redirects(policy.hops_max(kHopsMax).secret("x-mine"));
    Url url = Url::parse("https://h:8443/a/b?c").value();
    std::string method = "POST";
    http::Headers headers = fields();
    bool has_left = false;
    std::size_t hops = 0;
    while (text.size() > 3) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto head =
            answer(line.substr(0, 3), line.substr(std::min<std::size_t>(3, line.size())));
        if (!head) continue;
        const auto next = redirects.follow(method, url, headers, *head);
        if (!next) {
            fuzz::expect(next.error() == http::HttpErrc::bad_redirect, "another error");
            continue;
        }
        if (!next->has_value()) continue;
        fuzz::expect(++hops <= kHopsMax, "more hops than allowed");
        const http::Redirect& redirect = **next;
        fuzz::expect(redirect.url.is_secure(), "it has left TLS");
        has_left = has_left || redirect.url.origin() != url.origin();
        const bool has_secrets =
            redirect.headers.contains("Authorization") || redirect.headers.contains("X-Mine");
        fuzz::expect(has_secrets != has_left, "a secret has left its origin, or was lost");
        fuzz::expect(redirect.keeps_body || !redirect.headers.contains("Content-Type"),
                     "fields about a body are kept without it");
        url = redirect.url;
        method = redirect.method;
        headers = redirect.headers;
        ByteQueue out;
        http::Request request(method, url);
        request.headers() = headers;
        fuzz::expect(http::write_request(out, request).has_value(), "it cannot be sent");
    }
    return 0;
}
