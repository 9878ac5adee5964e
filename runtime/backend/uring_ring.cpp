// SPDX-License-Identifier: MIT
#include "runtime/backend/uring_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

namespace weir::detail {

UringRing::~UringRing() {
    if (has_ring_) io_uring_queue_exit(&ring_);
    if (buffer_ring_ != nullptr) ::munmap(buffer_ring_, buffer_ring_bytes_);
}

// Where descriptors or memory have run out that is no refusal: epoll would fare no better.
Error UringRing::refused(int reason, const char* what, KernelFeatures features) const {
    if (reason == EMFILE || reason == ENFILE || reason == ENOMEM) {
        return Error::from_errno(reason, std::string("starting io_uring: ") + what);
    }
    const bool on_request = !(options_.without & features).empty();
    return Error(Errc::unsupported,
                 std::string("io_uring cannot be used here: ") + what + ": " +
                     std::system_category().message(reason) +
                     (on_request ? " (left out by WEIR_WITHOUT or ReactorOptions::without(): " +
                                       (options_.without & features).to_string() + ")"
                                 : " (it needs Linux 6.1 and a container that allows it; epoll "
                                   "works anywhere)"));
}

// What was left out on request is refused where, and as, the kernel would refuse it.
int UringRing::set_up() noexcept {
    if (lacks(KernelFeature::io_uring)) return -ENOSYS;
    if (lacks(KernelFeature::deferred_completions)) return -EINVAL;
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
    parameters.cq_entries = options_.ring_completions;
    const int status = io_uring_queue_init_params(options_.ring_submissions, &ring_, &parameters);
    has_ring_ = status == 0;
    return status;
}

Result<void> UringRing::begin() {
    if (const int status = set_up(); status < 0) {
        return refused(
            -status, "setting up the ring",
            KernelFeatures(KernelFeature::io_uring) | KernelFeature::deferred_completions);
    }
    unsigned features = ring_.features;
    if (lacks(KernelFeature::wait_argument)) features &= ~IORING_FEAT_EXT_ARG;
    if (lacks(KernelFeature::no_drop)) features &= ~IORING_FEAT_NODROP;
    if ((features & IORING_FEAT_EXT_ARG) == 0) {
        return refused(ENOSYS, "waiting with a time limit", KernelFeature::wait_argument);
    }
    if ((features & IORING_FEAT_NODROP) == 0) {
        return refused(ENOSYS, "keeping all completions", KernelFeature::no_drop);
    }
    // Saves the kernel a look-up at every call; not having it costs nothing else.
    if (!lacks(KernelFeature::registered_ring)) io_uring_register_ring_fd(&ring_);
    return register_buffers();
}

Result<void> UringRing::register_buffers() {
    buffer_ring_bytes_ = std::size_t{buffers_.count()} * sizeof(io_uring_buf);
    void* memory = ::mmap(nullptr, buffer_ring_bytes_, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Error::from_errno(errno, "starting io_uring");
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(buffer_ring_);
    registration.ring_entries = buffers_.count();
    registration.bgid = kBufferGroup;
    const int status = lacks(KernelFeature::buffer_ring)
                           ? -EINVAL
                           : io_uring_register_buf_ring(&ring_, &registration, 0);
    if (status < 0) {
        return refused(-status, "registering receive buffers", KernelFeature::buffer_ring);
    }
    io_uring_buf_ring_init(buffer_ring_);
    publish_buffers();
    return {};
}

void UringRing::publish_buffers() noexcept {
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

io_uring_sqe* UringRing::next_entry() noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry != nullptr) return entry;
    io_uring_submit(&ring_);
    return io_uring_get_sqe(&ring_);
}

// A signal or the deadline may end the wait early, and neither matters: the loop looks at the clock
// and comes again. A kernel that refuses the submission, as for lack of memory, has not collected
// completions either, though these are what gives it memory back: they are asked for alone.
void UringRing::enter(Duration patience) noexcept {
    const int status = submit_and_wait(patience);
    if (status >= 0 || status == -ETIME || status == -EINTR) return;
    if (patience <= Duration::zero()) {
        io_uring_get_events(&ring_);
        return;
    }
    const Duration pause = std::min(patience, kPauseWhenRefused);
    __kernel_timespec limit{0, pause.count()};
    io_uring_cqe* first = nullptr;
    io_uring_wait_cqe_timeout(&ring_, &first, &limit);
}

// Completion work is deferred to this call, so it is made even when there is no time to wait.
int UringRing::submit_and_wait(Duration patience) noexcept {
    if (patience == Duration::max()) return io_uring_submit_and_wait(&ring_, 1);
    if (patience <= Duration::zero()) return io_uring_submit_and_get_events(&ring_);
    __kernel_timespec limit{patience.count() / 1'000'000'000, patience.count() % 1'000'000'000};
    io_uring_cqe* first = nullptr;
    return io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
}

}  // namespace weir::detail
