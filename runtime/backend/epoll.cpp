// SPDX-License-Identifier: MIT
//
// Completions made from readiness. A descriptor is registered once, edge-triggered, when something
// first has to wait for it; what is known of its readiness is kept, so that an operation is tried
// at once where it can succeed and only armed where it cannot. Cancelling is synchronous: the
// armed operation is taken out and completes with ECANCELED.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <weir/runtime/buffers.h>
#include <weir/runtime/operation.h>
#include "runtime/backend/system_backend.h"

namespace weir::detail {
namespace {

constexpr int kEventsPerWait = 512;
constexpr std::uint64_t kWakeTag = ~std::uint64_t{0};

/// What the backend knows of one descriptor.
struct Descriptor {
    Operation* input = nullptr;    // armed: waits for readability
    Operation* output = nullptr;   // armed: waits for writability
    std::uint32_t generation = 0;  // tells a stale event of a closed descriptor from a new one
    bool registered = false;
    bool readable = false;
    bool writable = true;  // a new socket's send buffer has room
    bool hung_up = false;  // the peer has closed: reads go on to the end, no event will follow
    // A read that gives less than it might has taken all there is. Not so where the kernel stops at
    // a mark between bytes: at urgent data, and in UNIX sockets where descriptors were sent along.
    bool short_read_drains = true;
};

class EpollBackend final : public SystemBackend {
public:
    EpollBackend(const BackendOptions& options, BufferPool& buffers)
        : SystemBackend(SOCK_NONBLOCK, options.without),
          has_pwait2_(may_use(KernelFeature::epoll_pwait2)),
          buffers_(buffers),
          epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)) {}
    ~EpollBackend() override {
        if (epoll_fd_ >= 0) ::close(epoll_fd_);
    }

    Result<void> begin() {
        if (epoll_fd_ < 0 || wake_fd() < 0) return Error::from_errno(errno, "starting epoll");
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.u64 = kWakeTag;
        if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd(), &event) != 0) {
            return Error::from_errno(errno, "starting epoll");
        }
        return {};
    }

    BackendKind kind() const noexcept override { return BackendKind::epoll; }
    void submit(Operation& operation) override;
    void cancel(Operation& operation) noexcept override;
    void wait(Instant deadline, OperationList& completed) override;
    void close(int fd) noexcept override;
    int descriptor() const noexcept override { return epoll_fd_; }
    bool has_pending() const noexcept override { return !completed_.empty(); }

private:
    Descriptor& descriptor(int fd);
    bool arm(Operation& operation, Descriptor& state);
    void progress(Operation*& armed, Descriptor& state);
    void forget(int fd) noexcept;
    std::optional<int> attempt(Operation& operation, Descriptor& state);
    std::optional<int> attempt_accept(Operation& operation, Descriptor& state);
    std::optional<int> attempt_receive(Operation& operation, Descriptor& state);
    std::optional<int> attempt_receive_from(MessageOperation& operation, Descriptor& state);
    std::optional<int> attempt_send(Operation& operation, Descriptor& state);
    std::optional<int> attempt_send_to(MessageOperation& operation, Descriptor& state);
    void handle(const epoll_event& event);
    int wait_for_kernel(Instant deadline);
    int wait_in_milliseconds(Duration patience);

    bool has_pwait2_;  // false once the kernel has refused it
    BufferPool& buffers_;
    int epoll_fd_;
    std::vector<Descriptor> descriptors_;  // by descriptor number
    OperationList completed_;
    std::array<epoll_event, kEventsPerWait> events_{};
};

bool is_output(const Operation& operation) {
    return operation.kind == OperationKind::connect || operation.kind == OperationKind::send ||
           operation.kind == OperationKind::send_to;
}

void EpollBackend::submit(Operation& operation) {
    operation.state = OperationState::in_flight;
    operation.cancel_asked = false;
    Descriptor& state = descriptor(operation.fd);
    if (operation.kind == OperationKind::connect) {
        const Bytes address = operation.data;
        const int status =
            ::connect(operation.fd, reinterpret_cast<const sockaddr*>(address.data()),
                      static_cast<socklen_t>(address.size()));
        if (status == 0) return completed_.complete(operation, 0);
        if (errno != EINPROGRESS && errno != EINTR) return completed_.complete(operation, -errno);
        state.writable = false;
    }
    if (operation.kind == OperationKind::wait_readable) {
        // Readiness may have been used up behind our back: look, do not remember.
        pollfd look{operation.fd, POLLIN, 0};
        state.readable = ::poll(&look, 1, 0) > 0;
    }
    const bool may_succeed = is_output(operation) ? state.writable : state.readable;
    if (may_succeed) {
        if (const std::optional<int> result = attempt(operation, state)) {
            return completed_.complete(operation, *result);
        }
    }
    if (!arm(operation, state)) completed_.complete(operation, -errno);
}

