// SPDX-License-Identifier: MIT
//
// Receive buffers, shared by all streams of a reactor, and their leases. A stream that waits for
// data holds no buffer: the backend takes one when data is there, and the reader gets a lease on
// it. Dropping the lease sends the buffer home.
#pragma once

#include <weir/runtime/base/bytes.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace weir {
namespace detail {

/// A fixed number of equal buffers in one block, and, when those are all out, buffers from the
/// heap up to a limit: leases held elsewhere may slow a stream but never block it for good.
class BufferPool {
public:
    static constexpr std::uint16_t kFromHeap = 0xffff;

    /// `count` is a power of two, at most 32,768.
    BufferPool(std::uint16_t count, std::size_t buffer_size, std::size_t heap_buffers_max);
    ~BufferPool();
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    std::uint16_t count() const noexcept { return count_; }
    std::size_t buffer_size() const noexcept { return buffer_size_; }
    std::byte* buffer(std::uint16_t number) noexcept {
        return block_.get() + std::size_t{number} * buffer_size_;
    }

    struct Buffer {
        std::byte* data = nullptr;  // null: none can be had
        std::uint16_t number = kFromHeap;
    };
    /// One of the pool's own, else one from the heap, else none.
    Buffer take();
    Buffer take_from_heap();
    void give_back(Buffer buffer) noexcept;

    /// For a backend that lets the kernel choose: the numbers of the buffers at home, which the
    /// caller takes over. They come back through give_back() as all others do.
    std::vector<std::uint16_t>& at_home() noexcept { return at_home_; }

    /// Buffers that a lease holds now.
    std::size_t leased() const noexcept { return leased_; }
    void lease_begins() noexcept { ++leased_; }
    void lease_ends() noexcept { --leased_; }

private:
    std::uint16_t count_;
    std::size_t buffer_size_;
    std::size_t heap_buffers_max_;
    std::size_t heap_buffers_ = 0;
    std::size_t leased_ = 0;
    std::unique_ptr<std::byte[]> block_;
    std::vector<std::uint16_t> at_home_;
};

}  // namespace detail

/// Bytes that arrived, in a buffer of the reactor. Empty at the end of the stream. Move-only; drop
/// it soon. It must not outlive its reactor nor leave its thread.
class Lease {
public:
    Lease() noexcept = default;
    Lease(detail::BufferPool& pool, detail::BufferPool::Buffer buffer, std::size_t size) noexcept
        : pool_(&pool), buffer_(buffer), size_(size) {
        pool.lease_begins();
    }
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          buffer_(std::exchange(other.buffer_, {})),
          size_(std::exchange(other.size_, 0)) {}
    Lease& operator=(Lease&& other) noexcept {
        if (this != &other) {
            give_back();
            pool_ = std::exchange(other.pool_, nullptr);
            buffer_ = std::exchange(other.buffer_, {});
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~Lease() { give_back(); }

    Bytes bytes() const noexcept { return Bytes(buffer_.data, size_); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

private:
    void give_back() noexcept {
        if (pool_ == nullptr) return;
        pool_->lease_ends();
        pool_->give_back(buffer_);
    }

    detail::BufferPool* pool_ = nullptr;
    detail::BufferPool::Buffer buffer_{};
    std::size_t size_ = 0;
};

}  // namespace weir
