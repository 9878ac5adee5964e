// SPDX-License-Identifier: MIT
//
// A loop inside somebody else's: for programs whose thread belongs to a GUI toolkit, a game engine
// or another event library. That loop polls one descriptor and keeps one timeout, and calls
// run_once() when either has come:
//
//     pollfd ours{driver.descriptor(), POLLIN, 0};
//     while (!driver.is_done()) {
//         poll(&ours, 1, driver.poll_timeout());
//         driver.run_once();
//     }
#pragma once

#include <weir/runtime/reactor.h>
#include <weir/runtime/run.h>
#include <weir/runtime/task.h>
#include <algorithm>
#include <climits>
#include <memory>
#include <utility>

namespace weir {
namespace detail {

/// What a foreign loop polls. An epoll set as it is; for a ring, whose deferred work does not end
/// a poll that is going on, an eventfd that the kernel signals.
class PollDescriptor {
public:
    static Result<PollDescriptor> make(Reactor& reactor);
    PollDescriptor(PollDescriptor&& other) noexcept;
    PollDescriptor& operator=(PollDescriptor&&) = delete;
    ~PollDescriptor();

    int get() const noexcept { return event_fd_ >= 0 ? event_fd_ : reactor_->descriptor(); }
    /// Before a turn: what is signalled from now on is news.
    void clear() noexcept;
    /// After a turn: there is more, which may have been signalled before.
    bool has_more() const noexcept;

private:
    PollDescriptor(Reactor& reactor, int event_fd) noexcept
        : reactor_(&reactor), event_fd_(event_fd) {}
    bool enrol() const noexcept;

    Reactor* reactor_;
    int event_fd_;  // -1 where the backend's own will do
};

}  // namespace detail

/// Owns this thread's reactor and its outermost task. All members: the thread that made it. Must
/// not die before is_done().
template <typename T>
class LoopDriver {
public:
    /// `main` does not begin before the first run_once(). Errc::unsupported where the backend
    /// cannot be had, and for a simulated one, which has no descriptor.
    static Result<std::unique_ptr<LoopDriver>> make(Task<T> main,
                                                    const ReactorOptions& options = {}) {
        Result<std::unique_ptr<Reactor>> reactor = Reactor::make(options);
        if (!reactor) return std::move(reactor).error();
        Result<detail::PollDescriptor> descriptor = detail::PollDescriptor::make(**reactor);
        if (!descriptor) return std::move(descriptor).error();
        return std::unique_ptr<LoopDriver>(
            new LoopDriver(*std::move(reactor), *std::move(descriptor), std::move(main)));
    }
    LoopDriver(const LoopDriver&) = delete;
    LoopDriver& operator=(const LoopDriver&) = delete;
    ~LoopDriver() { WEIR_CHECK_HINT(is_done(), "call run_once() until is_done() says so"); }

    /// To be polled for input. The same all its life.
    int descriptor() const noexcept { return descriptor_.get(); }
    /// When run_once() is due even if the descriptor stays silent; kNever where it is not.
    Instant next_event() const noexcept {
        // Asked anew each time: callbacks of the foreign loop may cancel tasks between two turns.
        const bool is_due = has_more_ || reactor_->backend().has_pending();
        return is_due ? Instant::min() : reactor_->next_event();
    }
    /// How long from now until then: zero where it is due, Duration::max() where it never is.
    Duration patience() const noexcept {
        const Instant next = next_event();
        if (next == kNever) return Duration::max();
        if (next == Instant::min()) return Duration::zero();
        return std::max(next - reactor_->backend().now(), Duration::zero());
    }
    /// The same as poll() and epoll_wait() take it: milliseconds, rounded up; -1 for ever.
    int poll_timeout() const noexcept {
        const Duration left = patience();
        if (left == Duration::max()) return -1;
        const Duration most = std::chrono::milliseconds(INT_MAX);
        return static_cast<int>(
            std::chrono::ceil<std::chrono::milliseconds>(std::min(left, most)).count());
    }
    /// One turn. Does not wait, except in the turn in which the task ends: until what it has left
    /// in the kernel has been let go.
    void run_once() {
        WEIR_CHECK_HINT(!is_done(), "the task has ended: there is nothing to run any more");
        descriptor_.clear();
        reactor_->run_once(Instant::min());
        has_more_ = descriptor_.has_more();
        if (is_done()) reactor_->drive(owner_.has_ended());
    }

    bool is_done() const noexcept { return owner_.has_ended(); }
    /// The task's value, once; or throws its exception. Precondition (checked): is_done().
    T result() {
        WEIR_CHECK_HINT(is_done(), "the task has not ended yet");
        return owner_.result();
    }
    /// For posts from other threads, and for stats().
    Reactor& reactor() noexcept { return *reactor_; }

private:
    LoopDriver(std::unique_ptr<Reactor> reactor, detail::PollDescriptor descriptor, Task<T> main)
        : reactor_(std::move(reactor)),
          descriptor_(std::move(descriptor)),
          owner_(std::move(main)) {
        reactor_->set_main(&owner_.root());
    }

    std::unique_ptr<Reactor> reactor_;
    detail::PollDescriptor descriptor_;
    detail::MainOwner<T> owner_;
    bool has_more_ = false;
};

}  // namespace weir
