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
#include "runtime/backend/uring_arrivals.h"
#include "runtime/backend/uring_entries.h"
#include "runtime/backend/uring_ring.h"

namespace weir::detail {
namespace {

// How often the kernel may fail to start a thread for a file. It takes some 30 ms over each.
constexpr std::uint8_t kThreadsRefusedMax = 30;
// How much may wait for a stream that nobody reads, in buffers, before the kernel is stopped.
constexpr std::uint16_t kArrivalsMax = 4;
// Values of user_data that are no operation's address.
constexpr std::uint64_t kIgnore = 1;
constexpr std::uint64_t kWake = 2;

bool is_armed(const Operation& operation) noexcept {
    return operation.kind == OperationKind::receive &&
           static_cast<const ReceiveOperation&>(operation).is_armed;
}

class UringBackend final : public SystemBackend {
public:
    // Sockets block: on a non-blocking one io_uring gives EAGAIN instead of waiting.
    UringBackend(const BackendOptions& options, BufferPool& buffers)
        : SystemBackend(0, options.without),
          buffers_(buffers),
          arrivals_(buffers),
          ring_(options, buffers) {}

    Result<void> begin() {
        if (wake_fd() < 0) return Error::from_errno(EMFILE, "starting io_uring");
        return ring_.begin();
    }

    BackendKind kind() const noexcept override { return BackendKind::uring; }
    void submit(Operation& operation) override;
    void cancel(Operation& operation) noexcept override;
    bool let_go(ReceiveOperation& operation) noexcept override;
    void wait(Instant deadline, OperationList& completed) override;
    int descriptor() const noexcept override { return ring_.get().ring_fd; }
    bool has_pending() const noexcept override {
        return io_uring_sq_ready(&ring_.get()) > 0 || !completed_.empty() || !unsent_.empty() ||
               !unsent_cancels_.empty();
    }

private:
    bool queue(Operation& operation) noexcept;
    bool queue_cancel(Operation& operation) noexcept;
    void queue_wake_watch() noexcept;
    void queue_deferred() noexcept;
    void reap();
    void finish(Operation& operation, int result, unsigned flags);
    void finish_file(FileOperation& operation, int result);
    void finish_receive(Operation& operation, int result, unsigned flags);
    bool needs_no_kernel(ReceiveOperation& operation) noexcept;
    void arrived(ReceiveOperation& operation, int result, unsigned flags);
    void keep(ReceiveOperation& operation, int result, BufferPool::Buffer buffer) noexcept;
    void finish_send(Operation& operation, int result);
    void requeue(Operation& operation);

    BufferPool& buffers_;
    UringArrivals arrivals_;
    UringRing ring_;
    OperationList completed_;
    // The kernel takes all that is queued, unless it lacks memory. These then wait until it does.
    OperationList unsent_;
    OperationList unsent_cancels_;  // in flight, to be cancelled
    bool watching_wake_ = false;
    const bool may_go_on_receiving_ = may_use(KernelFeature::multishot_receive);
};

void UringBackend::submit(Operation& operation) {
    operation.state = OperationState::in_flight;
    operation.cancel_asked = false;
    if (operation.kind == OperationKind::receive &&
        needs_no_kernel(static_cast<ReceiveOperation&>(operation))) {
        return;
    }
    requeue(operation);
}

// Behind those that wait already, if any do: the kernel is not asked for each of them anew.
void UringBackend::requeue(Operation& operation) {
    if (!unsent_.empty() || !queue(operation)) unsent_.push(operation);
}

bool UringBackend::queue(Operation& operation) noexcept {
    io_uring_sqe* entry = ring_.next_entry();
    if (entry == nullptr) return false;
    prepare_entry(entry, operation, {buffers_.buffer_size(), may_go_on_receiving_});
    io_uring_sqe_set_data(entry, &operation);
    return true;
}

void UringBackend::cancel(Operation& operation) noexcept {
    if (!operation.in_flight() || operation.cancel_asked) return;
    operation.cancel_asked = true;
    if (!unsent_.empty() && unsent_.remove(operation)) {
        return completed_.complete(operation, -ECANCELED);
    }
    // The reader goes, and the kernel goes on: what it receives is the next reader's.
    if (is_armed(operation)) return completed_.complete(operation, -ECANCELED);
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
    // A receive that goes on must still be stopped, if it was to be.
    const bool is_over = (flags & IORING_CQE_F_MORE) == 0;
    if (is_over && !unsent_cancels_.empty()) unsent_cancels_.remove(operation);
    if (is_armed(operation)) {
        return arrived(static_cast<ReceiveOperation&>(operation), result, flags);
    }
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

// --- receiving between reads ---------------------------------------------------------------------
//
// From the third read of a stream on, the kernel is asked once to receive whatever comes
// (multishot), instead of anew for each read. What comes while nobody reads waits in its buffers;
// when a few wait, the kernel is stopped, so that a reader who is slow holds up the peer and not
// the ring of buffers.

// True where the kernel need not be asked: the answer is there, or is on its way anyhow.
bool UringBackend::needs_no_kernel(ReceiveOperation& operation) noexcept {
    if (operation.arrivals > 0) {
        completed_.complete(operation, arrivals_.pop(operation));
        return true;
    }
    if (operation.came_instead <= 0) {
        completed_.complete(operation, std::exchange(operation.came_instead, 1));
        return true;
    }
    return operation.is_armed;
}

void UringBackend::arrived(ReceiveOperation& operation, int result, unsigned flags) {
    operation.is_armed = (flags & IORING_CQE_F_MORE) != 0;
    if (!operation.is_armed) operation.is_stopping = false;
    BufferPool::Buffer buffer;
    if ((flags & IORING_CQE_F_BUFFER) != 0) {
        buffer.number = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
        buffer.data = buffers_.buffer(buffer.number);
    }
    if (operation.is_closing) {
        buffers_.give_back(buffer);
        if (!operation.is_armed) completed_.complete(operation, -ECANCELED);
    } else if (!operation.in_flight()) {
        keep(operation, result, buffer);
    } else if (result > 0) {
        operation.buffer = buffer;
        completed_.complete(operation, result);
    } else {
        buffers_.give_back(buffer);
        // It was stopped while nobody read: this read asks anew.
        if (result == -ECANCELED || result == -EINTR) return requeue(operation);
        finish_receive(operation, result, 0);
    }
}

// Nobody reads now.
void UringBackend::keep(ReceiveOperation& operation, int result,
                        BufferPool::Buffer buffer) noexcept {
    if (result > 0) {
        arrivals_.push(operation, buffer, result);
        if (operation.arrivals >= kArrivalsMax && operation.is_armed && !operation.is_stopping) {
            operation.is_stopping = queue_cancel(operation);
        }
        return;
    }
    buffers_.give_back(buffer);
    // These end the receiving, and say nothing about the stream.
    if (result == -ECANCELED || result == -EINTR || result == -ENOBUFS) return;
    operation.came_instead = result;
}

bool UringBackend::let_go(ReceiveOperation& operation) noexcept {
    while (operation.arrivals > 0) {
        arrivals_.pop(operation);
        buffers_.give_back(std::exchange(operation.buffer, {}));
    }
    if (!operation.is_armed) return true;
    operation.is_closing = true;
    operation.state = OperationState::in_flight;
    operation.cancel_asked = true;
    if (!unsent_cancels_.empty() || !queue_cancel(operation)) unsent_cancels_.push(operation);
    return false;
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
