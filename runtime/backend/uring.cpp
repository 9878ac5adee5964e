// SPDX-License-Identifier: MIT
//
// Operations as submission and completion queue entries. One system call a turn both submits what
// is queued and waits; uring_ring.h has the calls, and what the kernel must grant for them.
#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <weir/runtime/buffers.h>
#include <weir/runtime/operation.h>
#include "runtime/backend/system_backend.h"
#include "runtime/backend/uring_ring.h"

namespace weir::detail {
namespace {

constexpr std::size_t kBytesAtMost = std::size_t{1} << 30;  // an entry's length has 32 bits
// How often the kernel may fail to start a thread for a file. It takes some 30 ms over each.
constexpr std::uint8_t kThreadsRefusedMax = 30;
// Values of user_data that are no operation's address.
constexpr std::uint64_t kIgnore = 1;
constexpr std::uint64_t kWake = 2;

class UringBackend final : public SystemBackend {
public:
    // Sockets block: on a non-blocking one io_uring gives EAGAIN instead of waiting.
    UringBackend(const BackendOptions& options, BufferPool& buffers)
        : SystemBackend(0, options.without), buffers_(buffers), ring_(options, buffers) {}

    Result<void> begin() {
        if (wake_fd() < 0) return Error::from_errno(EMFILE, "starting io_uring");
        return ring_.begin();
    }

    BackendKind kind() const noexcept override { return BackendKind::uring; }
    void submit(Operation& operation) override;
    void cancel(Operation& operation) noexcept override;
    void wait(Instant deadline, OperationList& completed) override;
    int descriptor() const noexcept override { return ring_.get().ring_fd; }
    bool has_pending() const noexcept override {
        return io_uring_sq_ready(&ring_.get()) > 0 || !completed_.empty() || !unsent_.empty() ||
               !unsent_cancels_.empty();
    }

private:
    bool queue(Operation& operation) noexcept;
    void prepare_message(io_uring_sqe* entry, MessageOperation& operation) noexcept;
    void prepare_file(io_uring_sqe* entry, FileOperation& operation) noexcept;
    bool queue_cancel(Operation& operation) noexcept;
    void queue_wake_watch() noexcept;
    void queue_deferred() noexcept;
    void reap();
    void finish(Operation& operation, int result, unsigned flags);
    void finish_file(FileOperation& operation, int result);
    void finish_receive(Operation& operation, int result, unsigned flags);
    void finish_send(Operation& operation, int result);
    void requeue(Operation& operation);

