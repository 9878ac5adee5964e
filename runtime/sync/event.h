// SPDX-License-Identifier: MIT
//
// A flag that tasks of one reactor can wait for. Setting it wakes all who wait at that moment, in
// the order of their coming, even if it is cleared before they run; it stays set for those who come
// later, until somebody clears it.
#pragma once

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/ready_queue.h>

namespace weir {

class Event;

class EventAwaiter : public detail::Waiter {
public:
    explicit EventAwaiter(Event& event) noexcept : event_(event) {}
    ~EventAwaiter() {}

    bool await_ready() noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept;
    void await_resume() noexcept {}

private:
    Event& event_;
};

/// What Event::wait() returns; co_await it.
class [[nodiscard]] EventRequest {
public:
    using weir_request = void;
    explicit EventRequest(Event& event) noexcept : event_(event) {}
    EventAwaiter start() const noexcept { return EventAwaiter(event_); }

private:
    Event& event_;
};

/// Must outlive the tasks that wait for it; those that were woken do not touch it any more. Belongs
/// to one thread.
class Event {
public:
    Event() noexcept {}
    ~Event() {
        WEIR_CHECK_HINT(waiters_.empty(), "an event must outlive the tasks that wait for it");
    }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    /// Waits until it is set. The fast path, an event that is, does not suspend.
    EventRequest wait() noexcept { return EventRequest(*this); }

    /// Makes all who wait ready. Setting twice is setting once.
    void set() noexcept {
        is_set_ = true;
        // Ends, since nobody joins meanwhile: those who are woken run later.
        while (!waiters_.empty())
            detail::make_ready(waiters_.pop_front().waiting());
    }
    /// Lets those who come from now on wait. Whoever set() woke stays awake.
    void clear() noexcept { is_set_ = false; }
    bool is_set() const noexcept { return is_set_; }

private:
    friend class EventAwaiter;
    IntrusiveList<EventAwaiter> waiters_;
    bool is_set_ = false;
};

template <typename Promise>
bool EventAwaiter::await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    auto* leaf = static_cast<detail::Waiter*>(this);
    if (!detail::begin_wait(waiting, leaf, detail::LeafKind::waiter)) return true;
    if (event_.is_set_) return detail::pass_or_queue(waiting);
    set_waiting(detail::to_handle(waiting), detail::QueueKind::event);
    event_.waiters_.push_back(*this);
    return true;
}

}  // namespace weir