// Leaves the operation to the next event of its direction; registers the descriptor first where
// that was not done. Registering reports the present readiness, so nothing is missed.
bool EpollBackend::arm(Operation& operation, Descriptor& state) {
    if (!state.registered) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
        event.data.u64 =
            std::uint64_t{state.generation} << 32 | static_cast<std::uint32_t>(operation.fd);
        if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, operation.fd, &event) != 0) return false;
        state.registered = true;
        int domain = 0;
        socklen_t size = sizeof domain;
        ::getsockopt(operation.fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
        state.short_read_drains = domain == AF_INET || domain == AF_INET6;
    }
    (is_output(operation) ? state.output : state.input) = &operation;
    return true;
}

void EpollBackend::cancel(Operation& operation) noexcept {
    operation.cancel_asked = true;
    if (!operation.in_flight()) return;
    Descriptor& state = descriptor(operation.fd);
    (is_output(operation) ? state.output : state.input) = nullptr;
    if (operation.kind == OperationKind::wait_readable) forget(operation.fd);
    completed_.complete(operation, -ECANCELED);
}

void EpollBackend::wait(Instant deadline, OperationList& completed) {
    const int count = wait_for_kernel(completed_.empty() ? deadline : Instant::min());
    for (int i = 0; i < count; ++i)
        handle(events_[static_cast<std::size_t>(i)]);
    completed.take_all(completed_);
}

