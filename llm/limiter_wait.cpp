// SPDX-License-Identifier: MIT
//
// How a call waits and is woken, on whatever loop: TicketWait and Wakes of limiter_core.h.
#include "llm/limiter_core.h"

#include <weir/runtime/base/assert.h>
#include <weir/runtime/ready_queue.h>

namespace weir::llm::detail {

// Whoever sets ticket_.waiting_ to null, with the lock held, is the one who wakes, exactly once:
// the core, the timer, or cancellation. Only the core does it for another loop, by a post, and
// until that has arrived this object stays.

bool TicketWait::suspend(weir::detail::Handle waiting) {
    LimiterCore& core = ticket_.core_;
    Reactor& loop = Reactor::current();
    const std::lock_guard lock(core.mutex_);
    if (ticket_.state_ != Ticket::State::queued) return false;
    const bool is_next = core.next() == &ticket_;
    core.advance(loop.now());
    if (is_next && core.fits(ticket_)) return false;
    // Of those that are not next nobody knows when they are due.
    ticket_.wakes_at_ = is_next ? core.wakes_at(ticket_) : kNever;
    waiting_ = waiting;
    loop_ = &loop;
    home_.emplace(loop.remote());
    if (ticket_.wakes_at_ != kNever) {
        timer_.set_target(*this);
        loop.arm(timer_, ticket_.wakes_at_);  // may throw; nobody knows of this wait yet
    }
    ticket_.waiting_ = this;
    return true;
}

void TicketWait::wake_here() noexcept {
    if (timer_.is_armed()) loop_->disarm(timer_);
    weir::detail::make_ready(waiting_);
}

/// False: somebody else wakes it.
bool TicketWait::stop_waiting() noexcept {
    const std::lock_guard lock(ticket_.core_.mutex_);
    if (ticket_.waiting_ != this) return false;
    ticket_.waiting_ = nullptr;
    ticket_.wakes_at_ = kNever;
    return true;
}

void TicketWait::cancel_children() noexcept {
    if (!stop_waiting()) return;
    if (timer_.is_armed()) loop_->disarm(timer_);
    weir::detail::make_ready(waiting_);
}

Instant TicketWait::until() const noexcept {
    return timer_.is_armed() ? loop_->deadline_of(timer_) : kNever;
}

weir::detail::PromiseBase* TicketWait::awaiting() const noexcept {
    return &waiting_.promise();
}

void TicketWait::on_timer() noexcept {
    if (stop_waiting()) weir::detail::make_ready(waiting_);
}

void TicketWait::arrive() noexcept {
    if (timer_.is_armed()) loop_->disarm(timer_);
    weir::detail::make_ready(waiting_);
}

void TicketWait::drop() noexcept {
    WEIR_CHECK_HINT(false, "a loop has ended although a task of it waits for a limiter");
}

void Wakes::add(TicketWait& wait) noexcept {
    posts_.push(wait);
}

void Wakes::send() noexcept {
    while (!posts_.empty()) {
        auto& wait = static_cast<TicketWait&>(posts_.pop());
        // On the stack, since the wait may be gone before put() returns.
        const Remote home = *wait.home_;
        WEIR_CHECK_HINT(home.mailbox().put(wait),
                        "a loop has ended although a task of it waits for a limiter");
    }
}

}  // namespace weir::llm::detail
