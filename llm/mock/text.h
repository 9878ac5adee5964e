// SPDX-License-Identifier: MIT
//
// What the mock server says: words drawn from a hash of the prompt. The same prompt gives the same
// text on every machine, so whoever knows the prompt can check the whole answer. No sense in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::llm::mock {

/// The tokens of the answer to a prompt, one by one and without end. A token is a word with the
/// blank before it; only the first token has none. All are plain ASCII letters, which JSON need
/// not escape.
class TokenSource {
public:
    explicit TokenSource(std::string_view prompt) noexcept;
    /// The words of the reasoning that comes before that answer.
    static TokenSource of_thoughts(std::string_view prompt) noexcept;

    /// The next token; valid for ever.
    std::string_view next() noexcept;

private:
    std::uint64_t state_;
    bool is_first_ = true;
};

/// The answer to `prompt`, `tokens` tokens long.
std::string expected_text(std::string_view prompt, int tokens);

/// The reasoning before that answer, where there is some, `tokens` tokens long.
std::string expected_reasoning(std::string_view prompt, int tokens);

/// The embedding of `text`: a vector of length one with so many dimensions, at least one.
std::vector<float> expected_embedding(std::string_view text, int dimensions);

/// The number of words in `text`: what the mock server counts as its tokens.
std::int64_t count_words(std::string_view text) noexcept;

}  // namespace weir::llm::mock
