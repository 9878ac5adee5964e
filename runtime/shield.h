// SPDX-License-Identifier: MIT
//
// What cancellation must not touch. shield(task): work that must finish, such as a commit.
// finally(task, cleanup): clean-up that must wait for something, which a destructor cannot do.
#pragma once

#include <weir/runtime/outcome.h>
#include <weir/runtime/ready_queue.h>
#include <weir/runtime/task.h>
#include <optional>
#include <utility>

namespace weir {
namespace detail {

template <typename T>
class ShieldAwaiter final : public Composite, private Owner {
public:
    explicit ShieldAwaiter(Task<T> task) noexcept : task_(std::move(task)) {}
    ShieldAwaiter(const ShieldAwaiter&) = delete;
    ShieldAwaiter& operator=(const ShieldAwaiter&) = delete;
    ~ShieldAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) {
            return std::noop_coroutine();
        }
        waiting_ = to_handle(waiting);
        auto coroutine = task_.release();
        child_ = &coroutine.promise();
        child_->become_root(*this);
        return coroutine;
    }

    T await_resume() { return deliver_outcome<T>(value_, failure_); }

private:
    // awaiting() stays null: no deadline from outside holds inside.
    const char* name() const noexcept override { return "shield"; }
    void each_child(ChildVisitor& visitor) const override {
        if (child_ != nullptr) visitor.child(*child_);
    }
    void cancel_children() noexcept override {}
    void child_done(PromiseBase& root) noexcept override {
        child_ = nullptr;
        take_outcome<T>(root, value_, failure_);
        // Forced: what was worth a shield is delivered even to a task that is cancelled.
        make_ready(waiting_, true);
    }
    void child_unwound(std::uintptr_t) noexcept override {
        WEIR_CHECK_HINT(false, "nobody can cancel a shielded task");
    }

    Task<T> task_;
    PromiseBase* child_ = nullptr;
    Handle waiting_{};
    std::optional<outcome_value<T>> value_;
    Failure failure_;
};

template <typename T, typename Cleanup>
class FinallyAwaiter final : public Composite, private Owner {
public:
    FinallyAwaiter(Task<T> task, Task<Cleanup> cleanup) noexcept
        : task_(std::move(task)), cleanup_(std::move(cleanup)) {}
    FinallyAwaiter(const FinallyAwaiter&) = delete;
    FinallyAwaiter& operator=(const FinallyAwaiter&) = delete;
    ~FinallyAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
        // Not begin_wait(): the clean-up runs even where the task is cancelled before it begins.
        PromiseBase& unit = waiting.promise().root();
        unit.set_leaf(static_cast<Composite*>(this), LeafKind::composite);
        waiting_ = to_handle(waiting);
        if (unit.is_cancelled()) return begin_cleanup();
        begin(task_.release().promise());
    }

    T await_resume() { return deliver_outcome<T>(value_, failure_); }

private:
    const char* name() const noexcept override { return is_cleaning_ ? "cleanup" : "finally"; }
    void each_child(ChildVisitor& visitor) const override {
        if (child_ != nullptr) visitor.child(*child_);
    }
    PromiseBase* awaiting() const noexcept override {
        return is_cleaning_ ? nullptr : &waiting_.promise();
    }
    void cancel_children() noexcept override {
        if (!is_cleaning_ && child_ != nullptr) cancel(*child_);
    }
    void child_done(PromiseBase& root) noexcept override {
        if (!is_cleaning_) {
            take_outcome<T>(root, value_, failure_);
            return begin_cleanup();
        }
        // The task's own failure came first, and counts.
        std::optional<outcome_value<Cleanup>> ignored;
        take_outcome<Cleanup>(root, ignored, failure_);
        child_ = nullptr;
        make_ready(waiting_);
    }
    void child_unwound(std::uintptr_t) noexcept override {
        WEIR_CHECK_HINT(!is_cleaning_, "nobody can cancel a clean-up");
        begin_cleanup();
    }

    void begin(PromiseBase& root) noexcept {
        child_ = &root;
        root.become_root(*this);
        make_ready_first(root);
    }
    void begin_cleanup() noexcept {
        is_cleaning_ = true;
        begin(cleanup_.release().promise());
    }

    Task<T> task_;
    Task<Cleanup> cleanup_;
    PromiseBase* child_ = nullptr;
    Handle waiting_{};
    std::optional<outcome_value<T>> value_;
    Failure failure_;
    bool is_cleaning_ = false;
};

}  // namespace detail

/// What shield() returns; co_await it.
template <typename T>
class [[nodiscard]] ShieldRequest {
public:
    using weir_request = void;
    explicit ShieldRequest(Task<T> task) noexcept : task_(std::move(task)) {}
    detail::ShieldAwaiter<T> start() && noexcept {
        return detail::ShieldAwaiter<T>(std::move(task_));
    }

private:
    Task<T> task_;
};

/// Runs `task` to its end whatever happens to the caller: no cancellation and no deadline from
/// outside reaches it. Its value or failure is delivered to a caller that was cancelled, too, which
/// then runs on until its next wait and ends there. A task that is cancelled before it comes here
/// does not begin. Put a limit inside, as shield(with_limit(task)): a scope that is being cancelled
/// waits for what is shielded in it.
template <typename T>
ShieldRequest<T> shield(Task<T> task) noexcept {
    return ShieldRequest<T>(std::move(task));
}

/// What finally() returns; co_await it.
template <typename T, typename Cleanup>
class [[nodiscard]] FinallyRequest {
public:
    using weir_request = void;
    FinallyRequest(Task<T> task, Task<Cleanup> cleanup) noexcept
        : task_(std::move(task)), cleanup_(std::move(cleanup)) {}
    detail::FinallyAwaiter<T, Cleanup> start() && noexcept {
        return detail::FinallyAwaiter<T, Cleanup>(std::move(task_), std::move(cleanup_));
    }

private:
    Task<T> task_;
    Task<Cleanup> cleanup_;
};

/// Runs `task`, and then `cleanup`, however the task ended: with a value, by a failure, or by
/// cancellation, and also where it was cancelled before it began. The clean-up, Task<void> or
/// Task<Result<void>>, is shielded. Gives what the task gave; the clean-up's failure counts where
/// the task had none. A caller that is cancelled ends when the clean-up has.
template <typename T, typename Cleanup>
    requires(std::is_void_v<Cleanup> || std::is_same_v<Cleanup, Result<void>>)
FinallyRequest<T, Cleanup> finally(Task<T> task, Task<Cleanup> cleanup) noexcept {
    return FinallyRequest<T, Cleanup>(std::move(task), std::move(cleanup));
}

}  // namespace weir
