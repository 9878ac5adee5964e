// SPDX-License-Identifier: MIT
//
// adapt(x): awaits what another library made awaitable. weir's tasks await only weir's own waits,
// since those can be cancelled by destruction; this is the bridge to all others. A small coroutine
// of its own, with a plain promise, awaits x, on whatever thread that resumes it, and its end is
// posted to the loop that waits.
#pragma once

#include <weir/runtime/crossing.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/task.h>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {
namespace detail {

template <typename A>
decltype(auto) foreign_awaiter(A&& awaitable) {
    if constexpr (requires { std::forward<A>(awaitable).operator co_await(); }) {
        return std::forward<A>(awaitable).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<A>(awaitable)); }) {
        return operator co_await(std::forward<A>(awaitable));
    } else {
        return std::forward<A>(awaitable);
    }
}

/// What awaiting an A gives; a reference is copied, since its target belongs to somebody else.
template <typename A>
using foreign_value =
    std::remove_cvref_t<decltype(foreign_awaiter(std::declval<A>()).await_resume())>;

/// Whom a bridge reports to.
class BridgeEnd {
public:
    /// On any thread, at the bridge's final suspension; the bridge may be gone when it returns.
    virtual void bridge_ended() noexcept = 0;
    virtual void bridge_threw(std::exception_ptr exception) noexcept = 0;

protected:
    ~BridgeEnd() = default;
};

class BridgePromise {
public:
    template <typename... Others>
    explicit BridgePromise(BridgeEnd& end, Others&...) noexcept : end_(end) {}

    std::coroutine_handle<BridgePromise> get_return_object() noexcept {
        return std::coroutine_handle<BridgePromise>::from_promise(*this);
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
        struct Report {
            bool await_ready() noexcept { return false; }
            void await_suspend(std::coroutine_handle<BridgePromise> bridge) noexcept {
                report(bridge.promise().end_);
            }
            void await_resume() noexcept {}
        };
        return Report();
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { end_.bridge_threw(std::current_exception()); }

private:
    // Not inlined: the frame may be gone before this returns, and nothing of it may be in there.
    [[gnu::noinline]] static void report(BridgeEnd& end) noexcept { end.bridge_ended(); }

    BridgeEnd& end_;
};

struct Bridge : std::coroutine_handle<BridgePromise> {
    using promise_type = BridgePromise;
    Bridge(std::coroutine_handle<BridgePromise> handle) noexcept
        : std::coroutine_handle<BridgePromise>(handle) {}
};

template <typename A>
class AdaptAwaiter final : public Composite, private BridgeEnd, private Post {
public:
    using Value = foreign_value<A>;

    explicit AdaptAwaiter(A awaitable) : awaitable_(std::move(awaitable)) {}
    AdaptAwaiter(const AdaptAwaiter&) = delete;
    AdaptAwaiter& operator=(const AdaptAwaiter&) = delete;
    ~AdaptAwaiter() {
        if (bridge_) bridge_.destroy();
    }

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return;
        waiting_ = to_handle(waiting);
        home_.emplace(Reactor::current().remote());
        loop_ = &Reactor::current();
        const std::coroutine_handle<BridgePromise> bridge =
            cross(static_cast<BridgeEnd&>(*this), awaitable_, outcome_);
        bridge_ = bridge;
        // This awaiter stays, whatever ends the bridge: only a later turn of the loop resumes it.
        bridge.resume();
    }

    Value await_resume() { return outcome_.take(); }

private:
    static Bridge cross(BridgeEnd&, A& awaitable, Crossing<Value>& outcome) {
        if constexpr (std::is_void_v<Value>) {
            co_await std::move(awaitable);
            outcome.fill();
        } else {
            outcome.fill(co_await std::move(awaitable));
        }
    }

    const char* name() const noexcept override { return "foreign awaitable"; }
    void cancel_children() noexcept override {}  // nobody can ask it to stop

    void bridge_threw(std::exception_ptr exception) noexcept override {
        outcome_.fill_with(std::move(exception));
    }
    void bridge_ended() noexcept override {
        // On the stack, since all this may be gone before put() returns.
        const Remote home = *std::exchange(home_, std::nullopt);
        if (this_loop.reactor == loop_) return make_ready(waiting_);
        static_cast<void>(home.mailbox().put(*this));
    }
    void arrive() noexcept override { make_ready(waiting_); }
    void drop() noexcept override {
        WEIR_CHECK_HINT(false, "a loop has ended although a task of it waits in adapt()");
    }

    A awaitable_;
    Crossing<Value> outcome_;
    std::optional<Remote> home_;
    Reactor* loop_ = nullptr;
    std::coroutine_handle<BridgePromise> bridge_{};
    Handle waiting_{};
};

}  // namespace detail

/// What adapt() returns; co_await it.
template <typename A>
class [[nodiscard]] AdaptRequest {
public:
    using weir_request = void;
    explicit AdaptRequest(A awaitable) : awaitable_(std::move(awaitable)) {}
    detail::AdaptAwaiter<A> start() && { return detail::AdaptAwaiter<A>(std::move(awaitable_)); }

private:
    A awaitable_;
};

/// Awaits `awaitable`, an object with await_ready(), await_suspend() and await_resume(), or with an
/// operator co_await, and gives its value or throws its exception, on the loop's thread. Any
/// thread may resume it. It cannot be cancelled: a caller that is cancelled waits for its end, and
/// the value is dropped. In a simulated world only the loop's own thread may resume it. Costs one
/// allocation.
template <typename A>
AdaptRequest<A> adapt(A awaitable) {
    return AdaptRequest<A>(std::move(awaitable));
}

}  // namespace weir
