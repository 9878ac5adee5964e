// SPDX-License-Identifier: MIT
//
// The floor's frames: free lists by size over one large reservation, nothing counted, nothing ever
// given back. The least that a coroutine's operator new can do.
#pragma once

#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace weir::bench::floor {

/// Address space without memory behind it: pages cost when they are touched.
inline std::byte* reserve(std::size_t bytes) {
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    void* start = ::mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        std::perror("weir_bench: reserving address space");
        std::abort();
    }
    const std::size_t past = reinterpret_cast<std::uintptr_t>(start) % kHugePage;
    return static_cast<std::byte*>(start) + (kHugePage - past);
}

class Pool {
public:
    void* allocate(std::size_t size) {
        const std::size_t index = (size + kStep - 1) / kStep;
        if (void* block = free_[index]; block != nullptr) {
            free_[index] = *static_cast<void**>(block);
            return block;
        }
        return bump(index * kStep);
    }
    void release(void* block, std::size_t size) noexcept {
        const std::size_t index = (size + kStep - 1) / kStep;
        *static_cast<void**>(block) = free_[index];
        free_[index] = block;
    }

private:
    static constexpr std::size_t kStep = 16;
    static constexpr std::size_t kReservation = std::size_t{16} << 30;

    [[gnu::noinline]] void* bump(std::size_t size) {
        if (cursor_ == nullptr) {
            cursor_ = reserve(kReservation);
            ::madvise(cursor_, kReservation, MADV_HUGEPAGE);
        }
        void* block = cursor_;
        cursor_ += size;
        return block;
    }

    std::array<void*, 64> free_{};  // frames of the floors are far below 1,000 bytes
    std::byte* cursor_ = nullptr;
};

inline constinit Pool pool;

}  // namespace weir::bench::floor
