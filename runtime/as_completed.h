// SPDX-License-Identifier: MIT
//
// as_completed(group, tasks): runs the tasks as children of `group` and hands out their results one
// by one, in the order in which they end:
//
//     AsCompleted<Page> pages = as_completed(group, std::move(tasks));
//     while (std::optional<Completed<Page>> page = co_await pages.next()) ...
//
// Leaving early is fine: the destructor cancels the rest, and the group waits for their ends.
#pragma once

#include <weir/runtime/task_group.h>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace weir {

/// One task's end: its place among the tasks, and what it came to. An exception is carried inside
/// the error (Errc::task_threw).
template <typename T>
class Completed {
public:
    Completed(std::size_t place, detail::flat_result<T> outcome)
        : index(place), result(std::move(outcome)) {}

    std::size_t index;
    detail::flat_result<T> result;
};

namespace detail {

/// Shared by the handle, who waits in next() and the children that still run; dies with the last of
/// them.
template <typename T>
class AsCompletedState {
public:
    AsCompletedState(TaskGroup& group, std::vector<Task<T>> tasks) {
        for (std::size_t index = 0; index < tasks.size(); ++index)
            children_.emplace_back(*this, group, index);
        done_.reserve(tasks.size());  // nothing can be thrown where a task ends
        live_ = tasks.size();
        users_ += live_;
        for (std::size_t index = 0; index < tasks.size(); ++index)
            children_[index].adopt(tasks[index].release().promise());
    }

    bool has_next() const noexcept { return taken_ < done_.size() || live_ == 0; }
    void wait(Waiter& waiter) noexcept {
        WEIR_CHECK_HINT(waiters_.empty(), "one task at a time may wait in next()");
        waiters_.push_back(waiter);
    }
    std::optional<Completed<T>> take() {
        WEIR_CHECK_HINT(has_next(), "one task at a time may wait in next()");
        std::optional<Completed<T>> first;
        if (taken_ < done_.size()) first.emplace(std::move(done_[taken_++]));
        return first;
    }
    /// The handle is gone.
    void leave() noexcept {
        for (Entry& child : children_)
            child.cancel();
        release();
    }
    void acquire() noexcept { ++users_; }
    void release() noexcept {
        if (--users_ == 0) delete this;
    }

private:
    class Entry final : public GroupChild {
    public:
        Entry(AsCompletedState& state, TaskGroup& group, std::size_t index) noexcept
            : GroupChild(group), state_(state), index_(index) {}

    private:
        void child_done(PromiseBase& root) noexcept override {
            std::optional<outcome_value<T>> value;
            Failure failure;
            take_outcome<T>(root, value, failure);
            state_.done_.emplace_back(index_, settled_outcome<T>(value, failure));
            finished({});  // what it came to is a result here, and no failure of the group
            state_.child_ended();
        }
        void child_unwound(std::uintptr_t) noexcept override {
            ended();
            state_.child_ended();
        }

        AsCompletedState& state_;
        std::size_t index_;
    };

    void child_ended() noexcept {
        --live_;
        if (!waiters_.empty() && has_next()) make_ready(waiters_.pop_front().waiting());
        release();
    }

    std::deque<Entry> children_;
    std::vector<Completed<T>> done_;  // in the order of their ends
    std::size_t taken_ = 0;           // of those
    IntrusiveList<Waiter> waiters_;
    std::size_t live_ = 0;
    std::size_t users_ = 1;  // the handle
};

template <typename T>
class NextCompletedAwaiter final : public Waiter {
public:
    explicit NextCompletedAwaiter(AsCompletedState<T>& state) noexcept : state_(state) {
        state_.acquire();
    }
    ~NextCompletedAwaiter() { state_.release(); }

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
        if (!begin_wait(waiting, static_cast<Waiter*>(this), LeafKind::waiter)) return true;
        if (state_.has_next()) return pass_or_queue(waiting);
        set_waiting(to_handle(waiting), QueueKind::child);
        state_.wait(*this);
        return true;
    }

    std::optional<Completed<T>> await_resume() { return state_.take(); }

private:
    AsCompletedState<T>& state_;
};

}  // namespace detail

/// What AsCompleted::next() returns; co_await it.
template <typename T>
class [[nodiscard]] NextCompletedRequest {
public:
    using weir_request = void;
    explicit NextCompletedRequest(detail::AsCompletedState<T>& state) noexcept : state_(state) {}
    detail::NextCompletedAwaiter<T> start() const noexcept {
        return detail::NextCompletedAwaiter<T>(state_);
    }

private:
    detail::AsCompletedState<T>& state_;
};

/// What as_completed() returns: a handle on its results. Move-only, of the loop's thread.
template <typename T>
class [[nodiscard]] AsCompleted {
public:
    AsCompleted(AsCompleted&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    AsCompleted& operator=(AsCompleted&&) = delete;
    /// Cancels what still runs. Results that nobody took are dropped.
    ~AsCompleted() {
        if (state_ != nullptr) state_->leave();
    }

    /// Waits for the next end: std::optional<Completed<T>>; nothing when all have been given. One
    /// task at a time.
    /// A child that was cancelled with its group gives no result.
    NextCompletedRequest<T> next() noexcept {
        WEIR_CHECK_HINT(state_ != nullptr, "this handle was moved from");
        return NextCompletedRequest<T>(*state_);
    }

private:
    template <typename U>
    friend AsCompleted<U> as_completed(TaskGroup& group, std::vector<Task<U>> tasks);
    explicit AsCompleted(detail::AsCompletedState<T>* state) noexcept : state_(state) {}

    detail::AsCompletedState<T>* state_;
};

/// Begins `tasks` in `group`, which must not have ended. A failure of one is its result, and
/// cancels nobody.
template <typename T>
AsCompleted<T> as_completed(TaskGroup& group, std::vector<Task<T>> tasks) {
    return AsCompleted<T>(new detail::AsCompletedState<T>(group, std::move(tasks)));
}

}  // namespace weir
