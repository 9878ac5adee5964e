// SPDX-License-Identifier: MIT
//
// The only scope that may own running tasks:
//
//     co_await with_group([&](TaskGroup& group) -> Task<void> {
//         group.spawn(worker(1));
//         group.spawn(worker(2));
//         co_return;
//     });
//
// with_group() ends when the body and all children have. The body is the group's first child: a
// return waits for the others, a failure of any cancels the rest, and a cancellation from outside
// reaches all. Nothing that was spawned outlives the scope.
#pragma once

#include <weir/runtime/child.h>
#include <weir/runtime/outcome.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <optional>
#include <source_location>
#include <utility>

namespace weir {

namespace detail {
template <typename Body, typename T>
class WithGroupAwaiter;
}

class TaskGroup {
public:
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Begins `task` as a child, in the next round of the loop. Into a cancelled group it is born
    /// cancelled, and never runs. Aborts when the group has ended.
    /// `place` is for the reports of debug mode.
    void spawn(Task<void> task, std::source_location place = std::source_location::current()) {
        adopt(task.release().promise(), plain_children_, place);
    }
    /// The same; a Result that holds an error is a failure, as an exception is.
    void spawn(Task<Result<void>> task,
               std::source_location place = std::source_location::current()) {
        adopt(task.release().promise(), result_children_, place);
    }

    /// The same for any task, with a handle to wait for its value and to cancel it alone. Its
    /// failure is the group's, too.
    template <typename T>
    Child<T> start(Task<T> task) {
        auto* state = new detail::ChildState<T>(*this);
        state->adopt(task.release().promise());
        return Child<T>(*state);
    }

    /// Asks all children, the body among them, to stop; those spawned later too. It is not a
    /// failure: with_group() then returns when they are gone, if the body had returned before.
    void cancel() noexcept;
    bool is_cancelled() const noexcept { return is_cancelled_; }

    /// Children that have not ended, the body among them.
    std::size_t live() const noexcept { return live_; }

private:
    template <typename Body, typename T>
    friend class detail::WithGroupAwaiter;
    friend class detail::GroupChild;

    // Children of one type, so that what they leave can be read.
    template <typename T>
    class Children final : public detail::Owner {
    public:
        explicit Children(TaskGroup& group) noexcept : group_(group) {}
        void leaving(detail::PromiseBase& root) noexcept override { group_.roots_.unlink(root); }
        void child_done(detail::PromiseBase& root) noexcept override {
            std::optional<detail::outcome_value<T>> ignored;
            detail::Failure failure;
            detail::take_outcome<T>(root, ignored, failure);
            group_.child_finished(std::move(failure));
        }
        void child_unwound(std::uintptr_t) noexcept override { group_.child_ended(); }
        void child_gone() noexcept override { group_.child_ended(); }
        detail::PromiseBase* awaiting() const noexcept override {
            return &group_.joiner_.promise();
        }

    private:
        TaskGroup& group_;
    };

    TaskGroup() noexcept : plain_children_(*this), result_children_(*this) {}
    ~TaskGroup() { WEIR_CHECK(live_ == 0); }

    void adopt(detail::PromiseBase& root, detail::Owner& owner,
               std::source_location place = {}) noexcept;
    void each_child(detail::ChildVisitor& visitor) const;
    void child_finished(detail::Failure failure) noexcept;
    void child_ended() noexcept;

    Children<void> plain_children_;
    Children<Result<void>> result_children_;
    detail::RootList roots_;
    std::size_t live_ = 0;
    detail::Failure failure_;
    detail::Handle joiner_{};
    bool is_cancelled_ = false;
    bool has_ended_ = false;
};

namespace detail {

template <typename Body, typename T>
class WithGroupAwaiter final : public Composite, private Owner {
public:
    explicit WithGroupAwaiter(Body body) : body_(std::move(body)) {}
    WithGroupAwaiter(const WithGroupAwaiter&) = delete;
    WithGroupAwaiter& operator=(const WithGroupAwaiter&) = delete;
    ~WithGroupAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        Task<T> task = body_(group_);
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return;
        group_.joiner_ = to_handle(waiting);
        group_.adopt(task.release().promise(), *this);
    }

    T await_resume() {
        // A body that was cancelled from within has left no value.
        if (!value_ && !group_.failure_) {
            if constexpr (std::is_same_v<T, Result<void>>) {
                return {};
            } else if constexpr (!std::is_void_v<T>) {
                WEIR_CHECK_HINT(value_, "the group was cancelled before its body gave a value");
            }
        }
        return deliver_outcome<T>(value_, group_.failure_);
    }

private:
    void cancel_children() noexcept override { group_.cancel(); }
    const char* name() const noexcept override { return "group"; }
    void each_child(ChildVisitor& visitor) const override { group_.each_child(visitor); }

    // The body's own end: it alone leaves a value.
    void leaving(PromiseBase& root) noexcept override { group_.roots_.unlink(root); }
    void child_done(PromiseBase& root) noexcept override {
        Failure failure;
        take_outcome<T>(root, value_, failure);
        group_.child_finished(std::move(failure));
    }
    void child_unwound(std::uintptr_t) noexcept override { group_.child_ended(); }
    PromiseBase* awaiting() const noexcept override { return &group_.joiner_.promise(); }

    Body body_;
    std::optional<outcome_value<T>> value_;
    TaskGroup group_;
};

}  // namespace detail

/// What with_group() returns; co_await it.
template <typename Body>
class [[nodiscard]] WithGroupRequest {
public:
    using weir_request = void;
    using value_type = typename std::invoke_result_t<Body&, TaskGroup&>::value_type;

    explicit WithGroupRequest(Body body) : body_(std::move(body)) {}
    detail::WithGroupAwaiter<Body, value_type> start() && {
        return detail::WithGroupAwaiter<Body, value_type>(std::move(body_));
    }

private:
    Body body_;
};

/// Runs `body(group)`, a coroutine, and all that it spawns; gives the body's value when the last
/// child has ended. The first failure, as an exception or as an error, cancels the others and is
/// given instead; an error is thrown as BadResultAccess where the body's type has no room for it.
/// `body` is kept until then, so it may capture; g++ 12 destroys some temporaries twice, hence
/// only trivially destructible captures compile (references are, and `this`).
template <typename Body>
WithGroupRequest<Body> with_group(Body body) {
    static_assert(std::is_trivially_destructible_v<Body>,
                  "capture by reference: g++ 12 destroys such a temporary twice");
    return WithGroupRequest<Body>(std::move(body));
}

}  // namespace weir