int EpollBackend::wait_for_kernel(Instant deadline) {
    Duration left = Duration::max();  // for ever
    if (deadline == Instant::min()) left = Duration::zero();
    if (left != Duration::zero() && deadline != kNever) {
        left = std::max(deadline - now(), Duration::zero());
    }
    if (!has_pwait2_) return wait_in_milliseconds(left);
    const timespec patience{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    const int count = ::epoll_pwait2(epoll_fd_, events_.data(), kEventsPerWait,
                                     left == Duration::max() ? nullptr : &patience, nullptr);
    if (count >= 0) return count;
    // Container runtimes that do not know a call may forbid it with EPERM.
    if (errno != ENOSYS && errno != EPERM) return 0;
    has_pwait2_ = false;
    return wait_in_milliseconds(left);
}

// For kernels before 5.11. Rounded up, so that timers are not early.
int EpollBackend::wait_in_milliseconds(Duration patience) {
    constexpr Duration kAtMost = std::chrono::hours(24);  // an int has room for 24 days
    int milliseconds = -1;
    if (patience != Duration::max()) {
        milliseconds = static_cast<int>(
            std::chrono::ceil<std::chrono::milliseconds>(std::min(patience, kAtMost)).count());
    }
    return std::max(::epoll_wait(epoll_fd_, events_.data(), kEventsPerWait, milliseconds), 0);
}

void EpollBackend::handle(const epoll_event& event) {
    if (event.data.u64 == kWakeTag) return clear_wake();
    Descriptor& state = descriptor(static_cast<int>(event.data.u64 & 0xffffffffu));
    if (state.generation != event.data.u64 >> 32) return;
    const bool broken = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
    if (broken || (event.events & EPOLLRDHUP) != 0) state.hung_up = true;
    if ((event.events & EPOLLPRI) != 0) state.short_read_drains = false;
    if (state.hung_up || (event.events & EPOLLIN) != 0) state.readable = true;
    if (broken || (event.events & EPOLLOUT) != 0) state.writable = true;
    if (state.readable) progress(state.input, state);
    if (state.writable) progress(state.output, state);
}

void EpollBackend::progress(Operation*& armed, Descriptor& state) {
    if (armed == nullptr) return;
    const std::optional<int> result = attempt(*armed, state);
    if (!result) return;
    Operation& operation = *std::exchange(armed, nullptr);
    if (operation.kind == OperationKind::wait_readable) forget(operation.fd);
    completed_.complete(operation, *result);
}

// What is known of a descriptor that is not ours ends with its wait: its owner may close it then,
// behind our back, and the next one with this number is another.
void EpollBackend::forget(int fd) noexcept {
    Descriptor& state = descriptor(fd);
    if (state.registered) ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
    const std::uint32_t generation = state.generation + 1;
    state = Descriptor();
    state.generation = generation;
}

// The system call itself. Nothing: it would block, and the next event will tell.
std::optional<int> EpollBackend::attempt(Operation& operation, Descriptor& state) {
    switch (operation.kind) {
        case OperationKind::accept:
            return attempt_accept(operation, state);
        case OperationKind::connect: {
            int reason = 0;
            socklen_t size = sizeof reason;
            if (::getsockopt(operation.fd, SOL_SOCKET, SO_ERROR, &reason, &size) != 0) {
                return -errno;
            }
            return -reason;
        }
        case OperationKind::receive:
            return attempt_receive(operation, state);
        case OperationKind::send:
            return attempt_send(operation, state);
        case OperationKind::wait_readable:
            return 0;
        case OperationKind::receive_from:
            return attempt_receive_from(static_cast<MessageOperation&>(operation), state);
        case OperationKind::send_to:
            return attempt_send_to(static_cast<MessageOperation&>(operation), state);
        case OperationKind::read_at:
        case OperationKind::write_at:
        case OperationKind::sync:
            break;
    }
    WEIR_CHECK_HINT(false, "files have no readiness: their operations go to the pool of threads");
    return std::nullopt;
}

std::optional<int> EpollBackend::attempt_accept(Operation& operation, Descriptor& state) {
    int fd = 0;
    do {
        fd = ::accept4(operation.fd, nullptr, nullptr, socket_flags());
    } while (fd < 0 && errno == EINTR);
    if (fd >= 0) return fd;
    if (errno != EAGAIN) return -errno;
    state.readable = false;
    return std::nullopt;
}

std::optional<int> EpollBackend::attempt_receive(Operation& operation, Descriptor& state) {
    const BufferPool::Buffer buffer = buffers_.take();
    if (buffer.data == nullptr) return -ENOBUFS;
    ssize_t count = 0;
    do {
        count = ::recv(operation.fd, buffer.data, buffers_.buffer_size(), MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        // Spares the confirming call, which would only say EAGAIN. Not after a hang-up: data and
        // end may come as one event, and no other follows.
        const bool is_short = static_cast<std::size_t>(count) < buffers_.buffer_size();
        if (is_short && state.short_read_drains && !state.hung_up) state.readable = false;
        operation.buffer = buffer;
        return static_cast<int>(count);
    }
    const int reason = errno;
    buffers_.give_back(buffer);
    if (reason != EAGAIN) return -reason;
    state.readable = false;
    return std::nullopt;
}

std::optional<int> EpollBackend::attempt_receive_from(MessageOperation& operation,
                                                      Descriptor& state) {
    const BufferPool::Buffer buffer = buffers_.take();
    if (buffer.data == nullptr) return -ENOBUFS;
    ssize_t count = 0;
    do {
        prepare_header(operation, buffer.data, buffers_.buffer_size());
        count = ::recvmsg(operation.fd, &operation.header, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        // One datagram of any size says nothing about the next: the socket stays readable.
        take_header(operation);
        operation.buffer = buffer;
        return static_cast<int>(count);
    }
    const int reason = errno;
    buffers_.give_back(buffer);
    if (reason != EAGAIN) return -reason;
    state.readable = false;
    return std::nullopt;
}

std::optional<int> EpollBackend::attempt_send_to(MessageOperation& operation, Descriptor& state) {
    prepare_header(operation, operation.data.data(), operation.data.size());
    ssize_t count = 0;
    do {
        count = ::sendmsg(operation.fd, &operation.header, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) return static_cast<int>(count);
    if (errno != EAGAIN) return -errno;
    state.writable = false;
    return std::nullopt;
}

std::optional<int> EpollBackend::attempt_send(Operation& operation, Descriptor& state) {
    while (!operation.data.empty()) {
        const ssize_t count = ::send(operation.fd, operation.data.data(), operation.data.size(),
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            operation.data = operation.data.subspan(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return -errno;
        state.writable = false;
        return std::nullopt;
    }
    return 0;
}

Descriptor& EpollBackend::descriptor(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= descriptors_.size()) descriptors_.resize(index + 64);
    return descriptors_[index];
}

void EpollBackend::close(int fd) noexcept {
    // Of a descriptor that never had an operation nothing is known, and there may be no memory to
    // make a place for it.
    if (const auto index = static_cast<std::size_t>(fd); index < descriptors_.size()) {
        const std::uint32_t generation = descriptors_[index].generation + 1;
        descriptors_[index] = Descriptor();
        descriptors_[index].generation = generation;
    }
    ::close(fd);  // leaves the epoll set with its last descriptor
}

}  // namespace

Result<std::unique_ptr<Backend>> make_epoll_backend(const BackendOptions& options,
                                                    BufferPool& buffers) {
    auto backend = std::make_unique<EpollBackend>(options, buffers);
    if (Result<void> begun = backend->begin(); !begun) return std::move(begun).error();
    return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace weir::detail
