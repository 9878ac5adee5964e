// SPDX-License-Identifier: MIT
#include <weir/runtime/frame_pool.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <vector>

namespace weir::detail {
namespace {

#ifndef WEIR_FRAMES_FROM_MALLOC
constexpr std::size_t kReservation = std::size_t{64} << 20;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Gives the thread's reservations back when the thread ends, unless frames are still in use: then
// their memory must stay.
class Reservations {
public:
    Reservations() = default;
    Reservations(const Reservations&) = delete;
    Reservations& operator=(const Reservations&) = delete;
    ~Reservations() {
        if (frame_pool.frames_live != 0) return;
        for (void* start : starts_)
            ::munmap(start, kReservation + kHugePage);
        frame_pool = FramePool();
    }

    // Address space only: a page costs memory when it is first touched. Aligned to huge pages, and
    // huge pages asked for, since walking millions of frames is bound by address translation.
    std::byte* reserve() {
        starts_.reserve(starts_.size() + 1);
        void* start = ::mmap(nullptr, kReservation + kHugePage, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (start == MAP_FAILED) throw std::bad_alloc();
        starts_.push_back(start);
        const auto address = reinterpret_cast<std::uintptr_t>(start);
        const std::uintptr_t aligned = (address + kHugePage - 1) & ~(kHugePage - 1);
        void* block = reinterpret_cast<void*>(aligned);
        ::madvise(block, kReservation, MADV_HUGEPAGE);
        return static_cast<std::byte*>(block);
    }

private:
    std::vector<void*> starts_;
};

thread_local Reservations reservations;
#endif

#ifndef WEIR_FRAMES_FROM_MALLOC
// A free block of a class up to a quarter larger. It comes back to the smaller class, whose frames
// take it from then on: what one phase of ten thousand calls has left serves the next one.
void* borrow_block(FramePool& pool, std::size_t index) noexcept {
    const std::size_t end = std::min(index + index / 4 + 2, FramePool::kClasses);
    for (std::size_t larger = index + 1; larger < end; ++larger) {
        if (void* block = pool.free_blocks[larger]; block != nullptr) {
            pool.free_blocks[larger] = *static_cast<void**>(block);
            return block;
        }
    }
    return nullptr;
}
#endif

}  // namespace

void* allocate_frame_slowly(std::size_t size) {
#ifndef WEIR_FRAMES_FROM_MALLOC
    const std::size_t rounded = (size + FramePool::kStep - 1) / FramePool::kStep * FramePool::kStep;
    if (rounded < FramePool::kClasses * FramePool::kStep) {
        FramePool& pool = frame_pool;
        if (void* block = borrow_block(pool, rounded / FramePool::kStep)) return block;
        if (static_cast<std::size_t>(pool.limit - pool.cursor) < rounded) {
            // What is left of the old reservation is less than a frame: not worth keeping.
            pool.cursor = reservations.reserve();
            pool.limit = pool.cursor + kReservation;
        }
        void* block = pool.cursor;
        pool.cursor += rounded;
        return block;
    }
#endif
    return ::operator new(size);
}

void free_large_frame(void* block) noexcept {
    ::operator delete(block);
}

}  // namespace weir::detail
