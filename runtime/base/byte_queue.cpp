// SPDX-License-Identifier: MIT
#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/byte_queue.h>
#include <algorithm>
#include <cstring>
#include <utility>

namespace weir {

ByteQueue::ByteQueue(ByteQueue&& other) noexcept
    : block_(std::move(other.block_)),
      capacity_(std::exchange(other.capacity_, 0)),
      head_(std::exchange(other.head_, 0)),
      tail_(std::exchange(other.tail_, 0)) {}

ByteQueue& ByteQueue::operator=(ByteQueue&& other) noexcept {
    if (this == &other) return *this;
    block_ = std::move(other.block_);
    capacity_ = std::exchange(other.capacity_, 0);
    head_ = std::exchange(other.head_, 0);
    tail_ = std::exchange(other.tail_, 0);
    return *this;
}

MutableBytes ByteQueue::prepare(std::size_t count) {
    if (capacity_ - tail_ < count) {
        const std::size_t used = size();
        if (capacity_ - used >= count && head_ >= used) {
            // Enough room once the consumed front is given up, and the move is cheap.
            if (used != 0) std::memcpy(block_.get(), block_.get() + head_, used);
        } else {
            const std::size_t grown = std::max(used + count, capacity_ * 2);
            auto larger = std::make_unique_for_overwrite<std::byte[]>(grown);
            if (used != 0) std::memcpy(larger.get(), block_.get() + head_, used);
            block_ = std::move(larger);
            capacity_ = grown;
        }
        head_ = 0;
        tail_ = used;
    }
    return MutableBytes(block_.get() + tail_, capacity_ - tail_);
}

void ByteQueue::commit(std::size_t count) noexcept {
    WEIR_CHECK(count <= capacity_ - tail_);
    tail_ += count;
}

void ByteQueue::consume(std::size_t count) noexcept {
    WEIR_CHECK(count <= size());
    head_ += count;
    if (head_ == tail_) head_ = tail_ = 0;
}

void ByteQueue::append(Bytes bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
}

void ByteQueue::release_if_empty() noexcept {
    if (!empty()) return;
    block_.reset();
    capacity_ = head_ = tail_ = 0;
}

}  // namespace weir
