// SPDX-License-Identifier: MIT
//
// Proxy settings: any bytes as the variables, one a line, and the rest as URLs. No secret is shown,
// and what is written to a proxy is one CONNECT request.
#include <weir/http/proxy.h>
#include <weir/http/wire/request_parser.h>

#include "tests/fuzz/fuzz.h"

using namespace weir;
using http::Url;

namespace {

std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

void expect_one_request(const Url& target, const http::Proxy& proxy) {
    ByteQueue out;
    http::write_connect(out, target, proxy);
    Bytes written = out.readable();
    http::RequestParser parser;
    fuzz::expect(parser.next(written).value().kind == http::ParserEvent::head, "no request");
    const http::RequestHead head = parser.take_head();
    fuzz::expect(head.kind() == http::RequestKind::connect, "no CONNECT");
    fuzz::expect_equal(head.headers.get("Host").value_or(""), head.target, "two targets");
    fuzz::expect_equal(head.headers.get("Proxy-Authorization").value_or(""), proxy.authorization(),
                       "other credentials");
    fuzz::expect(written.empty(), "there is something behind the request");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view kSecret = "s3cr3t";
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string proxy_text(take_line(text));
    const std::string exemptions(take_line(text));
    const auto settings =
        http::ProxySettings::from([&](std::string_view name) -> std::optional<std::string> {
            if (name == "all_proxy") return proxy_text;
            if (name == "no_proxy") return exemptions;
            return std::nullopt;
        });
    if (!settings) {
        fuzz::expect(settings.error() == http::HttpErrc::bad_proxy, "another error");
        fuzz::expect(settings.error().message().find(kSecret) == std::string::npos,
                     "a secret is shown");
        return 0;
    }
    while (!text.empty()) {
        const auto url = Url::parse(take_line(text));
        if (!url) continue;
        if (const http::Proxy* proxy = settings->proxy_for(*url)) expect_one_request(*url, *proxy);
    }
    return 0;
}
