// SPDX-License-Identifier: MIT
//
// Task<T>: a lazy coroutine with a single owner. It runs when it is awaited (as the inner end of
// the awaiting unit, by symmetric transfer) or spawned (its own frame becomes the root of a unit).
// A task that was not begun is destroyed with its handle; one that was belongs to its chain.
#pragma once

#include <weir/runtime/ready_queue.h>
#include <weir/runtime/unit.h>
#include <optional>

namespace weir {

template <typename T>
class Task;

namespace detail {

class FinalAwaiter {
public:
    FinalAwaiter() noexcept {}
    bool await_ready() noexcept { return false; }

    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) noexcept {
        PromiseBase& promise = finished.promise();
        if (!promise.is_root()) return promise.continuation();
        // The frame is destroyed by the loop, never inside its own await_suspend.
        Owner& owner = promise.owner();
        if (!promise.has_exception()) owner.leaving(promise);
        this_loop.finished = to_handle(finished);
        owner.child_done(promise);
        return std::noop_coroutine();
    }

    void await_resume() noexcept {}
};

template <typename T>
class TaskPromise : public PromiseBase {
public:
    TaskPromise() noexcept {}
    Task<T> get_return_object() noexcept;
    FinalAwaiter final_suspend() noexcept { return FinalAwaiter(); }

    template <typename U = T>  // so that `co_return {}` works
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    /// Precondition: the coroutine returned.
    T&& value() noexcept { return std::move(*value_); }

private:
    static_assert(!std::is_reference_v<T>, "a task gives a value, not a reference");
    static_assert(alignof(T) <= 16, "frames are aligned to 16 bytes");
    std::optional<T> value_;
};

template <>
class TaskPromise<void> : public PromiseBase {
public:
    TaskPromise() noexcept {}
    Task<void> get_return_object() noexcept;
    FinalAwaiter final_suspend() noexcept { return FinalAwaiter(); }
    void return_void() noexcept {}
};

template <typename T>
class TaskAwaiter {
public:
    using Coroutine = std::coroutine_handle<TaskPromise<T>>;

    // Its destructor is trivial on purpose: a begun task is destroyed by the unit's unwinding.
    explicit TaskAwaiter(Coroutine task) noexcept : task_(task) {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    Coroutine await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
        task_.promise().become_inner(to_handle(awaiting));
        return task_;
    }

    T await_resume() {
        struct Destroy {
            Coroutine task;
            ~Destroy() { task.destroy(); }
        } destroy{task_};
        TaskPromise<T>& promise = task_.promise();
        if (promise.has_exception()) std::rethrow_exception(promise.take_exception());
        if constexpr (!std::is_void_v<T>) return promise.value();
    }

private:
    Coroutine task_;
};

}  // namespace detail

/// `co_await` it once, or hand it to a group or a combinator. Not awaited, it never runs.
template <typename T = void>
class [[nodiscard]] Task {
public:
    using promise_type = detail::TaskPromise<T>;
    using value_type = T;
    using weir_request = void;

    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            if (coroutine_) coroutine_.destroy();
            coroutine_ = std::exchange(other.coroutine_, {});
        }
        return *this;
    }
    ~Task() {
        if (coroutine_) coroutine_.destroy();
    }

    /// For co_await.
    detail::TaskAwaiter<T> start() && noexcept { return detail::TaskAwaiter<T>(release()); }

    /// For scopes and combinators: gives up the frame, which has not begun.
    std::coroutine_handle<promise_type> release() noexcept {
        WEIR_CHECK_HINT(coroutine_, "this task was awaited or spawned already");
        return std::exchange(coroutine_, {});
    }

private:
    friend promise_type;
    explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_;
};

template <typename T>
Task<T> detail::TaskPromise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> detail::TaskPromise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace weir
