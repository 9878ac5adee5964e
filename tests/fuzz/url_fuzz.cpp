// SPDX-License-Identifier: MIT
//
// URLs: what is accepted says the same when it is written out and read again, and so does what a
// reference means beside it.
#include <weir/http/wire/url.h>

#include "tests/fuzz/fuzz.h"

using namespace weir;
using http::Url;

namespace {

void expect_stable(const Url& url) {
    const Result<Url> again = Url::parse(url.text());
    fuzz::expect(again.has_value(), "a URL that was accepted is refused when it is read again");
    fuzz::expect_equal(url.text(), again->text(), "the text is another");
    fuzz::expect_equal(url.origin(), again->origin(), "the origin is another");
    fuzz::expect_equal(url.host(), again->host(), "the host is another");
    fuzz::expect_equal(url.path_and_query(), again->path_and_query(), "the target is another");
    for (const char byte : url.text())
        fuzz::expect(byte > ' ' && byte != 0x7f, "a URL has a blank or a control byte");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t middle = text.find('\n');
    const Result<Url> url = Url::parse(text.substr(0, middle));
    if (!url) return 0;
    expect_stable(*url);
    if (middle == std::string_view::npos) return 0;
    const std::string_view other = text.substr(middle + 1);
    const Result<Url> meant = url->resolve(other);
    if (meant) {
        expect_stable(*meant);
        const bool names_host = other.find("//") != std::string_view::npos;
        if (!names_host) fuzz::expect_equal(url->origin(), meant->origin(), "a path names a host");
        if (other.starts_with('/') || names_host) {
            const Result<Url> again = meant->resolve(meant->text());
            fuzz::expect_equal(meant->text(), again.value().text(), "dot segments are left");
        }
    }
    const Result<Url> longer = url->with_path_appended(other);
    if (!longer) return 0;
    expect_stable(*longer);
    fuzz::expect_equal(url->origin(), longer->origin(), "a path has changed the origin");
    return 0;
}
