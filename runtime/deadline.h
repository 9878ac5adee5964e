// SPDX-License-Identifier: MIT
//
// current_deadline(): until when the task that asks may run, which is the earliest of all the
// timeouts around it. For those who plan within it: a retry that would come too late is not worth
// its wait. Deadlines are absolute; none passes a shield.
#pragma once

#include <weir/runtime/base/time.h>
#include <weir/runtime/ready_queue.h>
#include <weir/runtime/unit.h>
#include <algorithm>

namespace weir {
namespace detail {

/// Walks outward from a frame, owner by owner.
inline Instant deadline_of(PromiseBase& innermost) noexcept {
    Instant earliest = kNever;
    PromiseBase* frame = &innermost;
    while (frame != nullptr) {
        const Owner& owner = frame->root().owner();
        earliest = std::min(earliest, owner.deadline());
        frame = owner.awaiting();
    }
    return earliest;
}

class DeadlineAwaiter {
public:
    DeadlineAwaiter() noexcept {}
    bool await_ready() noexcept { return false; }

    /// Never suspends: to ask is no wait.
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> asking) noexcept {
        deadline_ = deadline_of(asking.promise());
        return false;
    }

    Instant await_resume() noexcept { return deadline_; }

private:
    Instant deadline_ = kNever;
};

}  // namespace detail

/// What current_deadline() returns; co_await it.
class [[nodiscard]] DeadlineRequest {
public:
    using weir_request = void;
    DeadlineRequest() noexcept {}
    detail::DeadlineAwaiter start() const noexcept { return detail::DeadlineAwaiter(); }
};

/// `co_await current_deadline()` gives an Instant at once; kNever where no timeout is around.
inline DeadlineRequest current_deadline() noexcept {
    return DeadlineRequest();
}

}  // namespace weir
