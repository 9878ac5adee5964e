// SPDX-License-Identifier: MIT
//
// A task that can be ended from outside, for a server's connections: by a deadline, by whoever
// holds its Supervisor, or by a watch that begins beside it once it has waited for a while. All of
// them end it as a timeout does, by destruction; whoever awaits it goes on. Until the watch begins
// it costs a timer, and no frame.
#pragma once

#include <weir/runtime/outcome.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/task.h>
#include <weir/runtime/timer_wheel.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace weir::http {

/// Ends what is supervised; one task at a time.
class Supervisor {
public:
    class Running {
    public:
        virtual void end() noexcept = 0;

    protected:
        ~Running() = default;
    };

    /// Ends the task that runs now, if one does: it gives Errc::cancelled, unless it had ended.
    void interrupt() noexcept {
        if (running != nullptr) running->end();
    }
    /// Runs beside a task that is watched, and is cancelled with it. True: the task is to end.
    virtual Task<bool> watch() { co_return false; }

    Running* running = nullptr;  // for SupervisedAwaiter

protected:
    ~Supervisor() = default;
};

template <typename T>
class SupervisedAwaiter final : public weir::detail::Composite,
                                private weir::detail::Owner,
                                private weir::detail::TimerCallback,
                                private Supervisor::Running {
public:
    SupervisedAwaiter(Supervisor& supervisor, Instant deadline, Instant watch_at,
                      Task<T> task) noexcept
        : supervisor_(supervisor),
          deadline_(deadline),
          watch_at_(watch_at),
          task_(std::move(task)) {}
    SupervisedAwaiter(const SupervisedAwaiter&) = delete;
    SupervisedAwaiter& operator=(const SupervisedAwaiter&) = delete;
    ~SupervisedAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiting) {
        waiting_ = weir::detail::to_handle(waiting);
        timer_.set_target(static_cast<TimerCallback&>(*this));
        weir::detail::PromiseBase& root = waiting.promise().root();
        if (root.is_cancelled()) [[unlikely]] {
            weir::detail::begin_wait(waiting, nullptr, weir::detail::LeafKind::none);
            return std::noop_coroutine();
        }
        arm();  // before the leaf is set: it throws where there is no memory for a timer
        root.set_leaf(static_cast<Composite*>(this), weir::detail::LeafKind::composite);
        supervisor_.running = this;
        auto coroutine = task_.release();
        adopt(coroutine.promise(), kTask);
        return coroutine;
    }

    weir::detail::flat_result<T> await_resume() {
        if (!value_ && !failure_) return Error(is_late_ ? Errc::timed_out : Errc::cancelled);
        return weir::detail::deliver_outcome<weir::detail::flat_result<T>>(value_, failure_);
    }

private:
    static constexpr std::size_t kTask = 0;
    static constexpr std::size_t kWatch = 1;

    void adopt(weir::detail::PromiseBase& root, std::size_t place) noexcept {
        root.become_root(*this);
        root.set_tag(place);
        children_[place] = &root;
    }
    void arm() {
        const Instant next = std::min(deadline_, watch_at_);
        if (next != kNever) Reactor::current().arm(timer_, next);
    }
    void begin_watch() {
        watch_at_ = kNever;
        Task<bool> watch = supervisor_.watch();
        weir::detail::PromiseBase& root = watch.release().promise();
        adopt(root, kWatch);
        weir::detail::make_ready_first(root);
    }

    void on_timer() noexcept override {
        const Instant now = Reactor::current().now();
        try {
            if (now >= watch_at_) begin_watch();
            if (now < deadline_) return arm();
        } catch (...) {
            // There is no memory for the watch or for the timer: what cannot be kept within its
            // limits does not go on.
        }
        is_late_ = true;
        cancel_children();
    }
    void end() noexcept override { cancel_children(); }

    weir::detail::PromiseBase* awaiting() const noexcept override { return &waiting_.promise(); }
    Instant deadline() const noexcept override { return deadline_; }
    Instant until() const noexcept override { return deadline_; }
    const char* name() const noexcept override { return "supervised"; }
    void each_child(weir::detail::ChildVisitor& visitor) const override {
        for (weir::detail::PromiseBase* child : children_) {
            if (child != nullptr) visitor.child(*child);
        }
    }
    void cancel_children() noexcept override {
        for (weir::detail::PromiseBase* child : children_) {
            if (child != nullptr) weir::detail::cancel(*child);
        }
    }
    void child_done(weir::detail::PromiseBase& root) noexcept override {
        const std::size_t place = root.tag();
        children_[place] = nullptr;
        if (place == kTask) {
            weir::detail::take_outcome<T>(root, value_, failure_);
            cancel_children();
        } else {
            std::optional<bool> ends;
            weir::detail::Failure ignored;
            weir::detail::take_outcome<bool>(root, ends, ignored);
            if (ends.value_or(true)) cancel_children();
        }
        child_unwound(place);
    }
    void child_unwound(std::uintptr_t place) noexcept override {
        children_[place] = nullptr;
        if (place == kTask) cancel_children();
        if (children_[kTask] != nullptr || children_[kWatch] != nullptr) return;
        supervisor_.running = nullptr;
        if (timer_.is_armed()) Reactor::current().disarm(timer_);
        weir::detail::make_ready(waiting_);
    }

    Supervisor& supervisor_;
    Instant deadline_;
    Instant watch_at_;
    Task<T> task_;
    std::array<weir::detail::PromiseBase*, 2> children_{};
    weir::detail::Handle waiting_{};
    weir::detail::Timer timer_;
    std::optional<weir::detail::outcome_value<T>> value_;
    weir::detail::Failure failure_;
    bool is_late_ = false;
};

/// What supervised() returns; co_await it.
template <typename T>
class [[nodiscard]] SupervisedRequest {
public:
    using weir_request = void;
    SupervisedRequest(Supervisor& supervisor, Instant deadline, Instant watch_at,
                      Task<T> task) noexcept
        : supervisor_(supervisor),
          deadline_(deadline),
          watch_at_(watch_at),
          task_(std::move(task)) {}
    SupervisedAwaiter<T> start() && noexcept {
        return SupervisedAwaiter<T>(supervisor_, deadline_, watch_at_, std::move(task_));
    }

private:
    Supervisor& supervisor_;
    Instant deadline_;
    Instant watch_at_;
    Task<T> task_;
};

/// The task's value; Errc::timed_out where it had not ended at `deadline`, Errc::cancelled where it
/// was interrupted or its watch had it ended. An exception is thrown. `watch_at`: when the watch
/// begins; either instant may be kNever.
template <typename T>
SupervisedRequest<T> supervised(Supervisor& supervisor, Instant deadline, Instant watch_at,
                                Task<T> task) noexcept {
    return SupervisedRequest<T>(supervisor, deadline, watch_at, std::move(task));
}

}  // namespace weir::http
