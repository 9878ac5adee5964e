// SPDX-License-Identifier: MIT
//
// What the targets of both sides of HTTP/1.1 share: limits drawn from the input, and fields as
// text.
#pragma once

#include <weir/http/wire/error.h>
#include <weir/http/wire/headers.h>
#include <weir/http/wire/parser_event.h>

#include <string>

#include "tests/fuzz/fuzz.h"

namespace weir::fuzz {

inline http::ParserLimits limits_of(const Input& input) {
    http::ParserLimits limits;
    if (input.flag(2)) limits.head_bytes = 100;
    if (input.flag(3)) limits.fields = 3;
    if (input.flag(4)) limits.body_bytes = 20;
    return limits;
}

inline std::string text_of(const http::Headers& headers) {
    std::string text;
    for (const http::Field field : headers) {
        expect(http::is_token(field.name), "a field's name is no token");
        expect(http::is_field_value(field.value), "a field's value has control bytes");
        text.append("\n").append(field.name).append("=").append(field.value);
    }
    return text;
}

/// The end of a story. How much of a body comes before it is found too large is a matter of cuts.
inline std::string failed(const std::string& text, const std::string& body, const Error& error) {
    const bool is_cut = error == http::HttpErrc::body_too_large;
    return text + (is_cut ? "" : body) + "|" + error.message();
}

}  // namespace weir::fuzz
