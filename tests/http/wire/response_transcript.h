// SPDX-License-Identifier: MIT
//
// What a client's parser makes of bytes, as one line of text, under every cut of them.
#pragma once

#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/response_parser.h>
#include <string>
#include <string_view>

#include "tests/support/splitter.h"

namespace weir::test::response {

class Options {
public:
    Options() {}
    http::RequestKind kind = http::RequestKind::normal;
    http::ParserLimits limits;
    bool closes = false;  // The peer closes behind the input.
};

inline std::string error_name(const Error& error) {
    if (error == http::HttpErrc::malformed_response) return "malformed";
    if (error == http::HttpErrc::head_too_large) return "head_too_large";
    if (error == http::HttpErrc::body_too_large) return "body_too_large";
    if (error == http::HttpErrc::body_cut) return "cut";
    if (error == http::HttpErrc::no_response) return "no_response";
    return error.message();
}

/// "[status name=value;]body|end keep+<what is left>", and "|more" or "|<error>" for other ends.
inline std::string transcript(Pieces& pieces, const Options& options) {
    http::ResponseParser parser(options.limits);
    parser.start(options.kind);
    std::string text;
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        Bytes input = pieces[index];
        while (!parser.is_done()) {
            auto event = parser.next(input);
            if (!event) return text + "|" + error_name(event.error());
            if (event->kind == http::ParserEvent::need_more) break;
            if (event->kind == http::ParserEvent::head) {
                const auto head = parser.take_head();
                text += "[" + std::to_string(head.status) + " " + head.reason;
                for (const auto field : head.headers) {
                    text.append(" ").append(field.name).append("=").append(field.value).append(";");
                }
                text += "]";
            }
            if (event->kind == http::ParserEvent::body) text += as_text(event->bytes);
            if (event->kind == http::ParserEvent::end) {
                text += parser.keep_alive() ? "|end keep+" : "|end close+";
            }
        }
        if (parser.is_done()) text += as_text(input);
        pieces.release(index);
    }
    if (parser.is_done()) return text;
    if (!options.closes) return text + "|more";
    auto event = parser.on_end();
    return text + (event ? "|end" : "|" + error_name(event.error()));
}

inline void expect_parsed(std::string_view input, std::string_view expected, Options options = {}) {
    SCOPED_TRACE(std::string(input.substr(0, 200)));
    for_each_cut(input, [&](Pieces& pieces) { EXPECT_EQ(transcript(pieces, options), expected); });
}

inline std::string parsed_whole(std::string_view input, Options options = {}) {
    Pieces pieces;
    pieces.add(input);
    return transcript(pieces, options);
}

inline Options closing() {
    Options options;
    options.closes = true;
    return options;
}

inline Options asked_by(http::RequestKind kind) {
    Options options;
    options.kind = kind;
    return options;
}

}  // namespace weir::test::response
