// SPDX-License-Identifier: MIT
#include <weir/runtime/buffers.h>

#include <weir/runtime/base/assert.h>
#include <new>

namespace weir::detail {

BufferPool::BufferPool(std::uint16_t count, std::size_t buffer_size, std::size_t heap_buffers_max)
    : count_(count),
      buffer_size_(buffer_size),
      heap_buffers_max_(heap_buffers_max),
      // Uninitialised on purpose: a page of it costs memory only when first used.
      block_(std::make_unique_for_overwrite<std::byte[]>(std::size_t{count} * buffer_size)) {
    WEIR_CHECK(count > 0 && (count & (count - 1)) == 0 && count <= 32768);
    at_home_.reserve(count);
    // Taken from the back, so that a quiet program keeps using the first few.
    for (std::uint16_t number = count; number-- > 0;)
        at_home_.push_back(number);
}

BufferPool::~BufferPool() {
    WEIR_CHECK_HINT(leased_ == 0, "a lease must not outlive its reactor");
}

BufferPool::Buffer BufferPool::take() {
    if (at_home_.empty()) return take_from_heap();
    const std::uint16_t number = at_home_.back();
    at_home_.pop_back();
    return Buffer{buffer(number), number};
}

BufferPool::Buffer BufferPool::take_from_heap() {
    if (heap_buffers_ == heap_buffers_max_) return Buffer();
    auto* data = new (std::nothrow) std::byte[buffer_size_];
    if (data == nullptr) return Buffer();
    ++heap_buffers_;
    return Buffer{data, kFromHeap};
}

void BufferPool::give_back(Buffer buffer) noexcept {
    if (buffer.data == nullptr) return;
    if (buffer.number == kFromHeap) {
        delete[] buffer.data;
        --heap_buffers_;
        return;
    }
    at_home_.push_back(buffer.number);
}

}  // namespace weir::detail
