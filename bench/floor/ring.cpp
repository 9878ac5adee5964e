// SPDX-License-Identifier: MIT
#include "bench/floor/ring.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>

namespace weir::bench::floor {

Ring::~Ring() {
    if (is_open_) ::io_uring_queue_exit(&ring_);
}

Result<void> Ring::open() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                   IORING_SETUP_CLAMP;
    params.cq_entries = kCompletions;
    const int failed = ::io_uring_queue_init_params(kSubmissions, &ring_, &params);
    if (failed < 0) return Error::from_errno(-failed, "setting up an io_uring");
    is_open_ = true;
    ::io_uring_register_ring_fd(&ring_);

    void* entries = ::mmap(nullptr, kBuffers * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (entries == MAP_FAILED) return Error::from_errno(errno, "mapping the buffer ring");
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries);
    registration.ring_entries = kBuffers;
    const int refused = ::io_uring_register_buf_ring(&ring_, &registration, 0);
    if (refused < 0) return Error::from_errno(-refused, "registering receive buffers");
    buffer_ring_ = static_cast<io_uring_buf_ring*>(entries);
    ::io_uring_buf_ring_init(buffer_ring_);
    for (unsigned i = 0; i < kBuffers; ++i)
        give_back(i);
    return {};
}

io_uring_sqe* Ring::next_entry() {
    io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
    if (entry != nullptr) return entry;
    ::io_uring_submit(&ring_);
    entry = ::io_uring_get_sqe(&ring_);
    WEIR_CHECK_HINT(entry != nullptr, "a queue that was submitted has room");
    return entry;
}

void Ring::receive(int fd, std::uint64_t data) {
    io_uring_sqe* entry = next_entry();
    ::io_uring_prep_recv(entry, fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    ::io_uring_sqe_set_data64(entry, data);
}

void Ring::keep_receiving(int fd, std::uint64_t data) {
    io_uring_sqe* entry = next_entry();
    ::io_uring_prep_recv_multishot(entry, fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    ::io_uring_sqe_set_data64(entry, data);
}

void Ring::send(int fd, std::string_view bytes, std::uint64_t data) {
    io_uring_sqe* entry = next_entry();
    ::io_uring_prep_send(entry, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    ::io_uring_sqe_set_data64(entry, data);
}

std::string_view Ring::received(const io_uring_cqe& completion) const {
    const unsigned number = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    return {buffers_.data() + std::size_t{number} * buffer_bytes_,
            static_cast<std::size_t>(completion.res)};
}

void Ring::give_back(const io_uring_cqe& completion) {
    give_back(completion.flags >> IORING_CQE_BUFFER_SHIFT);
}

void Ring::give_back(unsigned number) {
    ::io_uring_buf_ring_add(buffer_ring_, buffer(number), buffer_bytes_,
                            static_cast<unsigned short>(number), ::io_uring_buf_ring_mask(kBuffers),
                            0);
    ::io_uring_buf_ring_advance(buffer_ring_, 1);
}

}  // namespace weir::bench::floor