    BufferPool& buffers_;
    UringRing ring_;
    OperationList completed_;
    // The kernel takes all that is queued, unless it lacks memory. These then wait until it does.
    OperationList unsent_;
    OperationList unsent_cancels_;  // in flight, to be cancelled
    bool watching_wake_ = false;
};

void UringBackend::submit(Operation& operation) {
    operation.state = OperationState::in_flight;
    operation.cancel_asked = false;
    requeue(operation);
}

// Behind those that wait already, if any do: the kernel is not asked for each of them anew.
void UringBackend::requeue(Operation& operation) {
    if (!unsent_.empty() || !queue(operation)) unsent_.push(operation);
}

bool UringBackend::queue(Operation& operation) noexcept {
    io_uring_sqe* entry = ring_.next_entry();
    if (entry == nullptr) return false;
    const int fd = operation.fd;
    switch (operation.kind) {
        case OperationKind::accept:
            io_uring_prep_accept(entry, fd, nullptr, nullptr, SOCK_CLOEXEC);
            break;
        case OperationKind::connect: {
            const Bytes address = operation.data;
            io_uring_prep_connect(entry, fd, reinterpret_cast<const sockaddr*>(address.data()),
                                  static_cast<socklen_t>(address.size()));
            break;
        }
        case OperationKind::receive:
            io_uring_prep_recv(entry, fd, operation.buffer.data, buffers_.buffer_size(), 0);
            if (operation.buffer.data == nullptr) {
                entry->flags |= IOSQE_BUFFER_SELECT;
                entry->buf_group = UringRing::kBufferGroup;
            }
            break;
        case OperationKind::send:
            // MSG_WAITALL: the kernel goes on after a short send, in place.
            io_uring_prep_send(entry, fd, operation.data.data(),
                               std::min(operation.data.size(), kBytesAtMost),
                               MSG_NOSIGNAL | MSG_WAITALL);
            break;
        case OperationKind::wait_readable:
            io_uring_prep_poll_add(entry, fd, POLLIN);
            break;
        case OperationKind::receive_from:
        case OperationKind::send_to:
            prepare_message(entry, static_cast<MessageOperation&>(operation));
            break;
        case OperationKind::read_at:
        case OperationKind::write_at:
        case OperationKind::sync:
            prepare_file(entry, static_cast<FileOperation&>(operation));
            break;
    }
    io_uring_sqe_set_data(entry, &operation);
    return true;
}

void UringBackend::prepare_message(io_uring_sqe* entry, MessageOperation& operation) noexcept {
    if (operation.kind == OperationKind::send_to) {
        prepare_header(operation, operation.data.data(), operation.data.size());
        io_uring_prep_sendmsg(entry, operation.fd, &operation.header, MSG_NOSIGNAL);
        return;
    }
    prepare_header(operation, operation.buffer.data, buffers_.buffer_size());
    io_uring_prep_recvmsg(entry, operation.fd, &operation.header, 0);
    if (operation.buffer.data == nullptr) {
        entry->flags |= IOSQE_BUFFER_SELECT;
        entry->buf_group = UringRing::kBufferGroup;
    }
}

void UringBackend::prepare_file(io_uring_sqe* entry, FileOperation& operation) noexcept {
    const int fd = operation.fd;
    if (operation.kind == OperationKind::read_at) {
        const std::size_t size = std::min(operation.size, kBytesAtMost);
        io_uring_prep_read(entry, fd, operation.into, static_cast<unsigned>(size),
                           operation.offset);
    } else if (operation.kind == OperationKind::write_at) {
        const std::size_t size = std::min(operation.data.size(), kBytesAtMost);
        io_uring_prep_write(entry, fd, operation.data.data(), static_cast<unsigned>(size),
                            operation.offset);
    } else {
        io_uring_prep_fsync(entry, fd, 0);
    }
}

void UringBackend::cancel(Operation& operation) noexcept {
    if (!operation.in_flight() || operation.cancel_asked) return;
    operation.cancel_asked = true;
    if (!unsent_.empty() && unsent_.remove(operation)) {
        return completed_.complete(operation, -ECANCELED);
    }
    if (!unsent_cancels_.empty() || !queue_cancel(operation)) unsent_cancels_.push(operation);
}

// By address, which is safe: the request goes behind the operation's own in the queue, and the
// memory is not reused before the operation has completed and a later entry is queued.
bool UringBackend::queue_cancel(Operation& operation) noexcept {
    io_uring_sqe* entry = ring_.next_entry();
    if (entry == nullptr) return false;
    io_uring_prep_cancel64(entry, reinterpret_cast<std::uint64_t>(&operation), 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, kIgnore);
    return true;
}

void UringBackend::queue_wake_watch() noexcept {
    io_uring_sqe* entry = ring_.next_entry();
    if (entry == nullptr) return;
    io_uring_prep_poll_multishot(entry, wake_fd(), POLLIN);
    io_uring_sqe_set_data64(entry, kWake);
    watching_wake_ = true;
}

void UringBackend::queue_deferred() noexcept {
    if (!watching_wake_) queue_wake_watch();
    // Until the kernel takes no more: it would not take the others either.
    while (!unsent_.empty() && queue(unsent_.first()))
        unsent_.pop();
    while (!unsent_cancels_.empty() && queue_cancel(unsent_cancels_.first()))
        unsent_cancels_.pop();
}

void UringBackend::wait(Instant deadline, OperationList& completed) {
    ring_.publish_buffers();
    queue_deferred();
    const bool has_unsent = !unsent_.empty() || !unsent_cancels_.empty() || !watching_wake_;
    if (has_unsent) [[unlikely]]
        deadline = std::min(deadline, now() + kPauseWhenRefused);
    Duration patience = Duration::zero();
    if (completed_.empty() && deadline != Instant::min()) {
        patience = deadline == kNever ? Duration::max() : deadline - now();
    }
    ring_.enter(patience);
    reap();
    completed.take_all(completed_);
}

// Takes what the queue holds. What found it full the kernel has kept, and hands over in the next
// calls, which do not wait then.
void UringBackend::reap() {
    io_uring& ring = ring_.get();
    WEIR_CHECK_HINT(*ring.cq.koverflow == 0,
                    "the kernel had no memory to keep a completion, whose task would wait for "
                    "ever; a larger ReactorOptions::ring_entries() needs no such memory");
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring, head, entry) {
        ++count;
        const std::uint64_t tag = io_uring_cqe_get_data64(entry);
        if (tag == kIgnore) continue;
        if (tag == kWake) {
            clear_wake();
            watching_wake_ = (entry->flags & IORING_CQE_F_MORE) != 0;
            continue;
        }
        finish(*reinterpret_cast<Operation*>(tag), entry->res, entry->flags);
    }
    io_uring_cq_advance(&ring, count);
}

void UringBackend::finish(Operation& operation, int result, unsigned flags) {
    if (!unsent_cancels_.empty()) unsent_cancels_.remove(operation);
    if (result == -EINTR) {
        // A thread of the kernel was interrupted: by our cancel, or by a signal meant for others.
        if (operation.cancel_asked) {
            result = -ECANCELED;
        } else if (operation.kind != OperationKind::connect && (flags & IORING_CQE_F_BUFFER) == 0) {
            return requeue(operation);
        }
    }
    switch (operation.kind) {
        case OperationKind::receive_from:
            if (result >= 0) take_header(static_cast<MessageOperation&>(operation));
            return finish_receive(operation, result, flags);
        case OperationKind::receive:
            return finish_receive(operation, result, flags);
        case OperationKind::send:
            return finish_send(operation, result);
        case OperationKind::wait_readable:
            return completed_.complete(operation, std::min(result, 0));
        case OperationKind::accept:
        case OperationKind::connect:
        case OperationKind::send_to:
            return completed_.complete(operation, result);
        case OperationKind::read_at:
        case OperationKind::write_at:
        case OperationKind::sync:
            return finish_file(static_cast<FileOperation&>(operation), result);
    }
}

// Cancelled by nobody: the kernel could not start the thread that waits for the file, since signals
// kept interrupting it, or since a limit forbids threads.
void UringBackend::finish_file(FileOperation& operation, int result) {
    if (result == -ECANCELED && !operation.cancel_asked) {
        if (operation.threads_refused++ < kThreadsRefusedMax) return requeue(operation);
        result = -EAGAIN;
    }
    completed_.complete(operation, result);
}

void UringBackend::finish_receive(Operation& operation, int result, unsigned flags) {
    if ((flags & IORING_CQE_F_BUFFER) != 0) {
        const auto number = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
        operation.buffer = BufferPool::Buffer{buffers_.buffer(number), number};
    }
    if (result == -ENOBUFS && operation.buffer.data == nullptr && !operation.cancel_asked) {
        // Leases hold the whole ring: this one receive gets a buffer of its own.
        operation.buffer = buffers_.take_from_heap();
        if (operation.buffer.data != nullptr) return requeue(operation);
    }
    if (result < 0) buffers_.give_back(std::exchange(operation.buffer, {}));
    completed_.complete(operation, result);
}

void UringBackend::finish_send(Operation& operation, int result) {
    if (result < 0) return completed_.complete(operation, result);
    operation.data = operation.data.subspan(static_cast<std::size_t>(result));
    if (operation.data.empty()) return completed_.complete(operation, 0);
    if (operation.cancel_asked) return completed_.complete(operation, -ECANCELED);
    requeue(operation);
}

}  // namespace

Result<std::unique_ptr<Backend>> make_uring_backend(const BackendOptions& options,
                                                    BufferPool& buffers) {
    auto backend = std::make_unique<UringBackend>(options, buffers);
    if (Result<void> begun = backend->begin(); !begun) return std::move(begun).error();
    return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace weir::detail
