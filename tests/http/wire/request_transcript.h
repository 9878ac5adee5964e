// SPDX-License-Identifier: MIT
//
// What a server's parser makes of bytes, as one line of text, under every cut of them.
#pragma once

#include <gtest/gtest.h>

#include <weir/http/wire/error.h>
#include <weir/http/wire/request_parser.h>
#include <string>
#include <string_view>

#include "tests/support/splitter.h"

namespace weir::test::request {

inline std::string error_name(const Error& error) {
    if (error == http::HttpErrc::malformed_request) return "malformed";
    if (error == http::HttpErrc::head_too_large) return "head_too_large";
    if (error == http::HttpErrc::target_too_large) return "target_too_large";
    if (error == http::HttpErrc::unknown_version) return "version";
    if (error == http::HttpErrc::unknown_expectation) return "expectation";
    if (error == http::HttpErrc::body_too_large) return "body_too_large";
    if (error == http::HttpErrc::body_cut) return "cut";
    return error.message();
}

/// For each request "[METHOD target name=value;]body|end keep ", then how the input ended.
inline std::string transcript(Pieces& pieces, http::ParserLimits limits, bool closes) {
    http::RequestParser parser(limits);
    std::string text;
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        Bytes input = pieces[index];
        while (true) {
            if (parser.is_done()) parser.start();
            auto event = parser.next(input);
            if (!event) return text + "|" + error_name(event.error());
            if (event->kind == http::ParserEvent::need_more) break;
            if (event->kind == http::ParserEvent::head) {
                const auto head = parser.take_head();
                text += "[" + head.method + " " + head.target;
                for (const auto field : head.headers) {
                    text.append(" ").append(field.name).append("=").append(field.value).append(";");
                }
                text += parser.expects_continue() ? " waits]" : "]";
            }
            if (event->kind == http::ParserEvent::body) text += as_text(event->bytes);
            if (event->kind == http::ParserEvent::end) {
                text += parser.keep_alive() ? "|end keep " : "|end close ";
            }
        }
        EXPECT_TRUE(input.empty());
        pieces.release(index);
    }
    if (!closes) return text + "|more";
    auto event = parser.on_end();
    return text + (event ? "|closed" : "|" + error_name(event.error()));
}

inline void expect_parsed(std::string_view input, std::string_view expected, bool closes = false,
                          http::ParserLimits limits = http::ParserLimits()) {
    SCOPED_TRACE(std::string(input.substr(0, 200)));
    for_each_cut(input,
                 [&](Pieces& pieces) { EXPECT_EQ(transcript(pieces, limits, closes), expected); });
}

}  // namespace weir::test::request
