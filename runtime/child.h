// SPDX-License-Identifier: MIT
//
// A handle on one child of a group, from TaskGroup::start(): wait for its value, or cancel it
// alone. The handle owns the value, not the task: the group does, whether the handle lives or not.
#pragma once

#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/outcome.h>
#include <weir/runtime/ready_queue.h>
#include <weir/runtime/unit.h>
#include <cstddef>
#include <optional>
#include <utility>

namespace weir {

class TaskGroup;
template <typename T>
class Child;

namespace detail {

/// Owner of one child of a group, with a place for what it leaves behind.
class GroupChild : public Owner {
public:
    explicit GroupChild(TaskGroup& group) noexcept : group_(group) {}

    /// Makes `root` a child of the group, to begin in the next round of the loop.
    void adopt(PromiseBase& root) noexcept;
    void cancel() noexcept {
        if (root_ != nullptr) detail::cancel(*root_);
    }

protected:
    ~GroupChild() = default;
    /// At the end of child_done(): a failure cancels the group.
    void finished(Failure failure) noexcept;
    /// At the end of child_unwound().
    void ended() noexcept;

private:
    void leaving(PromiseBase& root) noexcept final;
    PromiseBase* awaiting() const noexcept final;

    TaskGroup& group_;
    PromiseBase* root_ = nullptr;
};

/// What Child<T>, those who join and the running task share. It dies with the last of them.
template <typename T>
class ChildState final : public GroupChild {
public:
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* state, std::size_t size) noexcept { free_frame(state, size); }

    explicit ChildState(TaskGroup& group) noexcept : GroupChild(group) {}

    /// Its frames are gone, or it is at its last step.
    bool has_ended() const noexcept { return has_ended_; }
    void add_waiter(Waiter& waiter) noexcept { waiters_.push_back(waiter); }
    void acquire() noexcept { ++users_; }
    void release() noexcept {
        if (--users_ == 0) delete this;
    }
    flat_result<T> take() {
        WEIR_CHECK_HINT(!was_taken_, "a child's value can be taken once");
        was_taken_ = true;
        if (!value_ && !failure_) return Error(Errc::cancelled);
        if (failure_) return failure_.raise_or_error(true);
        return settled_outcome<T>(value_, failure_);
    }

private:
    ~ChildState() = default;

    void child_done(PromiseBase& root) noexcept override {
        take_outcome<T>(root, value_, failure_);
        finished(failure_.copy());
        end();
    }
    void child_unwound(std::uintptr_t) noexcept override {
        ended();
        end();
    }
    void end() noexcept {
        has_ended_ = true;
        while (!waiters_.empty())
            make_ready(waiters_.pop_front().waiting());
        release();
    }

    std::optional<outcome_value<T>> value_;
    Failure failure_;
    IntrusiveList<Waiter> waiters_;
    unsigned users_ = 2;  // the handle and the task
    bool has_ended_ = false;
    bool was_taken_ = false;
};

template <typename T>
class JoinAwaiter final : public Waiter {
public:
    explicit JoinAwaiter(ChildState<T>& state) noexcept : state_(state) { state_.acquire(); }
    ~JoinAwaiter() { state_.release(); }

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
        if (!begin_wait(waiting, static_cast<Waiter*>(this), LeafKind::waiter)) return true;
        if (state_.has_ended()) return pass_or_queue(waiting);
        set_waiting(to_handle(waiting), QueueKind::child);
        state_.add_waiter(*this);
        return true;
    }

    flat_result<T> await_resume() { return state_.take(); }

private:
    ChildState<T>& state_;
};

}  // namespace detail

/// What Child::join() returns; co_await it.
template <typename T>
class [[nodiscard]] JoinRequest {
public:
    using weir_request = void;
    explicit JoinRequest(detail::ChildState<T>& state) noexcept : state_(state) {}
    detail::JoinAwaiter<T> start() const noexcept { return detail::JoinAwaiter<T>(state_); }

private:
    detail::ChildState<T>& state_;
};

/// Move-only, of the loop's thread. It may outlive its group: the child has ended then.
template <typename T>
class [[nodiscard]] Child {
public:
    Child(Child&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Child& operator=(Child&& other) noexcept {
        if (this != &other) {
            release();
            state_ = std::exchange(other.state_, nullptr);
        }
        return *this;
    }
    /// The child goes on without it.
    ~Child() { release(); }

    /// Waits for the child's end: Result<T>, or Result<U> for a Task<Result<U>>. Errc::cancelled
    /// where it was cancelled; its exception is thrown. The value is taken: join once.
    JoinRequest<T> join() noexcept { return JoinRequest<T>(state()); }
    /// Asks this child alone to stop. Of a child that has ended: nothing.
    void cancel() noexcept { state().cancel(); }
    bool has_ended() const noexcept { return state().has_ended(); }

private:
    friend class TaskGroup;
    explicit Child(detail::ChildState<T>& state) noexcept : state_(&state) {}

    detail::ChildState<T>& state() const noexcept {
        WEIR_CHECK_HINT(state_ != nullptr, "this handle was moved from");
        return *state_;
    }
    void release() noexcept {
        if (state_ != nullptr) std::exchange(state_, nullptr)->release();
    }

    detail::ChildState<T>* state_;
};

}  // namespace weir
