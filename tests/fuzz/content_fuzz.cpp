// SPDX-License-Identifier: MIT
//
// Content codings: any bytes as a body of each. What is decoded does not depend on cuts, and is
// never more than allowed.
#include <weir/http/wire/content_decoder.h>

#include "tests/fuzz/fuzz.h"

using namespace weir;
using http::ContentDecoder;

namespace {

constexpr std::uint64_t kBodyMax = 256 * 1024;

std::string story(test::Pieces& pieces, const fuzz::Input& input) {
    http::Headers headers;
    if (input.flag(0)) headers.add("Content-Encoding", "gzip");
    if (input.flag(1)) headers.add("Content-Encoding", "deflate");
    if (input.flag(2)) headers.add("Content-Encoding", "identity, x-gzip");
    http::ExpansionLimits limits;
    limits.body_bytes = kBodyMax;
    limits.ratio = 2000;  // where it is found exceeded is a matter of cuts
    ContentDecoder decoder = ContentDecoder::for_headers(headers, limits).value();
    std::string body;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        Bytes rest = pieces[i];
        for (;;) {
            const auto event = decoder.next(rest);
            if (!event) {
                const bool is_cut = event.error() == http::HttpErrc::body_too_large;
                return (is_cut ? "" : body) + "|" + event.error().message();
            }
            if (event->kind == http::ParserEvent::need_more) break;
            fuzz::expect(event->kind == http::ParserEvent::body, "no other event is known");
            fuzz::expect(!event->bytes.empty(), "a piece of a body is empty");
            body += as_text(event->bytes);
            fuzz::expect(body.size() <= kBodyMax, "the limit is exceeded");
        }
        fuzz::expect(rest.empty(), "it wants more, and has not taken all");
        pieces.release(i);
    }
    const Result<void> end = decoder.on_end();
    return body + "|" + (end ? "end" : end.error().message());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::expect_same_in_pieces(data, size, story);
    return 0;
}
