// SPDX-License-Identifier: MIT
#include "llm/batch/reader_ids.h"

#include <weir/runtime/base/assert.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir::llm {
namespace {

// From full to full the table grows by an eighth, so it is never less than 80 % full: 12 bytes an
// entry are 15 then.
constexpr std::size_t kFullPercent = 90;
constexpr std::size_t kHomesMin = 1024;
constexpr std::size_t kOverflowSlots = 64;

/// SipHash-2-4 with 128 bits of output and a fixed key: the same texts collide in every run.
class SipHash {
public:
    std::array<std::uint64_t, 2> hash(std::string_view text) noexcept {
        std::size_t at = 0;
        for (; text.size() - at >= 8; at += 8) {
            std::uint64_t word;
            std::memcpy(&word, text.data() + at, 8);
            take(word);
        }
        std::uint64_t last = std::uint64_t{text.size()} << 56;
        for (std::size_t byte = 0; at + byte < text.size(); ++byte) {
            last |= std::uint64_t{static_cast<unsigned char>(text[at + byte])} << (8 * byte);
        }
        take(last);
        v2_ ^= 0xee;
        const std::uint64_t first = finish();
        v1_ ^= 0xdd;
        return {first, finish()};
    }

private:
    void round() noexcept {
        v0_ += v1_;
        v2_ += v3_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v1_;
        v0_ += v3_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ = std::rotl(v2_, 32);
    }
    void take(std::uint64_t word) noexcept {
        v3_ ^= word;
        round();
        round();
        v0_ ^= word;
    }
    std::uint64_t finish() noexcept {
        for (int count = 0; count < 4; ++count)
            round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

    static constexpr std::uint64_t kKey0 = 0x0706050403020100u;
    static constexpr std::uint64_t kKey1 = 0x0f0e0d0c0b0a0908u;
    std::uint64_t v0_ = 0x736f6d6570736575u ^ kKey0;
    std::uint64_t v1_ = 0x646f72616e646f6du ^ kKey1 ^ 0xee;
    std::uint64_t v2_ = 0x6c7967656e657261u ^ kKey0;
    std::uint64_t v3_ = 0x7465646279746573u ^ kKey1;
};

constexpr std::array<std::uint32_t, 3> kEmpty = {};

}  // namespace

SeenIds::~SeenIds() {
    if (slots_ != nullptr) ::munmap(slots_, bytes_);
}

bool SeenIds::insert(std::string_view text) {
    const Entry entry = entry_of(text);
    if (size_ * 100 >= homes_ * kFullPercent) grow();
    std::size_t at = home(entry, homes_);
    while (at < slots_count_ && slots_[at] != kEmpty && slots_[at] < entry)
        ++at;
    if (at < slots_count_ && slots_[at] == entry) return false;
    // The entries from here to the next empty slot move up by one. None comes before its home.
    std::size_t empty = at;
    while (empty < slots_count_ && slots_[empty] != kEmpty)
        ++empty;
    if (empty == slots_count_) resize(slots_count_ + kOverflowSlots);
    std::copy_backward(slots_ + at, slots_ + empty, slots_ + empty + 1);
    slots_[at] = entry;
    ++size_;
    return true;
}

SeenIds::Entry SeenIds::entry_of(std::string_view text) noexcept {
    const auto [first, second] = SipHash().hash(text);
    Entry entry = {static_cast<std::uint32_t>(first >> 32), static_cast<std::uint32_t>(first),
                   static_cast<std::uint32_t>(second)};
    if (entry == kEmpty) entry[2] = 1;
    return entry;
}

/// A higher hash has no lower home: growing keeps the order.
std::size_t SeenIds::home(const Entry& entry, std::size_t homes) noexcept {
    return static_cast<std::size_t>((std::uint64_t{entry[0]} * homes) >> 32);
}

void SeenIds::grow() {
    const std::size_t homes = std::max(kHomesMin, homes_ + homes_ / 8);
    const std::size_t slots_before = slots_count_;
    std::size_t end = 0;  // where the last entry will end
    for (std::size_t at = 0; at < slots_before; ++at) {
        if (slots_[at] != kEmpty) end = std::max(end, home(slots_[at], homes)) + 1;
    }
    resize(std::max({homes + kOverflowSlots, end, slots_before}));
    homes_ = homes;

    // First all to the end of the table, in their order; then each to its new place, which is
    // never behind where it lies now, since the rest has to fit in behind it.
    std::size_t packed = slots_count_;
    for (std::size_t at = slots_before; at-- > 0;) {
        if (slots_[at] != kEmpty) slots_[--packed] = slots_[at];
    }
    std::size_t next = 0;
    for (; packed < slots_count_; ++packed) {
        const Entry entry = slots_[packed];
        const std::size_t place = std::max(next, home(entry, homes));
        std::fill(slots_ + next, slots_ + place, kEmpty);
        slots_[place] = entry;
        next = place + 1;
    }
    std::fill(slots_ + next, slots_ + slots_count_, kEmpty);
}

/// Room for more slots; those that are new are empty.
void SeenIds::resize(std::size_t slots) {
    static const auto kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t bytes = (slots * sizeof(Entry) + kPage - 1) / kPage * kPage;
    if (bytes > bytes_) {
        void* const block = slots_ == nullptr ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                              : ::mremap(slots_, bytes_, bytes, MREMAP_MAYMOVE);
        WEIR_CHECK_HINT(block != MAP_FAILED, "no memory is left to remember custom_ids in");
        slots_ = static_cast<Entry*>(block);
        bytes_ = bytes;
    }
    slots_count_ = slots;
}

}  // namespace weir::llm
