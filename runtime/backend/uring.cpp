// SPDX-License-Identifier: MIT
//
// Operations as submission and completion queue entries. One system call a turn both submits what
// is queued and waits. It needs what makes io_uring faster than epoll: a ring with a single
// issuer whose completion work is deferred to that call (Linux 6.1), and a ring of provided
// buffers, from which the kernel picks one only when data is there.
#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <weir/runtime/buffers.h>
#include <weir/runtime/operation.h>
#include "runtime/backend/system_backend.h"

namespace weir::detail {
namespace {

constexpr unsigned kSubmissions = 1024;
constexpr unsigned kCompletions = 8192;
constexpr std::uint16_t kBufferGroup = 0;
constexpr std::size_t kBytesAtMost = std::size_t{1} << 30;  // an entry's length has 32 bits
// Values of user_data that are no operation's address.
constexpr std::uint64_t kIgnore = 1;
constexpr std::uint64_t kWake = 2;

class UringBackend final : public SystemBackend {
public:
    // Sockets block: on a non-blocking one io_uring gives EAGAIN instead of waiting.
    explicit UringBackend(BufferPool& buffers) : SystemBackend(0), buffers_(buffers) {}
    ~UringBackend() override;

    Result<void> begin();

    BackendKind kind() const noexcept override { return BackendKind::uring; }
    void submit(Operation& operation) override;
    void cancel(Operation& operation) noexcept override;
    void wait(Instant deadline, OperationList& completed) override;
    int descriptor() const noexcept override { return ring_.ring_fd; }
    bool has_pending() const noexcept override {
        return io_uring_sq_ready(&ring_) > 0 || !completed_.empty() || !unsent_.empty() ||
               !unsent_cancels_.empty();
    }

private:
    Result<void> register_buffers();
    void publish_buffers() noexcept;
    io_uring_sqe* next_entry() noexcept;
    bool queue(Operation& operation) noexcept;
    void prepare_message(io_uring_sqe* entry, MessageOperation& operation) noexcept;
    void prepare_file(io_uring_sqe* entry, FileOperation& operation) noexcept;
    bool queue_cancel(Operation& operation) noexcept;
    void queue_wake_watch() noexcept;
    void queue_deferred() noexcept;
    void enter(Instant deadline) noexcept;
    void reap();
    void finish(Operation& operation, int result, unsigned flags);
    void finish_receive(Operation& operation, int result, unsigned flags);
    void finish_send(Operation& operation, int result);
    void requeue(Operation& operation);

