// SPDX-License-Identifier: MIT
//
// The server's side of HTTP/1.1: any bytes as a client's connection, one request after another.
#include <weir/http/wire/error.h>
#include <weir/http/wire/request_parser.h>

#include <utility>

#include "tests/fuzz/fuzz.h"

using namespace weir;
using http::ParserEvent;

namespace {

http::ParserLimits limits_of(const fuzz::Input& input) {
    http::ParserLimits limits;
    if (input.flag(2)) limits.head_bytes = 100;
    if (input.flag(3)) limits.fields = 3;
    if (input.flag(4)) limits.body_bytes = 20;
    return limits;
}

void add_head(std::string& text, const http::RequestHead& head) {
    fuzz::expect(http::is_token(head.method), "the method is no token");
    fuzz::expect(!head.target.empty() && head.target.find(' ') == std::string::npos,
                 "the target is empty or has a blank");
    text += "[" + head.method + " " + head.target;
    for (const http::Field field : head.headers) {
        fuzz::expect(http::is_token(field.name), "a field's name is no token");
        fuzz::expect(http::is_field_value(field.value), "a field's value has control bytes");
        text.append("\n").append(field.name).append("=").append(field.value);
    }
    text += "]";
}

std::string story(test::Pieces& pieces, const fuzz::Input& input) {
    http::RequestParser parser(limits_of(input));
    std::string text;
    std::string body;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        Bytes rest = pieces[i];
        for (;;) {
            const auto event = parser.next(rest);
            if (!event) {
                // How much of a body comes before it is found too large is a matter of cuts.
                if (event.error() == http::HttpErrc::body_too_large) body.clear();
                return text + body + "|" + event.error().message();
            }
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
