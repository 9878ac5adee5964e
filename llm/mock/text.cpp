// SPDX-License-Identifier: MIT
#include <weir/llm/mock/text.h>

#include <cmath>
#include <cstddef>

namespace weir::llm::mock {
namespace {

// A power of two, so that every word is equally likely.
constexpr std::string_view kWords[] = {
    " air",     " amber",   " anchor",  " apple",   " arrow",   " autumn",  " basin",   " beacon",
    " birch",   " bridge",  " bright",  " brook",   " canal",   " candle",  " cedar",   " chalk",
    " circle",  " clay",    " cloud",   " coast",   " copper",  " coral",   " corner",  " crane",
    " dawn",    " delta",   " desert",  " drift",   " dune",    " eagle",   " early",   " earth",
    " echo",    " ember",   " engine",  " evening", " fable",   " falcon",  " fern",    " field",
    " flint",   " forest",  " garden",  " gentle",  " glass",   " granite", " grove",   " harbor",
    " hazel",   " heron",   " hollow",  " island",  " ivory",   " jade",    " journey", " juniper",
    " lantern", " laurel",  " ledge",   " lemon",   " light",   " linen",   " lunar",   " maple",
    " marble",  " meadow",  " mellow",  " mirror",  " mist",    " morning", " moss",    " mountain",
    " narrow",  " north",   " oak",     " ocean",   " olive",   " orbit",   " orchard", " otter",
    " paper",   " pebble",  " pepper",  " pine",    " planet",  " plum",    " pocket",  " polar",
    " pond",    " prairie", " quartz",  " quiet",   " rain",    " raven",   " reed",    " ridge",
    " river",   " robin",   " saddle",  " sail",    " salt",    " sand",    " shadow",  " shell",
    " silver",  " slate",   " slow",    " snow",    " sparrow", " spring",  " stone",   " storm",
    " summer",  " swift",   " thistle", " thunder", " tide",    " timber",  " trail",   " valley",
    " velvet",  " violet",  " walnut",  " water",   " willow",  " winter",  " yellow",  " zephyr",
};
static_assert(sizeof kWords / sizeof kWords[0] == 128);

// SplitMix64: every step is a good hash of the one before, and a bad first state does no harm.
std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t state = 0xcbf29ce484222325u;  // FNV-1a
    for (const char letter : text) {
        state = (state ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
    }
    return mix(state);
}

bool is_blank(char letter) noexcept {
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

std::string take(TokenSource source, int tokens) {
    std::string text;
    for (int i = 0; i < tokens; ++i)
        text += source.next();
    return text;
}

}  // namespace

TokenSource::TokenSource(std::string_view prompt) noexcept : state_(hash(prompt)) {}

TokenSource TokenSource::of_thoughts(std::string_view prompt) noexcept {
    TokenSource source(prompt);
    source.state_ = mix(source.state_);
    return source;
}

std::string_view TokenSource::next() noexcept {
    state_ += 0x9e3779b97f4a7c15u;
    std::string_view token = kWords[mix(state_) >> 57];
    if (is_first_) token.remove_prefix(1);
    is_first_ = false;
    return token;
}

std::string expected_text(std::string_view prompt, int tokens) {
    return take(TokenSource(prompt), tokens);
}

std::string expected_reasoning(std::string_view prompt, int tokens) {
    return take(TokenSource::of_thoughts(prompt), tokens);
}

std::vector<float> expected_embedding(std::string_view text, int dimensions) {
    std::uint64_t state = hash(text);
    std::vector<double> numbers;
    double squares = 0;
    for (int i = 0; i < dimensions; ++i) {
        state += 0x9e3779b97f4a7c15u;
        // Whole and odd, so that nothing is rounded and no vector is zero.
        const auto number = static_cast<double>(static_cast<std::int64_t>(mix(state) >> 44) * 2 -
                                                ((std::int64_t{1} << 20) - 1));
        numbers.push_back(number);
        squares += number * number;
    }
    std::vector<float> vector;
    vector.reserve(numbers.size());
    for (const double number : numbers)
        vector.push_back(static_cast<float>(number / std::sqrt(squares)));
    return vector;
}

std::int64_t count_words(std::string_view text) noexcept {
    std::int64_t words = 0;
    bool was_blank = true;
    for (const char letter : text) {
        const bool blank = is_blank(letter);
        if (was_blank && !blank) ++words;
        was_blank = blank;
    }
    return words;
}

}  // namespace weir::llm::mock
