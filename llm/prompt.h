// SPDX-License-Identifier: MIT
//
// Prompts with blanks to fill in: "Tell me about {topic} in {n} words". Parsed once, rendered
// often. A name that is missing or that nobody asked for is an error, never an empty place in a
// prompt.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// Names and what stands for them, in any order.
using PromptValues = std::vector<std::pair<std::string, std::string>>;

/// A parsed template. Immutable and copyable; any number of tasks may render it.
class PromptTemplate {
public:
    /// `{name}` is a blank, with a name of letters, digits and `_`; `{{` and `}}` are braces.
    /// Errc::bad_argument says at which line and column a brace is wrong.
    static Result<PromptTemplate> parse(std::string_view text);
    /// `text` is JSON with blanks. Inside its strings the rules of parse() hold and values are
    /// escaped; outside, `{name}` becomes a string with its quotes and all other braces are JSON's
    /// own. So what is rendered is valid JSON whatever the values are, which is checked here:
    /// Errc::bad_argument where it would not be.
    static Result<PromptTemplate> parse_json(std::string_view text);

    /// With each blank filled in; a value may contain braces. Errc::bad_argument for a blank
    /// without a value, a value without a blank, and a name that is given twice.
    Result<std::string> render(const PromptValues& values) const;

    /// The names of the blanks, each once, in the order of their first use.
    const std::vector<std::string>& names() const noexcept { return names_; }

private:
    friend class PromptParser;

    // How a value is written.
    enum class Style : std::uint8_t { plain, inside_json_string, json_string };

    // Some text, and the blank after it.
    class Piece {
    public:
        std::string text;
        std::size_t name = 0;  // its index
        Style style = Style::plain;
        std::size_t line = 1;
        std::size_t column = 1;
    };

    PromptTemplate() = default;

    std::vector<std::string> names_;
    std::vector<Piece> pieces_;
    std::string rest_;  // after the last blank
};

}  // namespace weir::llm
