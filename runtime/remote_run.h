// SPDX-License-Identifier: MIT
//
// co_await remote.run(factory): a task on another loop, as if it were a call. It begins there as a
// guest, its value comes back by move, its exception as it is, and a cancelled caller takes it
// along: nothing that was sent out is ever left alone. All of it lives in the caller's frame,
// which stays until each message that was sent has come home.
#pragma once

#include <weir/runtime/crossing.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/remote.h>
#include <weir/runtime/task.h>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace weir {
namespace detail {

/// What a task of T gives to another loop: its Result, or a Result of what it gives.
template <typename T>
using remote_value = std::conditional_t<is_result<T>, T, Result<T>>;

/// The far side: a message that makes a task where it arrives, and owns the task there.
template <typename F>
class Guest : public Post, private Owner {
public:
    using T = typename std::invoke_result_t<F&>::value_type;

    explicit Guest(F factory) : factory_(std::move(factory)) {}

    /// The far thread. Nothing happens where the task has ended.
    void cancel_guest() noexcept {
        if (root_ != nullptr) cancel(*root_);
    }
    /// The near thread, after report().
    remote_value<T> take() {
        if (!outcome_.is_filled()) {
            return Error(Errc::reactor_ended,
                         std::string("the loop that was to run a task has ended: keep it running "
                                     "until its work is done"));
        }
        if constexpr (std::is_void_v<T>) {
            outcome_.take();
            return {};
        } else {
            return outcome_.take();
        }
    }

protected:
    ~Guest() = default;
    /// Its end; on the far thread, which does not touch this object afterwards.
    virtual void report() noexcept = 0;

private:
    void arrive() noexcept override {
        Reactor& reactor = Reactor::current();
        if (reactor.is_ending()) return report();
        try {
            root_ = &factory_().release().promise();
        } catch (...) {
            outcome_.fill_with(std::current_exception());
            return report();
        }
        root_->become_root(*this);
        reactor.guests().push(*root_);
        make_ready_first(*root_);
    }
    void drop() noexcept override { report(); }

    void leaving(PromiseBase& root) noexcept override { Reactor::current().guests().unlink(root); }
    // The frame still stands, and what dies with it may use what the caller owns.
    void child_done(PromiseBase& root) noexcept override {
        outcome_.fill_from_task(root);
        root_ = nullptr;
        this_loop.after_finished = this;
    }
    void child_gone() noexcept override { report(); }
    void child_unwound(std::uintptr_t) noexcept override {
        root_ = nullptr;
        report();
    }

    F factory_;
    Crossing<T> outcome_;
    PromiseBase* root_ = nullptr;  // touched by the far thread only
};

template <typename F>
class RemoteRunAwaiter final : public Composite, private Guest<F> {
public:
    using T = typename Guest<F>::T;

    RemoteRunAwaiter(Remote far, F factory)
        : Guest<F>(std::move(factory)), far_(std::move(far)), cancel_(*this) {}
    RemoteRunAwaiter(const RemoteRunAwaiter&) = delete;
    RemoteRunAwaiter& operator=(const RemoteRunAwaiter&) = delete;
    ~RemoteRunAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return;
        waiting_ = to_handle(waiting);
        home_.emplace(Reactor::current().remote());
        away_ = 1;
        if (!far_.mailbox().put(*this)) came_home();
    }

    remote_value<T> await_resume() { return this->take(); }

private:
    // The way back of a message. The home loop waits for it, and hence takes it.
    class Homecoming final : public Post {
    public:
        explicit Homecoming(RemoteRunAwaiter& run) noexcept : run_(run) {}
        void send() noexcept {
            // On the stack, since the frame may be gone before put() returns.
            const Remote home = *run_.home_;
            static_cast<void>(home.mailbox().put(*this));
        }

    private:
        void arrive() noexcept override { run_.came_home(); }
        void drop() noexcept override {
            WEIR_CHECK_HINT(false, "a loop has ended although a task of it waits for another loop");
        }
        RemoteRunAwaiter& run_;
    };

    // Sent after the guest, hence arrives after it.
    class CancelMessage final : public Post {
    public:
        explicit CancelMessage(RemoteRunAwaiter& run) noexcept : run_(run), back_(run) {}

    private:
        void arrive() noexcept override {
            run_.cancel_guest();
            back_.send();
        }
        void drop() noexcept override { back_.send(); }

        RemoteRunAwaiter& run_;
        Homecoming back_;
    };

    const char* name() const noexcept override { return "remote run"; }
    void cancel_children() noexcept override {
        if (away_ == 0) return;
        // Refused where the far loop has ended: then the guest's own message is on its way.
        if (far_.mailbox().put(cancel_)) ++away_;
    }
    void report() noexcept override { back_.send(); }
    void came_home() noexcept {
        if (--away_ == 0) make_ready(waiting_);
    }

    Remote far_;
    std::optional<Remote> home_;
    Homecoming back_{*this};
    CancelMessage cancel_;
    int away_ = 0;  // messages that have not come home; touched by the home thread only
    Handle waiting_{};
};

/// For a thread without a loop: blocks it meanwhile.
template <typename F>
class BlockingRun final : private Guest<F> {
public:
    explicit BlockingRun(F factory) : Guest<F>(std::move(factory)) {}

    remote_value<typename Guest<F>::T> run(const Remote& far) {
        WEIR_CHECK_HINT(this_loop.reactor == nullptr,
                        "this would block the loop of this thread: co_await remote.run() instead");
        if (far.mailbox().put(*this)) {
            std::unique_lock lock(mutex_);
            has_ended_.wait(lock, [this] { return is_done_; });
        }
        return this->take();
    }

private:
    void report() noexcept override {
        // Under the lock: the waiting thread destroys all this as soon as it has it.
        const std::scoped_lock lock(mutex_);
        is_done_ = true;
        has_ended_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable has_ended_;
    bool is_done_ = false;
};

}  // namespace detail

/// What Remote::run() returns; co_await it.
template <typename F>
class [[nodiscard]] RemoteRunRequest {
public:
    using weir_request = void;
    RemoteRunRequest(Remote far, F factory) : far_(std::move(far)), factory_(std::move(factory)) {}
    detail::RemoteRunAwaiter<F> start() && {
        return detail::RemoteRunAwaiter<F>(std::move(far_), std::move(factory_));
    }

private:
    Remote far_;
    F factory_;
};

/// Calls `factory()` on the other loop's thread, between two turns, and runs the task that it
/// returns there. Gives Result<T> for a Task<T>, and Result<U> for a Task<Result<U>>; an exception
/// of the factory or of the task is thrown here. Errc::reactor_ended where that loop has ended, or
/// ends before the task does, which is then cancelled. A caller that is cancelled cancels the task
/// and waits for its end there. `factory` is kept until the task has ended, so its captures may be
/// used by the task; what they refer to is then used by that thread, while this one waits.
/// May be asked of the caller's own loop, too.
template <typename F>
RemoteRunRequest<F> Remote::run(F factory) const {
    return RemoteRunRequest<F>(*this, std::move(factory));
}

/// The same from plain code, on a thread without a loop, which is blocked meanwhile.
template <typename F>
auto run_blocking(const Remote& far, F factory) {
    return detail::BlockingRun<F>(std::move(factory)).run(far);
}

}  // namespace weir
