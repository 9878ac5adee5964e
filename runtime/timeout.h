// SPDX-License-Identifier: MIT
//
// timeout(limit, task): the task's value, or Errc::timed_out, exactly one of them. When time is up
// the task is destroyed, with all that it waits for, and only then does the caller go on.
#pragma once

#include <weir/runtime/outcome.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/task.h>
#include <weir/runtime/timer_wheel.h>
#include <optional>
#include <utility>

namespace weir {
namespace detail {

template <typename T>
class TimeoutAwaiter final : public Composite, private Owner, private TimerCallback {
public:
    TimeoutAwaiter(Instant deadline, Task<T> task) noexcept
        : deadline_(deadline), task_(std::move(task)) {}
    TimeoutAwaiter(const TimeoutAwaiter&) = delete;
    TimeoutAwaiter& operator=(const TimeoutAwaiter&) = delete;
    ~TimeoutAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiting) {
        waiting_ = to_handle(waiting);
        timer_.set_target(static_cast<TimerCallback&>(*this));
        PromiseBase& root = waiting.promise().root();
        if (root.is_cancelled()) [[unlikely]] {
            begin_wait(waiting, nullptr, LeafKind::none);  // queues it for its end
            return std::noop_coroutine();
        }
        // Before the task begins: of two equal deadlines the outer one wins. And before the leaf is
        // set: where there is no memory for a timer it throws.
        Reactor::current().arm(timer_, deadline_);
        root.set_leaf(static_cast<Composite*>(this), LeafKind::composite);
        auto coroutine = task_.release();
        child_ = &coroutine.promise();
        child_->become_root(*this);
        return coroutine;
    }

    flat_result<T> await_resume() {
        if (!value_ && !failure_) return Error(Errc::timed_out);
        return deliver_outcome<flat_result<T>>(value_, failure_);
    }

private:
    PromiseBase* awaiting() const noexcept override { return &waiting_.promise(); }
    Instant deadline() const noexcept override { return deadline_; }
    const char* name() const noexcept override { return "timeout"; }
    Instant until() const noexcept override { return deadline_; }
    void each_child(ChildVisitor& visitor) const override {
        if (child_ != nullptr) visitor.child(*child_);
    }
    void on_timer() noexcept override { cancel_children(); }
    void cancel_children() noexcept override {
        if (child_ != nullptr) cancel(*child_);
    }
    void child_done(PromiseBase& root) noexcept override {
        take_outcome<T>(root, value_, failure_);
        child_unwound(0);
    }
    void child_unwound(std::uintptr_t) noexcept override {
        child_ = nullptr;
        if (timer_.is_armed()) Reactor::current().disarm(timer_);
        make_ready(waiting_);
    }

    Instant deadline_;
    Task<T> task_;
    PromiseBase* child_ = nullptr;
    Handle waiting_{};
    Timer timer_;
    std::optional<outcome_value<T>> value_;
    Failure failure_;
};

}  // namespace detail

/// What timeout() returns; co_await it.
template <typename T>
class [[nodiscard]] TimeoutRequest {
public:
    using weir_request = void;
    TimeoutRequest(Instant deadline, Task<T> task) noexcept
        : deadline_(deadline), task_(std::move(task)) {}
    detail::TimeoutAwaiter<T> start() && noexcept {
        return detail::TimeoutAwaiter<T>(deadline_, std::move(task_));
    }

private:
    Instant deadline_;
    Task<T> task_;
};

/// Result<T> for a Task<T>; a Task<Result<U>> gives Result<U>. An exception of the task is thrown.
/// A task that ends in the very turn in which time is up counts as timed out if its end came after
/// the deadline's.
template <typename T>
TimeoutRequest<T> timeout_at(Instant deadline, Task<T> task) noexcept {
    return TimeoutRequest<T>(deadline, std::move(task));
}

template <typename T>
TimeoutRequest<T> timeout(Duration limit, Task<T> task) noexcept {
    return timeout_at(saturating_add(Reactor::current().now(), limit), std::move(task));
}

}  // namespace weir
