// SPDX-License-Identifier: MIT
//
// A text in all its prefixes, and with single bytes changed, removed or doubled: what a decoder
// must survive. Deterministic.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::llm::tests {

template <typename Check>
void for_each_mangled(std::string_view text, Check check) {
    static constexpr std::string_view kBytes = "{}[]\",:\\ 0-etfn\n\x80\xED";
    for (std::size_t index = 0; index < text.size(); ++index) {
        check(text.substr(0, index));
        // On the heap and of the exact size, so that a sanitizer sees a read past the end.
        std::string removed(text);
        removed.erase(index, 1);
        check(removed);
        std::string doubled(text);
        doubled.insert(index, 1, text[index]);
        check(doubled);
        for (const char byte : kBytes) {
            std::string changed(text);
            changed[index] = byte;
            check(changed);
        }
    }
}

}  // namespace weir::llm::tests
