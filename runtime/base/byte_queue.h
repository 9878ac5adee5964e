// SPDX-License-Identifier: MIT
//
// A growing buffer of bytes: written at one end, consumed at the other. Writers prepare room, fill
// it, and commit; readers look at readable() and consume. One contiguous block, so a reader never
// meets a seam. An empty queue holds no memory after release_if_empty().
#pragma once

#include <weir/runtime/base/bytes.h>
#include <cstddef>
#include <memory>
#include <string_view>

namespace weir {

class ByteQueue {
public:
    ByteQueue() noexcept = default;
    ByteQueue(ByteQueue&& other) noexcept;
    ByteQueue& operator=(ByteQueue&& other) noexcept;

    std::size_t size() const noexcept { return tail_ - head_; }
    bool empty() const noexcept { return tail_ == head_; }

    /// All bytes that were committed and not yet consumed. Valid until the next non-const call.
    Bytes readable() const noexcept { return Bytes(block_.get() + head_, size()); }

    /// Room for at least `count` bytes behind the readable ones. Valid until the next call.
    MutableBytes prepare(std::size_t count);
    /// Makes the first `count` bytes of the prepared room readable.
    void commit(std::size_t count) noexcept;
    /// Drops the first `count` readable bytes.
    void consume(std::size_t count) noexcept;

    void append(Bytes bytes);
    void append(std::string_view text) { append(as_bytes(text)); }
    void clear() noexcept { head_ = tail_ = 0; }

    /// Gives the block back when nothing is readable.
    void release_if_empty() noexcept;
    std::size_t capacity() const noexcept { return capacity_; }

private:
    std::unique_ptr<std::byte[]> block_;
    std::size_t capacity_ = 0;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace weir