    BufferPool& buffers_;
    io_uring ring_{};
    bool has_ring_ = false;
    io_uring_buf_ring* buffer_ring_ = nullptr;
    std::size_t buffer_ring_bytes_ = 0;
    OperationList completed_;
    OperationList unsent_;                    // found the submission queue full
    std::vector<Operation*> unsent_cancels_;  // likewise
    bool watching_wake_ = false;
};

Error refused(int reason, const char* what) {
    return Error(Errc::unsupported,
                 std::string("io_uring cannot be used here: ") + what + ": " +
                     std::system_category().message(reason) +
                     " (it needs Linux 6.1 and a container that allows it; epoll works anywhere)");
}

UringBackend::~UringBackend() {
    if (has_ring_) io_uring_queue_exit(&ring_);
    if (buffer_ring_ != nullptr) ::munmap(buffer_ring_, buffer_ring_bytes_);
}

Result<void> UringBackend::begin() {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
    parameters.cq_entries = kCompletions;
    if (const int status = io_uring_queue_init_params(kSubmissions, &ring_, &parameters);
        status < 0) {
        return refused(-status, "setting up the ring");
    }
    has_ring_ = true;
    constexpr unsigned kNeeded = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP;
    if ((parameters.features & kNeeded) != kNeeded) return refused(ENOSYS, "features");
    // Saves the kernel a look-up at every call; not having it costs nothing else.
    io_uring_register_ring_fd(&ring_);
    if (wake_fd() < 0) return Error::from_errno(EMFILE, "starting io_uring");
    return register_buffers();
}

Result<void> UringBackend::register_buffers() {
    buffer_ring_bytes_ = std::size_t{buffers_.count()} * sizeof(io_uring_buf);
    void* memory = ::mmap(nullptr, buffer_ring_bytes_, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Error::from_errno(errno, "starting io_uring");
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(buffer_ring_);
    registration.ring_entries = buffers_.count();
    registration.bgid = kBufferGroup;
    if (const int status = io_uring_register_buf_ring(&ring_, &registration, 0); status < 0) {
        return refused(-status, "registering receive buffers");
    }
    io_uring_buf_ring_init(buffer_ring_);
    publish_buffers();
    return {};
}

// Hands the buffers that came home to the kernel, with one store of the ring's tail.
void UringBackend::publish_buffers() noexcept {
    std::vector<std::uint16_t>& home = buffers_.at_home();
    if (home.empty()) return;
    const int mask = io_uring_buf_ring_mask(buffers_.count());
    int offset = 0;
    for (; !home.empty(); home.pop_back()) {
        const std::uint16_t number = home.back();
        io_uring_buf_ring_add(buffer_ring_, buffers_.buffer(number),
                              static_cast<unsigned>(buffers_.buffer_size()), number, mask,
                              offset++);
    }
    io_uring_buf_ring_advance(buffer_ring_, offset);
}

io_uring_sqe* UringBackend::next_entry() noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry != nullptr) return entry;
    io_uring_submit(&ring_);
    return io_uring_get_sqe(&ring_);
}

void UringBackend::submit(Operation& operation) {
    operation.state = OperationState::in_flight;
    operation.cancel_asked = false;
    requeue(operation);
}

void UringBackend::requeue(Operation& operation) {
    if (!queue(operation)) unsent_.push(operation);
}

bool UringBackend::queue(Operation& operation) noexcept {
    io_uring_sqe* entry = next_entry();
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
                entry->buf_group = kBufferGroup;
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
        entry->buf_group = kBufferGroup;
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
    if (!queue_cancel(operation)) unsent_cancels_.push_back(&operation);
}

// By address, which is safe: the request goes behind the operation's own in the queue, and the
// memory is not reused before the operation has completed and a later entry is queued.
bool UringBackend::queue_cancel(Operation& operation) noexcept {
    io_uring_sqe* entry = next_entry();
    if (entry == nullptr) return false;
    io_uring_prep_cancel64(entry, reinterpret_cast<std::uint64_t>(&operation), 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, kIgnore);
    return true;
}

void UringBackend::queue_wake_watch() noexcept {
    io_uring_sqe* entry = next_entry();
    if (entry == nullptr) return;
    io_uring_prep_poll_multishot(entry, wake_fd(), POLLIN);
    io_uring_sqe_set_data64(entry, kWake);
    watching_wake_ = true;
}

void UringBackend::queue_deferred() noexcept {
    if (!watching_wake_) queue_wake_watch();
    OperationList again;
    again.take_all(unsent_);
    while (!again.empty()) {
        Operation& operation = again.pop();
        if (operation.cancel_asked) {
            std::erase(unsent_cancels_, &operation);
            completed_.complete(operation, -ECANCELED);
        } else {
            requeue(operation);
        }
    }
    std::erase_if(unsent_cancels_, [this](Operation* each) { return queue_cancel(*each); });
}

void UringBackend::wait(Instant deadline, OperationList& completed) {
    publish_buffers();
    queue_deferred();
    enter(completed_.empty() ? deadline : Instant::min());
    reap();
    completed.take_all(completed_);
}

// Completion work is deferred to this call, so it is made even when there is no time to wait.
void UringBackend::enter(Instant deadline) noexcept {
    if (deadline == kNever) {
        io_uring_submit_and_wait(&ring_, 1);
        return;
    }
    const Duration left = deadline == Instant::min() ? Duration::zero() : deadline - now();
    if (left <= Duration::zero()) {
        io_uring_submit_and_get_events(&ring_);
        return;
    }
    __kernel_timespec patience{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &patience, nullptr);
}

void UringBackend::reap() {
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring_, head, entry) {
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
    io_uring_cq_advance(&ring_, count);
}

void UringBackend::finish(Operation& operation, int result, unsigned flags) {
    if (!unsent_cancels_.empty()) std::erase(unsent_cancels_, &operation);
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
        case OperationKind::read_at:
        case OperationKind::write_at:
        case OperationKind::sync:
            return completed_.complete(operation, result);
    }
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

Result<std::unique_ptr<Backend>> make_uring_backend(BufferPool& buffers) {
    auto backend = std::make_unique<UringBackend>(buffers);
    if (Result<void> begun = backend->begin(); !begun) return std::move(begun).error();
    return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace weir::detail
