// SPDX-License-Identifier: MIT
//
// What the fuzz targets share. A target is a function that libFuzzer calls with bytes of its own
// making; with replay.cpp in libFuzzer's place it reads the files of the corpus instead. A target
// checks more than that nothing crashes: what it finds must not depend on how the input was cut.
#pragma once

#include <weir/runtime/base/bytes.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/splitter.h"

/// What libFuzzer calls; each target defines it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weir::fuzz {

/// Ends the run, so that the input is kept; tells what was expected and what came.
inline void expect_equal(std::string_view one, std::string_view other, const char* what) {
    if (one == other) return;
    std::fprintf(stderr, "%s\n--- one:\n%.*s\n--- other:\n%.*s\n", what,
                 static_cast<int>(one.size()), one.data(), static_cast<int>(other.size()),
                 other.data());
    std::abort();
}
inline void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

/// The bytes of a run: the first few say how, the rest is what is parsed.
class Input {
public:
    static constexpr std::size_t kSettings = 3;

    /// Precondition: size >= kSettings.
    Input(const std::uint8_t* data, std::size_t size) noexcept
        : settings_(data),
          text_(reinterpret_cast<const char*>(data) + kSettings, size - kSettings) {}

    /// One of eight choices that are not about cuts.
    bool flag(unsigned number) const noexcept { return (settings_[0] >> number & 1u) != 0; }
    std::string_view text() const noexcept { return text_; }

    test::Pieces whole() const {
        test::Pieces pieces;
        pieces.add(text_);
        return pieces;
    }
    /// Pieces of two sizes in turn.
    test::Pieces cut() const {
        test::Pieces pieces;
        std::size_t number = 0;
        for (std::string_view rest = text_; !rest.empty(); ++number) {
            const std::size_t size = 1 + settings_[1 + number % 2];
            pieces.add(rest.substr(0, size));
            rest.remove_prefix(std::min(size, rest.size()));
        }
        return pieces;
    }

private:
    const std::uint8_t* settings_;
    std::string_view text_;
};

/// Calls `story(pieces, input)`, which gives all that can be seen of a parse as text, for the input
/// whole and in pieces.
template <typename Story>
void expect_same_in_pieces(const std::uint8_t* data, std::size_t size, Story story) {
    if (size < Input::kSettings) return;
    const Input input(data, size);
    test::Pieces whole = input.whole();
    test::Pieces cut = input.cut();
    expect_equal(story(whole, input), story(cut, input), "whole and in pieces it is not the same");
}

}  // namespace weir::fuzz
