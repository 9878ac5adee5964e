// SPDX-License-Identifier: MIT
//
// Waiting for time to pass, and giving others their turn.
#pragma once

#include <weir/runtime/reactor.h>
#include <weir/runtime/task.h>
#include <algorithm>

namespace weir {
namespace detail {

class SleepAwaiter {
public:
    explicit SleepAwaiter(Instant deadline) noexcept : deadline_(deadline) {}
    SleepAwaiter(const SleepAwaiter&) = delete;
    SleepAwaiter& operator=(const SleepAwaiter&) = delete;
    ~SleepAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        const Instant deadline = deadline_;
        ::new (static_cast<void*>(&timer_)) Timer();  // takes the deadline's place
        timer_.set_target(to_handle(waiting));
        PromiseBase& root = waiting.promise().root();
        if (root.is_cancelled()) [[unlikely]] {
            begin_wait(waiting, nullptr, LeafKind::none);  // queues it for its end
            return;
        }
        // Before the leaf is set: where there is no memory for a timer it throws.
        Reactor::current().arm(timer_, deadline);
        root.set_leaf(&timer_, LeafKind::timer);
    }

    void await_resume() noexcept {}

private:
    // One after the other: the frame of every sleeping task holds this.
    union {
        Instant deadline_;
        Timer timer_;
    };
};
static_assert(sizeof(SleepAwaiter) == 16);

class YieldAwaiter {
public:
    YieldAwaiter() noexcept {}
    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
        this_loop.ready.push(waiting.promise());
    }

    void await_resume() noexcept {}
};

}  // namespace detail

/// What sleep_for() and sleep_until() return; co_await it.
class [[nodiscard]] SleepRequest {
public:
    using weir_request = void;
    explicit SleepRequest(Instant deadline) noexcept : deadline_(deadline) {}
    detail::SleepAwaiter start() const noexcept { return detail::SleepAwaiter(deadline_); }

private:
    Instant deadline_;
};

/// What yield() returns; co_await it.
class [[nodiscard]] YieldRequest {
public:
    using weir_request = void;
    YieldRequest() noexcept {}
    detail::YieldAwaiter start() const noexcept { return detail::YieldAwaiter(); }
};

/// Waits until `deadline`, never less: it wakes at the next millisecond tick. At most 24 days.
inline SleepRequest sleep_until(Instant deadline) noexcept {
    return SleepRequest(deadline);
}

/// Waits for `span`, counted from the reactor's present. Zero or less: until the next tick.
inline SleepRequest sleep_for(Duration span) noexcept {
    const Duration at_least = std::max(span, Duration::zero());
    return SleepRequest(saturating_add(Reactor::current().now(), at_least));
}

/// Lets every task that is ready now run first.
inline YieldRequest yield() noexcept {
    return YieldRequest();
}

}  // namespace weir
