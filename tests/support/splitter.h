// SPDX-License-Identifier: MIT
//
// Runs a check of a parser for every way to cut its input: whole, in two at each place (empty
// pieces included), byte by byte, and for short inputs in three at each pair of places. Each piece
// is a heap block of its own size, so that a sanitizer sees a read past its end or after its life.
#pragma once

#include <gtest/gtest.h>

#include <weir/runtime/base/bytes.h>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

/// One way to cut an input: the pieces in order.
class Pieces {
public:
    void add(std::string_view text) {
        // One byte more than nothing, since an empty piece has to point somewhere.
        auto block = std::make_unique<std::byte[]>(text.empty() ? 1 : text.size());
        if (!text.empty()) std::memcpy(block.get(), text.data(), text.size());
        views_.push_back(Bytes(block.get(), text.size()));
        blocks_.push_back(std::move(block));
    }

    std::size_t size() const noexcept { return views_.size(); }
    Bytes operator[](std::size_t index) const noexcept { return views_[index]; }
    /// Ends the memory of one piece, as a receive buffer goes home when it was consumed.
    void release(std::size_t index) noexcept { blocks_[index].reset(); }

private:
    std::vector<Bytes> views_;
    std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

/// Calls `check(Pieces&)` for each cut; a failure inside names the cut.
template <typename Check>
void for_each_cut(std::string_view input, Check&& check) {
    constexpr std::size_t kThreePartSizeMax = 64;
    const std::size_t size = input.size();
    {
        SCOPED_TRACE("input in one piece");
        Pieces whole;
        whole.add(input);
        check(whole);
    }
    for (std::size_t first = 0; first <= size; ++first) {
        SCOPED_TRACE("input cut at " + std::to_string(first));
        Pieces halves;
        halves.add(input.substr(0, first));
        halves.add(input.substr(first));
        check(halves);
    }
    {
        SCOPED_TRACE("input byte by byte");
        Pieces bytes;
        for (std::size_t index = 0; index < size; ++index)
            bytes.add(input.substr(index, 1));
        check(bytes);
    }
    if (size > kThreePartSizeMax) return;
    for (std::size_t first = 1; first < size; ++first) {
        for (std::size_t second = first + 1; second < size; ++second) {
            SCOPED_TRACE("input cut at " + std::to_string(first) + " and " +
                         std::to_string(second));
            Pieces thirds;
            thirds.add(input.substr(0, first));
            thirds.add(input.substr(first, second - first));
            thirds.add(input.substr(second));
            check(thirds);
        }
    }
}

}  // namespace weir::test
