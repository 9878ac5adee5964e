// SPDX-License-Identifier: MIT
//
// The ring's side of being polled. With completion work deferred to the loop's own call, the kernel
// tells a registered eventfd of such work, but does not wake those who poll the ring itself. It
// tells that eventfd late, and only once, where the work comes from a write to another eventfd.
// Hence posts write to it themselves, and each turn registers it anew.
#include <weir/runtime/loop_driver.h>

#include <linux/io_uring.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace weir::detail {

Result<PollDescriptor> PollDescriptor::make(Reactor& reactor) {
    if (reactor.descriptor() < 0) {
        return Error(Errc::unsupported,
                     "a simulated world has no descriptor to poll: use run_simulated()");
    }
    if (reactor.backend_kind() != BackendKind::uring) return PollDescriptor(reactor, -1);
    PollDescriptor descriptor(reactor, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (descriptor.event_fd_ < 0) return Error::from_errno(errno, "making a loop to be polled");
    if (!descriptor.enrol()) {
        return Error::from_errno(errno, "registering an eventfd with io_uring");
    }
    reactor.remote().mailbox().also_signal(descriptor.event_fd_);
    return descriptor;
}

PollDescriptor::PollDescriptor(PollDescriptor&& other) noexcept
    : reactor_(other.reactor_), event_fd_(std::exchange(other.event_fd_, -1)) {}

// The ring keeps a reference of its own until it is closed.
PollDescriptor::~PollDescriptor() {
    if (event_fd_ < 0) return;
    reactor_->remote().mailbox().also_signal(-1);
    ::close(event_fd_);
}

bool PollDescriptor::enrol() const noexcept {
    return ::syscall(SYS_io_uring_register, reactor_->descriptor(), IORING_REGISTER_EVENTFD,
                     &event_fd_, 1) == 0;
}

// What is signalled while it is not registered, the turn that follows and has_more() find.
void PollDescriptor::clear() noexcept {
    if (event_fd_ < 0) return;
    ::syscall(SYS_io_uring_register, reactor_->descriptor(), IORING_UNREGISTER_EVENTFD, nullptr, 0);
    std::uint64_t count = 0;
    static_cast<void>(!::read(event_fd_, &count, sizeof count));
    WEIR_CHECK_HINT(enrol(), "an eventfd that was registered with io_uring cannot be any more");
}

bool PollDescriptor::has_more() const noexcept {
    if (event_fd_ < 0) return false;
    pollfd ring{reactor_->descriptor(), POLLIN, 0};
    return ::poll(&ring, 1, 0) > 0;
}

}  // namespace weir::detail
