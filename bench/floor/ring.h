// SPDX-License-Identifier: MIT
//
// An io_uring for one thread, with a ring of buffers that the kernel receives into: what all floors
// over io_uring stand on.
#pragma once

#include <liburing.h>

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/result.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::bench::floor {

class Ring {
public:
    explicit Ring(unsigned buffer_bytes)
        : buffer_bytes_(buffer_bytes), buffers_(std::size_t{kBuffers} * buffer_bytes) {}
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    Result<void> open();

    /// Room for one more request; what is already there is submitted where there is none.
    io_uring_sqe* next_entry();
    /// One receive into a buffer of the ring.
    void receive(int fd, std::uint64_t data);
    /// Receives until told otherwise: a completion without IORING_CQE_F_MORE is the last.
    void keep_receiving(int fd, std::uint64_t data);
    /// A send of which only failure is reported.
    void send(int fd, std::string_view bytes, std::uint64_t data);

    /// Submits, waits for `wait_for` completions, and calls `handle(completion)` for those that
    /// are there, until one of them gives an error.
    template <typename Handle>
    Result<void> turn(unsigned wait_for, Handle handle);

    /// What a completion with a buffer has received. Valid until give_back().
    std::string_view received(const io_uring_cqe& completion) const;
    void give_back(const io_uring_cqe& completion);

private:
    static constexpr unsigned kSubmissions = 1024;
    static constexpr unsigned kCompletions = 8192;
    static constexpr unsigned kBuffers = 1024;

    char* buffer(unsigned number) { return buffers_.data() + std::size_t{number} * buffer_bytes_; }
    void give_back(unsigned number);

    unsigned buffer_bytes_;
    std::vector<char> buffers_;
    io_uring ring_{};
    io_uring_buf_ring* buffer_ring_ = nullptr;
    bool is_open_ = false;
};

template <typename Handle>
Result<void> Ring::turn(unsigned wait_for, Handle handle) {
    const int submitted = ::io_uring_submit_and_wait(&ring_, wait_for);
    if (submitted < 0 && submitted != -EINTR) return Error::from_errno(-submitted, "io_uring");
    std::array<io_uring_cqe*, 128> completions;
    const unsigned count = ::io_uring_peek_batch_cqe(&ring_, completions.data(),
                                                     static_cast<unsigned>(completions.size()));
    for (unsigned i = 0; i < count; ++i) {
        if (Result<void> handled = handle(*completions[i]); !handled) return handled;
    }
    ::io_uring_cq_advance(&ring_, count);
    return {};
}

}  // namespace weir::bench::floor
