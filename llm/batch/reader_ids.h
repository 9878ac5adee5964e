// SPDX-License-Identifier: MIT
//
// Which texts were met before, in at most 16 bytes for each: only 96 bits of a hash are kept. Two
// texts of ten million are taken for the same with a chance of one in 10^15. The table is one array
// sorted by hash, open addressing without wrap-around, so that it grows in place: the kernel moves
// its pages and a pass from back to front spreads the entries.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::llm {

class SeenIds {
public:
    SeenIds() noexcept = default;
    SeenIds(const SeenIds&) = delete;
    SeenIds& operator=(const SeenIds&) = delete;
    ~SeenIds();

    /// Whether `text` is new; it is not from then on.
    bool insert(std::string_view text);

    std::size_t size() const noexcept { return size_; }
    /// What the table takes now, which is also the most that it ever took.
    std::size_t bytes() const noexcept { return bytes_; }

private:
    // The high word first: as arrays compare, so are entries ordered. All zero is an empty slot.
    using Entry = std::array<std::uint32_t, 3>;

    static Entry entry_of(std::string_view text) noexcept;
    static std::size_t home(const Entry& entry, std::size_t homes) noexcept;
    void grow();
    void resize(std::size_t slots);

    Entry* slots_ = nullptr;
    std::size_t bytes_ = 0;        // whole pages
    std::size_t slots_count_ = 0;  // homes, and room behind them for the last ones' overflow
    std::size_t homes_ = 0;
    std::size_t size_ = 0;
};

}  // namespace weir::llm
