// SPDX-License-Identifier: MIT
//
// The server's side of HTTP/1.1: any bytes as a client's connection, one request after another.
#include <weir/http/wire/request_parser.h>

#include <utility>

#include "tests/fuzz/http_story.h"

using namespace weir;
using http::ParserEvent;

namespace {

void add_head(std::string& text, const http::RequestHead& head) {
    fuzz::expect(http::is_token(head.method), "the method is no token");
    fuzz::expect(!head.target.empty() && head.target.find(' ') == std::string::npos,
                 "the target is empty or has a blank");
    text += "[" + head.method + " " + head.target;
    text += fuzz::text_of(head.headers);
    text += "]";
}

std::string story(test::Pieces& pieces, const fuzz::Input& input) {
    http::RequestParser parser(fuzz::limits_of(input));
    std::string text;
    std::string body;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        Bytes rest = pieces[i];
        for (;;) {
            const auto event = parser.next(rest);
            if (!event) return fuzz::failed(text, body, event.error());
            if (event->kind == ParserEvent::need_more) {
                fuzz::expect(rest.empty(), "it wants more, and has not taken all");
                break;
            }
            if (event->kind == ParserEvent::head) add_head(text, parser.take_head());
            if (event->kind == ParserEvent::body) {
                fuzz::expect(!event->bytes.empty(), "a piece of a body is empty");
                body += as_text(event->bytes);
            }
            if (event->kind != ParserEvent::end) continue;
            text += std::exchange(body, {}) + (parser.keep_alive() ? "|keep\n" : "|close\n");
            parser.start();
        }
        pieces.release(i);
    }
    const auto event = parser.on_end();
    return text + body + (event ? "|end" : "|" + event.error().message());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::expect_same_in_pieces(data, size, story);
    return 0;
}
