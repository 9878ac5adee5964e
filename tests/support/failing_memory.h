// SPDX-License-Identifier: MIT
//
// Memory that runs out when a test says so: `operator new`, which replaced_new.h replaces, fails
// from this thread's n-th allocation on, or there alone. Does not cover malloc() itself: the C
// library and the memory of exceptions are out of reach.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace weir::test {

enum class Lack {
    once,     // one allocation fails
    lasting,  // it and all that follow
};

/// While it lives, the `number`-th allocation of this thread, counted from 1, fails.
class FailingMemory {
public:
    FailingMemory(std::size_t number, Lack lack) noexcept {
        left_ = number;
        failures_ = 0;
        is_lasting_ = lack == Lack::lasting;
    }
    FailingMemory(const FailingMemory&) = delete;
    FailingMemory& operator=(const FailingMemory&) = delete;
    ~FailingMemory() { end(); }

    /// There is memory again.
    void end() noexcept { left_ = 0; }
    /// So many allocations have failed.
    std::size_t failures() const noexcept { return failures_; }

    /// Blocks that `operator new` has given and nobody has given back; of all threads.
    static std::size_t blocks_live() noexcept { return blocks_; }

    // --- for operator new ----------------------------------------------------------------------
    static void* allocate(std::size_t size, std::size_t alignment) noexcept {
        if (left_ != 0 && --left_ == 0) {
            ++failures_;
            if (is_lasting_) left_ = 1;
            return nullptr;
        }
        void* const block =
            alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                ? std::malloc(size == 0 ? 1 : size)
                : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
        if (block != nullptr) ++blocks_;
        return block;
    }
    static void* allocate_or_throw(std::size_t size, std::size_t alignment) {
        void* const block = allocate(size, alignment);
        if (block == nullptr) throw std::bad_alloc();
        return block;
    }
    static void free(void* block) noexcept {
        if (block == nullptr) return;
        --blocks_;
        std::free(block);
    }

private:
    static inline constinit thread_local std::size_t left_ = 0;
    static inline constinit thread_local std::size_t failures_ = 0;
    static inline constinit thread_local bool is_lasting_ = false;
    static inline constinit std::atomic<std::size_t> blocks_ = 0;
};

}  // namespace weir::test
