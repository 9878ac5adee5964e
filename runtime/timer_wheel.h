// SPDX-License-Identifier: MIT
//
// Hierarchical timing wheel: four levels of 256 slots, one tick a millisecond. A timer sits at the
// level of the highest byte in which its deadline differs from the present tick, and moves down a
// level each time its coarser slot comes due; equal deadlines fire in the order they were armed.
// A slot is a chain of chunks of pointers, not a list through the timers: walking a list of ten
// million timers is ten million cache misses in a row, while chunks can be read ahead of.
// The wheel never reads a clock: the reactor tells it what time it is.
#pragma once

#include <weir/runtime/base/time.h>
#include <weir/runtime/unit.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace weir::detail {

/// For timers that are not a plain wait: called by the loop when the deadline has come. Must not
/// run user code; it may arm and disarm timers.
class TimerCallback {
public:
    virtual void on_timer() noexcept = 0;

protected:
    ~TimerCallback() = default;
};

/// One timer: 16 bytes, in the awaiter's frame. Must not move or die while armed.
class Timer {
public:
    Timer() noexcept = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool is_armed() const noexcept { return location_ != kNowhere; }
    /// What happens at the deadline: the waiting coroutine becomes ready, or the callback runs.
    void set_target(Handle waiting) noexcept {
        target_ = reinterpret_cast<std::uintptr_t>(waiting.address());
    }
    void set_target(TimerCallback& callback) noexcept {
        target_ = reinterpret_cast<std::uintptr_t>(&callback) | kIsCallback;
    }
    /// Precondition: the target is a coroutine.
    Handle waiting() const noexcept {
        return Handle::from_address(reinterpret_cast<void*>(target_));
    }

private:
    friend class TimerWheel;
    static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
    static constexpr std::uintptr_t kIsCallback = 1;

    std::uint32_t location_ = kNowhere;  // chunk number * 64 + entry in the chunk
    std::uint32_t deadline_ = 0;         // in ticks, modulo 2^32
    std::uintptr_t target_ = 0;
};
static_assert(sizeof(Timer) == 16);

class TimerWheel {
public:
    static constexpr Duration kTick = std::chrono::milliseconds(1);
    /// Longer waits are cut to this: ticks are counted modulo 2^32.
    static constexpr Duration kLongestWait = std::chrono::hours(24 * 24);

    /// Tick 0 is at `start`.
    explicit TimerWheel(Instant start) noexcept;
    ~TimerWheel();
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Fires `timer` in the first advance() to `deadline` or later; never before. `now` is the
    /// reactor's present, at or after the last advance(). Throws std::bad_alloc where there is no
    /// memory; then nothing is armed. Nothing else of the wheel can fail.
    void arm(Timer& timer, Instant deadline, Instant now);
    /// Precondition: armed.
    void disarm(Timer& timer) noexcept;

    /// Fires all timers due at `now`, by deadline and then by order of arming.
    void advance(Instant now) noexcept;

    /// When advance() has something to do next: not later than the earliest deadline, but it may
    /// be earlier, where a coarse slot must be spread. kNever when no timer is armed.
    Instant next_event() const noexcept;

    std::size_t armed() const noexcept { return armed_; }
    /// When `timer`, which is armed, is due: its deadline rounded up to a tick. For reports.
    Instant deadline(const Timer& timer) const noexcept {
        const auto ahead =
            static_cast<std::int32_t>(timer.deadline_ - static_cast<std::uint32_t>(tick_));
        return start_ + kTick * (static_cast<std::int64_t>(tick_) + ahead);
    }

private:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};
    static constexpr unsigned kLevels = 4;
    static constexpr unsigned kSlots = 256;
    static constexpr std::uint32_t kEntries = 63;
    static constexpr std::uint32_t kChunksPerBlock = 512;
    static constexpr std::uint16_t kDetached = 0xffff;

    /// Nothing is written to one before it is taken: a block of them is memory only where it is
    /// used.
    struct Chunk {
        std::uint32_t next;
        std::uint16_t slot;  // level * 256 + slot, or kDetached
        std::uint16_t used;  // of the last one of a chain: not before it is detached
        std::array<Timer*, kEntries> timers;
    };
    static_assert(sizeof(Chunk) == 512);

    /// Memory of one block, or of several in a huge page of their own: to find a timer among
    /// millions is bound by address translation.
    class Region {
    public:
        explicit Region(std::size_t blocks);
        Region(Region&& other) noexcept
            : chunks_(std::exchange(other.chunks_, nullptr)), alignment_(other.alignment_) {}
        Region& operator=(Region&&) = delete;
        ~Region();

        Chunk* block(std::size_t number) const noexcept {
            return chunks_ + number * kChunksPerBlock;
        }

    private:
        Chunk* chunks_;
        std::align_val_t alignment_;
    };

    /// All chunks of a chain but the last are full. To arm a timer writes to one cache line of the
    /// last one, and reads none.
    struct Slot {
        std::uint32_t first = kNone;
        std::uint32_t next = kEntries;  // location of the next timer; entry 63: in a chunk to come
        std::uint32_t live = 0;
        std::uint32_t dead = 0;  // entries whose timer was disarmed
    };

    Chunk& chunk(std::uint32_t number) noexcept {
        return blocks_[number / kChunksPerBlock][number % kChunksPerBlock];
    }
    void keep_chunks_for(std::uint16_t slot_number);
    void add_blocks();
    std::uint32_t new_chunk(std::uint16_t slot) noexcept;
    void free_chunk(std::uint32_t number) noexcept;
    std::uint16_t slot_for(std::uint32_t deadline) const noexcept;
    void place(Timer& timer, std::uint16_t slot_number) noexcept;
    void extend(std::uint16_t slot_number) noexcept;
    void tidy(std::uint16_t slot_number, std::uint32_t location) noexcept;
    void sweep(std::uint16_t slot_number) noexcept;
    void free_chain(std::uint32_t first) noexcept;
    std::uint32_t detach(std::uint16_t slot_number) noexcept;
    template <typename Each>
    void drain(std::uint16_t slot_number, Each each) noexcept;
    void fire(Timer& timer) noexcept;
    void cascade() noexcept;
    std::uint64_t ticks_until_next() const noexcept;
    void mark(std::uint16_t slot_number) noexcept;
    void unmark(std::uint16_t slot_number) noexcept;

    Instant start_;
    std::uint64_t tick_ = 0;  // all timers due at or before this tick have fired
    std::size_t armed_ = 0;
    std::array<Slot, kLevels * kSlots> slots_{};
    std::array<std::array<std::uint64_t, kSlots / 64>, kLevels> occupied_{};
    std::vector<Chunk*> blocks_;
    std::vector<Region> regions_;        // where the blocks lie
    std::uint32_t free_chunks_ = kNone;  // those that were given back
    std::uint32_t chunks_touched_ = 0;   // those from here on were never taken
    std::size_t chunks_free_ = 0;        // of both
    bool is_draining_ = false;
    std::size_t slots_below_ = 0;  // of the levels below the coarsest that was ever used
};

}  // namespace weir::detail
