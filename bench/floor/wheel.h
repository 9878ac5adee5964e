// SPDX-License-Identifier: MIT
//
// The floor's timers: four levels of 256 slots, each a chain of chunks of pointers that is read
// ahead of. Time is a tick number. A cancelled timer leaves a hole until its slot comes due: there
// is no sweeping, no bound on the holes, no check of anything.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "bench/floor/pool.h"

namespace weir::bench::floor {

struct WheelNode {
    std::uint32_t place;     // chunk * 64 + entry
    std::uint32_t deadline;  // tick
    void* target;
};

class Wheel {
public:
    /// Precondition: the deadline is later than the present tick.
    void insert(WheelNode& node, std::uint32_t deadline) {
        node.deadline = deadline;
        insert(node);
    }
    void cancel(WheelNode& node) noexcept {
        chunks_[node.place / 64].nodes[node.place % 64] = nullptr;
    }

    /// Gives every node due at `tick` or before to `fire`, by deadline.
    template <typename Fire>
    void advance(std::uint32_t tick, Fire fire) {
        while (tick_ < tick) {
            const std::uint32_t next = next_tick();
            if (next > tick) {
                tick_ = tick;
                return;
            }
            tick_ = next;
            for (unsigned level = kLevels - 1; level > 0; --level) {
                if ((tick_ & ((1u << (8 * level)) - 1)) != 0) continue;
                drain(level * 256 + ((tick_ >> (8 * level)) & 0xff),
                      [this](WheelNode& node) { insert(node); });
            }
            drain(tick_ & 0xff, fire);
        }
    }

    /// When there is something to do next; far away when nothing is here.
    std::uint32_t next_tick() const noexcept {
        std::uint64_t nearest = kFarAway;
        for (unsigned level = 0; level < kLevels; ++level) {
            const std::uint32_t present = tick_ >> (8 * level);
            for (unsigned ahead = 1; ahead <= 256;) {
                const unsigned slot = (present + ahead) & 0xff;
                const std::uint64_t word = occupied_[level * 4 + slot / 64] >> (slot % 64);
                if (word == 0) {
                    ahead += 64 - slot % 64;
                    continue;
                }
                ahead += static_cast<unsigned>(std::countr_zero(word));
                nearest = std::min(nearest, std::uint64_t{present + ahead} << (8 * level));
                break;
            }
        }
        return static_cast<std::uint32_t>(nearest);
    }

private:
    static constexpr unsigned kLevels = 4;
    static constexpr std::uint32_t kEntries = 63;
    static constexpr std::uint32_t kPrefetch = 12;
    static constexpr std::uint64_t kFarAway = 0xffff'ffff;
    static constexpr std::size_t kReservation = std::size_t{1} << 30;

    struct Chunk {
        std::uint32_t next;
        std::uint32_t used;
        std::array<WheelNode*, kEntries> nodes;
    };
    struct Slot {
        std::uint32_t first = 0;  // chunk 0 is never used: it means none
        std::uint32_t last = 0;
    };

    void insert(WheelNode& node) {
        const std::uint32_t differing = node.deadline ^ tick_;
        const unsigned level =
            differing == 0 ? 0 : (31u - static_cast<unsigned>(std::countl_zero(differing))) / 8;
        const std::uint32_t number = level * 256 + ((node.deadline >> (8 * level)) & 0xff);
        Slot& slot = slots_[number];
        if (slot.last == 0) {
            occupied_[number / 64] |= std::uint64_t{1} << (number % 64);
            slot.first = slot.last = new_chunk();
        } else if (chunks_[slot.last].used == kEntries) {
            const std::uint32_t added = new_chunk();
            chunks_[slot.last].next = added;
            slot.last = added;
        }
        Chunk& tail = chunks_[slot.last];
        node.place = slot.last * 64 + tail.used;
        tail.nodes[tail.used++] = &node;
    }

    template <typename Each>
    void drain(unsigned slot_number, Each each) {
        std::uint32_t number = slots_[slot_number].first;
        slots_[slot_number] = Slot();
        occupied_[slot_number / 64] &= ~(std::uint64_t{1} << (slot_number % 64));
        while (number != 0) {
            Chunk& chunk = chunks_[number];
            for (std::uint32_t i = 0; i < chunk.used; ++i) {
                if (i + kPrefetch < chunk.used) __builtin_prefetch(chunk.nodes[i + kPrefetch]);
                if (chunk.nodes[i] != nullptr) each(*chunk.nodes[i]);
            }
            const std::uint32_t next = chunk.next;
            chunk.next = free_;
            free_ = number;
            number = next;
        }
    }

    std::uint32_t new_chunk() {
        if (chunks_ == nullptr) chunks_ = reinterpret_cast<Chunk*>(reserve(kReservation));
        std::uint32_t number = free_;
        if (number != 0) {
            free_ = chunks_[number].next;
        } else {
            number = ++made_;
        }
        chunks_[number].next = 0;
        chunks_[number].used = 0;
        return number;
    }

    std::uint32_t tick_ = 0;
    std::array<Slot, kLevels * 256> slots_{};
    std::array<std::uint64_t, kLevels * 4> occupied_{};
    Chunk* chunks_ = nullptr;
    std::uint32_t made_ = 0;
    std::uint32_t free_ = 0;
};

}  // namespace weir::bench::floor
