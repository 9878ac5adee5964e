// SPDX-License-Identifier: MIT
//
// The client's side of HTTP/1.1: any bytes as a server's answer.
#include <weir/http/wire/response_parser.h>

#include "tests/fuzz/http_story.h"

using namespace weir;
using http::ParserEvent;

namespace {

std::string story(test::Pieces& pieces, const fuzz::Input& input) {
    http::ResponseParser parser(fuzz::limits_of(input));
    parser.start(input.flag(0) ? http::RequestKind::head : http::RequestKind::normal);
    std::string text;
    std::string body;
    std::string left;  // what is not part of the answer
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        Bytes rest = pieces[i];
        while (!parser.is_done()) {
            const auto event = parser.next(rest);
            if (!event) return fuzz::failed(text, body, event.error());
            if (event->kind == ParserEvent::need_more) {
                fuzz::expect(rest.empty(), "it wants more, and has not taken all");
                break;
            }
            if (event->kind == ParserEvent::body) {
                fuzz::expect(!event->bytes.empty(), "a piece of a body is empty");
                body += as_text(event->bytes);
            }
            if (event->kind != ParserEvent::head) continue;
            const http::ResponseHead head = parser.take_head();
            fuzz::expect(head.status >= 200 && head.status < 1000, "no final status");
            text += "[" + std::to_string(head.status) + " " + head.reason;
            text += fuzz::text_of(head.headers);
            text += "]";
        }
        if (parser.is_done()) left += as_text(rest);
        pieces.release(i);
    }
    text += body;
    if (parser.is_done()) return text + (parser.keep_alive() ? "|keep " : "|close ") + left;
    if (!input.flag(1)) return text + "|more";
    const auto event = parser.on_end();
    return text + (event ? "|end" : "|" + event.error().message());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::expect_same_in_pieces(data, size, story);
    return 0;
}
