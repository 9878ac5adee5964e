// SPDX-License-Identifier: MIT
//
// The two queues shared with the kernel, and the system calls on them. It asks for what makes
// io_uring faster than epoll: a ring with a single issuer whose completion work is deferred to our
// own call (Linux 6.1), and a ring of provided buffers, from which the kernel picks one only when
// data is there. It knows nothing of operations.
#pragma once

#include <liburing.h>
#include <weir/runtime/backend.h>
#include <weir/runtime/buffers.h>
#include <cstddef>
#include <cstdint>

namespace weir::detail {

// How soon what the kernel would not take is offered again.
inline constexpr Duration kPauseWhenRefused = std::chrono::milliseconds(1);

class UringRing {
public:
    static constexpr std::uint16_t kBufferGroup = 0;

    UringRing(const BackendOptions& options, BufferPool& buffers) noexcept
        : options_(options), buffers_(buffers) {}
    UringRing(const UringRing&) = delete;
    UringRing& operator=(const UringRing&) = delete;
    ~UringRing();

    /// Errc::unsupported, with the reason, where the kernel refuses what is needed, or where it was
    /// left out on request.
    Result<void> begin();

    io_uring& get() noexcept { return ring_; }
    const io_uring& get() const noexcept { return ring_; }

    /// Room for a submission; submits those that are queued if there is none. Null: the kernel took
    /// none of them, as for lack of memory.
    io_uring_sqe* next_entry() noexcept;
    /// Hands the buffers that came home to the kernel, with one store of the ring's tail.
    void publish_buffers() noexcept;
    /// Submits what is queued and waits for a completion, but not longer than this; Duration::max()
    /// is for ever. May return early.
    void enter(Duration patience) noexcept;

private:
    int set_up() noexcept;
    Result<void> register_buffers();
    int submit_and_wait(Duration patience) noexcept;
    bool lacks(KernelFeature feature) const noexcept { return options_.without.contains(feature); }
    Error refused(int reason, const char* what, KernelFeatures features) const;

    BackendOptions options_;
    BufferPool& buffers_;
    io_uring ring_{};
    bool has_ring_ = false;
    io_uring_buf_ring* buffer_ring_ = nullptr;
    std::size_t buffer_ring_bytes_ = 0;
};

}  // namespace weir::detail
