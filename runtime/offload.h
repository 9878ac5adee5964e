// SPDX-License-Identifier: MIT
//
// Blocking calls, off the loop's thread, on a small pool that all loops of the process share.
// offload(f) waits for f's end whatever happens, so f may borrow from the caller's frame.
// offload_abandonable(f) lets go at once when the caller is cancelled; f then owns all its state
// and finishes with nobody listening. The program's exit waits for neither.
#pragma once

#include <weir/runtime/crossing.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/task.h>
#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

/// Limits the pool to `count` threads, at least one. Any thread, any time; best before the first
/// use, since threads that exist stay. Default: 8. Work that finds all of them busy queues, first
/// come, first served, without bound: who makes work limits it, as with a Semaphore.
void set_offload_threads_max(std::size_t count) noexcept;

namespace detail {

/// Work for the pool, and the message that it is done.
class PoolJob : public Post {
public:
    /// On a thread of the pool: calls the function, and keeps what comes of it.
    virtual void work() noexcept = 0;
    /// On the same thread, once work() is done: tells the loop. The job may be gone then.
    virtual void report() noexcept = 0;

protected:
    ~PoolJob() = default;
};

/// Runs `job` on one of the pool's threads, soon; right here where no thread can be had at all, as
/// for want of memory. A simulated world has no other thread, and runs it when its seed says so.
void run_on_pool(PoolJob& job) noexcept;

/// The job lives in the awaiting frame, which stays until the job has reported.
template <typename F>
class OffloadAwaiter final : public Composite, private PoolJob {
public:
    using Value = std::invoke_result_t<F&>;

    explicit OffloadAwaiter(F work) : work_(std::move(work)) {}
    OffloadAwaiter(const OffloadAwaiter&) = delete;
    OffloadAwaiter& operator=(const OffloadAwaiter&) = delete;
    ~OffloadAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return;
        waiting_ = to_handle(waiting);
        remote_.emplace(Reactor::current().remote());
        run_on_pool(*this);
    }

    Value await_resume() { return outcome_.take(); }

private:
    const char* name() const noexcept override { return "offload"; }
    void cancel_children() noexcept override {}  // what blocks cannot be told to stop

    void work() noexcept override { outcome_.fill_from(work_); }
    void report() noexcept override {
        // On this thread's stack, since the frame may be gone before put() returns. The loop waits
        // for it, and hence takes the post.
        const Remote remote = *std::exchange(remote_, std::nullopt);
        static_cast<void>(remote.mailbox().put(*this));
    }
    void arrive() noexcept override { make_ready(waiting_); }
    void drop() noexcept override {
        WEIR_CHECK_HINT(false, "a loop has ended although a task of it waits for offload()");
    }

    F work_;
    Crossing<Value> outcome_;
    std::optional<Remote> remote_;
    Handle waiting_{};
};

/// Shared by the awaiting frame and the pool: whoever lets go last frees it.
template <typename F>
class AbandonableJob final : public PoolJob {
public:
    explicit AbandonableJob(F work) : work_(std::move(work)) {}

    void begin(Handle waiting) {
        waiting_ = waiting;
        remote_.emplace(Reactor::current().remote());
        holders_.store(2, std::memory_order_relaxed);
        run_on_pool(*this);
    }
    /// The loop's thread only. Does nothing the second time.
    void wake() noexcept {
        if (waiting_) make_ready(std::exchange(waiting_, {}));
    }
    void let_go() noexcept {
        if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    Crossing<std::invoke_result_t<F&>>& outcome() noexcept { return outcome_; }

private:
    ~AbandonableJob() = default;

    void work() noexcept override { outcome_.fill_from(work_); }
    void report() noexcept override {
        const Remote remote = *std::exchange(remote_, std::nullopt);
        if (!remote.mailbox().put(*this)) let_go();
    }
    void arrive() noexcept override {
        wake();
        let_go();
    }
    void drop() noexcept override { let_go(); }

    F work_;
    Crossing<std::invoke_result_t<F&>> outcome_;
    std::optional<Remote> remote_;
    Handle waiting_{};  // null once nobody waits
    std::atomic<int> holders_ = 1;
};

template <typename F>
class OffloadAbandonableAwaiter final : public Composite {
public:
    explicit OffloadAbandonableAwaiter(F work) : job_(new AbandonableJob<F>(std::move(work))) {}
    OffloadAbandonableAwaiter(const OffloadAbandonableAwaiter&) = delete;
    OffloadAbandonableAwaiter& operator=(const OffloadAbandonableAwaiter&) = delete;
    ~OffloadAbandonableAwaiter() { job_->let_go(); }

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return;
        job_->begin(to_handle(waiting));
    }

    std::invoke_result_t<F&> await_resume() { return job_->outcome().take(); }

private:
    const char* name() const noexcept override { return "offload"; }
    void cancel_children() noexcept override { job_->wake(); }

    AbandonableJob<F>* job_;
};

}  // namespace detail

/// What offload() returns; co_await it.
template <typename F>
class [[nodiscard]] OffloadRequest {
public:
    using weir_request = void;
    explicit OffloadRequest(F work) : work_(std::move(work)) {}
    detail::OffloadAwaiter<F> start() && { return detail::OffloadAwaiter<F>(std::move(work_)); }

private:
    F work_;
};

/// What offload_abandonable() returns; co_await it.
template <typename F>
class [[nodiscard]] OffloadAbandonableRequest {
public:
    using weir_request = void;
    explicit OffloadAbandonableRequest(F work) : work_(std::move(work)) {}
    detail::OffloadAbandonableAwaiter<F> start() && {
        return detail::OffloadAbandonableAwaiter<F>(std::move(work_));
    }

private:
    F work_;
};

/// Calls `work()` on another thread and gives its value, or throws its exception. A caller that is
/// cancelled still waits for its end; the value is dropped then. So `work` may use what the
/// caller's frame holds. In a simulated world it is called on this thread: at once, or with
/// Faults::slow_offloads() later, and the caller goes on when that much more time has passed. Name
/// a lambda in a statement of its own and move it in: g++ 12 destroys a capturing temporary inside
/// co_await twice.
template <typename F>
OffloadRequest<F> offload(F work) {
    return OffloadRequest<F>(std::move(work));
}

/// The same for work that may be left behind: a caller that is cancelled is gone at once. `work`
/// owns or shares all that it touches. Its value, or its exception, is dropped then.
template <typename F>
OffloadAbandonableRequest<F> offload_abandonable(F work) {
    return OffloadAbandonableRequest<F>(std::move(work));
}

}  // namespace weir
