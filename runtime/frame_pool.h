// SPDX-License-Identifier: MIT
//
// Where coroutine frames come from: free lists by size class, filled by bumping through large
// reservations. No header before a block, no lock: one pool a thread, and a frame is made, run and
// freed on one thread. The pool outlives reactors, since `run(main())` makes a frame before there
// is one. Under sanitizers frames come from malloc, so that use after free is seen.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_FRAMES_FROM_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_FRAMES_FROM_MALLOC 1
#endif
#endif

namespace weir::detail {

struct FramePool {
    static constexpr std::size_t kStep = 16;
    static constexpr std::size_t kClasses = 65;  // blocks of up to 1,024 bytes; larger: malloc

    void* free_blocks[kClasses] = {};
    std::byte* cursor = nullptr;
    std::byte* limit = nullptr;
    std::size_t frames_live = 0;
};

inline constinit thread_local FramePool frame_pool;

/// The pool's way out when a free list is empty or the block is large. May throw std::bad_alloc.
void* allocate_frame_slowly(std::size_t size);
void free_large_frame(void* block) noexcept;

/// A block of at least `size` bytes, aligned to 16.
inline void* allocate_frame(std::size_t size) {
    FramePool& pool = frame_pool;
#ifndef WEIR_FRAMES_FROM_MALLOC
    const std::size_t index = (size + FramePool::kStep - 1) / FramePool::kStep;
    if (index < FramePool::kClasses) [[likely]] {
        if (void* block = pool.free_blocks[index]; block != nullptr) [[likely]] {
            pool.free_blocks[index] = *static_cast<void**>(block);
            ++pool.frames_live;
            return block;
        }
    }
#endif
    void* block = allocate_frame_slowly(size);
    ++pool.frames_live;
    return block;
}

/// Takes a block back. `size` is what it was allocated with; same thread.
inline void free_frame(void* block, std::size_t size) noexcept {
    FramePool& pool = frame_pool;
    --pool.frames_live;
#ifndef WEIR_FRAMES_FROM_MALLOC
    const std::size_t index = (size + FramePool::kStep - 1) / FramePool::kStep;
    if (index < FramePool::kClasses) [[likely]] {
        *static_cast<void**>(block) = pool.free_blocks[index];
        pool.free_blocks[index] = block;
        return;
    }
#endif
    static_cast<void>(size);
    free_large_frame(block);
}

/// Frames and socket slots of this thread that exist now. Zero when nothing is left behind.
inline std::size_t frames_live() noexcept {
    return frame_pool.frames_live;
}

}  // namespace weir::detail
