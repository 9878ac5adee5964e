// SPDX-License-Identifier: MIT
//
// Finds what g++ 12 destroys twice: temporaries of two kinds in the expression after a co_await,
// and what a co_await gives that is an operand of "?:". Works on code without comments and
// literals, by brackets alone; it knows no types, so it also names a harmless `co_await
// f(Seconds{1})`. Write parentheses there.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weir::tidy {

/// Where the bracket at `open` is closed, or the end.
inline std::size_t closing(const std::string& code, std::size_t open) {
    int depth = 0;
    for (std::size_t at = open; at < code.size(); ++at) {
        if (std::string_view("([{").find(code[at]) != std::string_view::npos) ++depth;
        if (std::string_view(")]}").find(code[at]) != std::string_view::npos && --depth == 0) {
            return at;
        }
    }
    return code.size();
}

/// True for "&", "&x, this" and "": captures that may be destroyed twice without harm.
inline bool captures_are_trivial(std::string_view captures) {
    while (!captures.empty()) {
        const std::size_t comma = std::min(captures.find(','), captures.size());
        std::string_view one = captures.substr(0, comma);
        one.remove_prefix(std::min(one.find_first_not_of(" \n"), one.size()));
        if (!one.empty() && one[0] != '&' && !one.starts_with("this")) return false;
        captures.remove_prefix(std::min(comma + 1, captures.size()));
    }
    return true;
}

/// The first temporary in the expression after a co_await that g++ 12 would destroy twice: an
/// aggregate made with braces, or a lambda with a capture by value.
inline std::optional<std::size_t> dangerous_temporary(const std::string& code, std::size_t at) {
    char before = ' ';  // the last character that was not blank
    for (int depth = 0; at < code.size(); ++at) {
        const char c = code[at];
        if (c == '{') return depth > 0 || before != ')' ? std::optional(at) : std::nullopt;
        if (c == ';' && depth == 0) return std::nullopt;
        if ((c == ')' || c == ']' || c == '}') && --depth < 0) return std::nullopt;
        if (c == '(') ++depth;
        if (c == '[') {
            const std::size_t close = closing(code, at);
            const bool is_index = before == ')' || before == ']' || before == '_' ||
                                  std::isalnum(static_cast<unsigned char>(before)) != 0;
            if (!is_index) {
                const std::string_view inner =
                    std::string_view(code).substr(at + 1, close - at - 1);
                if (!captures_are_trivial(inner)) return at;
                // What the body awaits is looked at when its own co_await is met.
                const std::size_t body = code.find('{', close);
                at = body == std::string::npos ? code.size() : closing(code, body);
            } else {
                at = close;
            }
        }
        if (at < code.size() && std::isspace(static_cast<unsigned char>(code[at])) == 0) {
            before = code[at];
        }
    }
    return std::nullopt;
}

/// Whether the co_await at `at` is what a "?:" chooses. Harmless for numbers; name it all the same.
inline bool is_chosen_by_a_condition(const std::string& code, std::size_t at) {
    int depth = 0;
    while (at-- > 0) {
        const char c = code[at];
        if (c == ')' || c == ']') ++depth;
        if ((c == '(' || c == '[') && --depth < 0) return false;
        if (depth > 0) continue;
        if (c == '?') return true;
        if (c == ';' || c == ',' || c == '{' || c == '}') return false;
    }
    return false;
}

}  // namespace weir::tidy
