// SPDX-License-Identifier: MIT
#include <weir/runtime/timer_wheel.h>

#include <sys/mman.h>

#include <weir/runtime/ready_queue.h>
#include <algorithm>
#include <bit>
#include <utility>

namespace weir::detail {
namespace {

// How many entries ahead of the one being fired its timer, and the frame around it, are fetched.
constexpr std::uint32_t kPrefetch = 12;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kBlocksPerHugePage = 8;

unsigned level_of(std::uint16_t slot_number) {
    return slot_number / 256;
}

}  // namespace

TimerWheel::TimerWheel(Instant start) noexcept : start_(start) {}

TimerWheel::~TimerWheel() {
    WEIR_CHECK(armed_ == 0);
}

void TimerWheel::arm(Timer& timer, Instant deadline, Instant now) {
    WEIR_ASSERT(!timer.is_armed());
    deadline = std::clamp(deadline, now, saturating_add(now, kLongestWait));
    // Round up: a timer may fire late, never early. What is due already fires at the next tick.
    const auto ticks =
        static_cast<std::uint64_t>((deadline - start_ + kTick - Duration(1)) / kTick);
    timer.deadline_ = static_cast<std::uint32_t>(std::max(ticks, tick_ + 1));
    const std::uint16_t slot_number = slot_for(timer.deadline_);
    keep_chunks_for(slot_number);
    place(timer, slot_number);
    ++armed_;
}

// So many chunks are kept free that no cascade can lack one, since nobody could be told. Spreading
// timers over finer slots takes at most one chunk that is not full for each such slot, and for each
// timer; what is full is made up for by what has been read, but for the two chunks being read.
void TimerWheel::keep_chunks_for(std::uint16_t slot_number) {
    slots_below_ = std::max(slots_below_, std::size_t{level_of(slot_number)} * kSlots);
    const std::size_t kept = std::min(slots_below_, armed_ + 1) + 2;
    while (chunks_free_ <= kept) [[unlikely]]
        add_blocks();
}

// Short, and with one branch that is not foretold: where many timers are disarmed in a row, as at
// the end of a large group, each is a cache miss, and the processor works on as many of them at a
// time as fit into its window.
void TimerWheel::disarm(Timer& timer) noexcept {
    WEIR_CHECK(timer.is_armed());
    const std::uint32_t location = std::exchange(timer.location_, Timer::kNowhere);
    Chunk& home = chunk(location / 64);
    home.timers[location % 64] = nullptr;
    --armed_;
    // The chunk's head is another cache line than the entry, and not read without need: a timer's
    // slot follows from its deadline, but for those whose slot is being fired right now.
    if (is_draining_ && home.slot == kDetached) [[unlikely]]
        return;
    const std::uint16_t slot_number = slot_for(timer.deadline_);
    WEIR_ASSERT(home.slot == slot_number);
    Slot& slot = slots_[slot_number];
    --slot.live;
    ++slot.dead;
    if (location / 64 == slot.next / 64 || slot.live == 0 || slot.dead > slot.live + kEntries)
        [[unlikely]]
        tidy(slot_number, location);
}

// After a timer of the slot was disarmed: the last one, one in the last chunk, or one of very many.
[[gnu::noinline]] void TimerWheel::tidy(std::uint16_t slot_number,
                                        std::uint32_t location) noexcept {
    Slot& slot = slots_[slot_number];
    if (slot.live == 0) return free_chain(detach(slot_number));
    if (location + 1 == slot.next && location % 64 > 0) {
        --slot.next;  // armed and disarmed at once, as most timeouts are: leaves no trace
        --slot.dead;
        return;
    }
    // Timeouts that are always disarmed must not pile up until their deadline.
    if (slot.dead > slot.live + kEntries) sweep(slot_number);
}

void TimerWheel::advance(Instant now) noexcept {
    const auto target = static_cast<std::uint64_t>(std::max(now - start_, Duration(0)) / kTick);
    while (tick_ < target) {
        const std::uint64_t step = ticks_until_next();
        if (step > target - tick_) {
            tick_ = target;
            return;
        }
        tick_ += step;
        cascade();
        drain(static_cast<std::uint16_t>(tick_ & 0xff), [this](Timer& timer) { fire(timer); });
    }
}

Instant TimerWheel::next_event() const noexcept {
    if (armed_ == 0) return kNever;
    return start_ + kTick * static_cast<std::int64_t>(tick_ + ticks_until_next());
}

// Ticks from now to the next occupied slot's beginning, at whatever level. Without timers: as far
// as anybody can ask.
std::uint64_t TimerWheel::ticks_until_next() const noexcept {
    std::uint64_t nearest = std::uint64_t{1} << 40;
    for (unsigned level = 0; level < kLevels; ++level) {
        const std::uint64_t width = std::uint64_t{1} << (8 * level);
        const auto present = static_cast<unsigned>((tick_ >> (8 * level)) & 0xff);
        // Slots are looked at in the order in which they come due, from the one after the present.
        for (unsigned ahead = 1; ahead <= kSlots;) {
            const unsigned slot = (present + ahead) & 0xff;
            const std::uint64_t word = occupied_[level][slot / 64] >> (slot % 64);
            if (word == 0) {
                ahead += 64 - slot % 64;
                continue;
            }
            ahead += static_cast<unsigned>(std::countr_zero(word));
            if (ahead > kSlots) break;
            nearest = std::min(nearest, ((tick_ / width) + ahead) * width - tick_);
            break;
        }
    }
    return nearest;
}

// The tick has moved on: slots of coarser levels that begin here are spread over the finer ones,
// coarsest first, so that timers of one deadline stay in the order of their arming.
void TimerWheel::cascade() noexcept {
    for (unsigned level = kLevels - 1; level > 0; --level) {
        if ((tick_ & ((std::uint64_t{1} << (8 * level)) - 1)) != 0) continue;
        const auto slot = static_cast<unsigned>((tick_ >> (8 * level)) & 0xff);
        drain(static_cast<std::uint16_t>(level * kSlots + slot),
              [this](Timer& timer) { place(timer, slot_for(timer.deadline_)); });
    }
}

void TimerWheel::fire(Timer& timer) noexcept {
    timer.location_ = Timer::kNowhere;
    --armed_;
    if ((timer.target_ & Timer::kIsCallback) != 0) {
        reinterpret_cast<TimerCallback*>(timer.target_ & ~Timer::kIsCallback)->on_timer();
        return;
    }
    make_ready(timer.waiting());
}

// Takes a slot's chain out and gives each live timer to `each`, in order. Disarming a timer of the
// chain meanwhile is allowed: it only clears the entry.
template <typename Each>
void TimerWheel::drain(std::uint16_t slot_number, Each each) noexcept {
    std::uint32_t number = detach(slot_number);
    is_draining_ = true;
    while (number != kNone) {
        Chunk& current = chunk(number);
        for (std::uint32_t entry = 0; entry < current.used; ++entry) {
            if (entry + kPrefetch < current.used) {
                __builtin_prefetch(current.timers[entry + kPrefetch]);
            }
            if (Timer* timer = current.timers[entry]; timer != nullptr) each(*timer);
        }
        const std::uint32_t next = current.next;
        free_chunk(number);
        number = next;
    }
    is_draining_ = false;
}

std::uint16_t TimerWheel::slot_for(std::uint32_t deadline) const noexcept {
    const std::uint32_t differing = deadline ^ static_cast<std::uint32_t>(tick_);
    const unsigned level = differing == 0 ? 0 : (31u - std::countl_zero(differing)) / 8;
    return static_cast<std::uint16_t>(level * kSlots + ((deadline >> (8 * level)) & 0xff));
}

// Precondition: keep_chunks_for() when the timer was armed.
void TimerWheel::place(Timer& timer, std::uint16_t slot_number) noexcept {
    Slot& slot = slots_[slot_number];
    if (slot.next % 64 == kEntries) [[unlikely]]
        extend(slot_number);
    const std::uint32_t location = slot.next++;
    timer.location_ = location;
    chunk(location / 64).timers[location % 64] = &timer;
    ++slot.live;
}

[[gnu::noinline]] void TimerWheel::extend(std::uint16_t slot_number) noexcept {
    Slot& slot = slots_[slot_number];
    const std::uint32_t added = new_chunk(slot_number);
    if (slot.first == kNone) {
        slot.first = added;
        mark(slot_number);
    } else {
        chunk(slot.next / 64).next = added;
    }
    slot.next = added * 64;
}

// Writes a slot's chain anew without the entries of disarmed timers; order is kept. Room never
// runs out, since the writer follows the reader over the same chunks.
void TimerWheel::sweep(std::uint16_t slot_number) noexcept {
    Slot& slot = slots_[slot_number];
    chunk(slot.next / 64).used = static_cast<std::uint16_t>(slot.next % 64);
    std::uint32_t write_chunk = slot.first;
    std::uint32_t write_entry = 0;
    for (std::uint32_t number = slot.first; number != kNone; number = chunk(number).next) {
        Chunk& source = chunk(number);
        for (std::uint32_t entry = 0; entry < source.used; ++entry) {
            if (entry + kPrefetch < source.used) {
                __builtin_prefetch(source.timers[entry + kPrefetch], 1);
            }
            Timer* timer = source.timers[entry];
            if (timer == nullptr) continue;
            if (write_entry == kEntries) {
                write_chunk = chunk(write_chunk).next;
                write_entry = 0;
            }
            timer->location_ = write_chunk * 64 + write_entry;
            chunk(write_chunk).timers[write_entry++] = timer;
        }
    }
    // All chunks but the last of a chain are full: those before the writer's are so already.
    free_chain(chunk(write_chunk).next);
    chunk(write_chunk).next = kNone;
    chunk(write_chunk).used = kEntries;
    slot.next = write_chunk * 64 + write_entry;
    slot.dead = 0;
}

std::uint32_t TimerWheel::detach(std::uint16_t slot_number) noexcept {
    const Slot& slot = slots_[slot_number];
    const std::uint32_t first = slot.first;
    if (first == kNone) return kNone;
    chunk(slot.next / 64).used = static_cast<std::uint16_t>(slot.next % 64);
    for (std::uint32_t number = first; number != kNone; number = chunk(number).next) {
        chunk(number).slot = kDetached;
    }
    slots_[slot_number] = Slot();
    unmark(slot_number);
    return first;
}

void TimerWheel::free_chain(std::uint32_t first) noexcept {
    while (first != kNone) {
        const std::uint32_t next = chunk(first).next;
        free_chunk(first);
        first = next;
    }
}

// The first ones are small: few timers need little memory, and none is asked for in advance.
void TimerWheel::add_blocks() {
    static_assert(kBlocksPerHugePage * kChunksPerBlock * sizeof(Chunk) == kHugePage);
    const std::size_t added = blocks_.size() < kBlocksPerHugePage ? 1 : kBlocksPerHugePage;
    blocks_.reserve(blocks_.size() + added);
    const Region& region = regions_.emplace_back(added);
    for (std::size_t number = 0; number < added; ++number)
        blocks_.push_back(region.block(number));
    chunks_free_ += added * kChunksPerBlock;
}

TimerWheel::Region::Region(std::size_t blocks)
    : alignment_(blocks == 1 ? std::align_val_t(alignof(Chunk)) : std::align_val_t(kHugePage)) {
    const std::size_t bytes = blocks * kChunksPerBlock * sizeof(Chunk);
    chunks_ = static_cast<Chunk*>(::operator new(bytes, alignment_));
    if (blocks > 1) ::madvise(chunks_, bytes, MADV_HUGEPAGE);  // where it can be had
}

TimerWheel::Region::~Region() {
    if (chunks_ != nullptr) ::operator delete(chunks_, alignment_);
}

std::uint32_t TimerWheel::new_chunk(std::uint16_t slot) noexcept {
    WEIR_CHECK(chunks_free_ > 0);
    --chunks_free_;
    const bool is_used = free_chunks_ != kNone;
    const std::uint32_t number = is_used ? free_chunks_ : chunks_touched_++;
    Chunk& taken = chunk(number);
    if (is_used) free_chunks_ = taken.next;
    taken.next = kNone;
    taken.slot = slot;
    taken.used = kEntries;
    return number;
}

void TimerWheel::free_chunk(std::uint32_t number) noexcept {
    chunk(number).next = free_chunks_;
    chunk(number).slot = kDetached;
    free_chunks_ = number;
    ++chunks_free_;
}

void TimerWheel::mark(std::uint16_t slot_number) noexcept {
    occupied_[level_of(slot_number)][slot_number % kSlots / 64] |= std::uint64_t{1}
                                                                   << (slot_number % 64);
}

void TimerWheel::unmark(std::uint16_t slot_number) noexcept {
    occupied_[level_of(slot_number)][slot_number % kSlots / 64] &=
        ~(std::uint64_t{1} << (slot_number % 64));
}

}  // namespace weir::detail
