// SPDX-License-Identifier: MIT
//
// What a limiter shares between loops, under one lock: the buckets, the concurrency and the queue.
// Whoever changes something serves those who need not wait any longer; the call whose turn it is
// and that must wait knows until when and wakes itself. A waiter is woken on its own loop. A call
// is in the queue from its first line on, so being woken for nothing costs it no place.
#pragma once

#include <weir/llm/limiter.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/ready_queue.h>
#include <weir/runtime/remote.h>
#include <weir/runtime/unit.h>
#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "llm/concurrency.h"
#include "llm/limiter_bucket.h"

namespace weir::llm::detail {

class TicketWait;

/// A call's place in the queue. All but the demand is guarded by the core's lock.
class Ticket : public IntrusiveNode {
public:
    /// Joins, and is served at once if it need not wait.
    Ticket(LimiterCore& core, const Demand& demand);
    /// Leaves. What was granted and not taken is given back: nothing was sent.
    ~Ticket();

    /// Serves whom it can, this one perhaps among them. True: it need not wait any more.
    bool is_decided();
    /// Once. Precondition: is_decided().
    Result<Grant> take();

private:
    friend class LimiterCore;
    friend class TicketWait;
    enum class State { queued, granted, too_much, taken };

    LimiterCore& core_;
    const Demand demand_;
    const Instant since_;
    std::uint64_t arrival_ = 0;
    State state_ = State::queued;
    Grant grant_;
    TicketWait* waiting_ = nullptr;  // null: its task runs, or will
    Instant wakes_at_ = kNever;      // by itself
};

/// The wait of a call until its ticket is decided, or worth another look. In a task's frame.
class TicketWait final : public weir::detail::Composite,
                         private weir::detail::TimerCallback,
                         private weir::detail::Post {
public:
    explicit TicketWait(Ticket& ticket) noexcept : ticket_(ticket) {}
    TicketWait(const TicketWait&) = delete;
    TicketWait& operator=(const TicketWait&) = delete;
    ~TicketWait() = default;

    bool await_ready() noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        weir::detail::PromiseBase& root = waiting.promise().root();
        if (root.is_cancelled()) {
            weir::detail::begin_wait(waiting, nullptr, weir::detail::LeafKind::none);
            return true;
        }
        if (!suspend(weir::detail::to_handle(waiting))) return weir::detail::pass_or_queue(waiting);
        root.set_leaf(static_cast<Composite*>(this), weir::detail::LeafKind::composite);
        return true;
    }
    void await_resume() noexcept {}

private:
    friend class LimiterCore;
    friend class Wakes;

    /// False: there is no need to.
    bool suspend(weir::detail::Handle waiting);
    void wake_here() noexcept;
    bool stop_waiting() noexcept;

    void cancel_children() noexcept override;
    const char* name() const noexcept override { return "rate limit"; }
    Instant until() const noexcept override;
    weir::detail::PromiseBase* awaiting() const noexcept override;
    void on_timer() noexcept override;
    void arrive() noexcept override;
    void drop() noexcept override;

    Ticket& ticket_;
    weir::detail::Handle waiting_{};
    weir::detail::Timer timer_;
    Reactor* loop_ = nullptr;
    std::optional<Remote> home_;
};

/// co_await it; see TicketWait.
class [[nodiscard]] TicketRequest {
public:
    using weir_request = void;
    explicit TicketRequest(Ticket& ticket) noexcept : ticket_(ticket) {}
    TicketWait start() const noexcept { return TicketWait(ticket_); }

private:
    Ticket& ticket_;
};

/// Those to be woken on other loops, when the lock has been released.
class Wakes {
public:
    Wakes() noexcept {}
    void add(TicketWait& wait) noexcept;
    void send() noexcept;

private:
    weir::detail::PostQueue posts_;
};

class LimiterCore {
public:
    explicit LimiterCore(const LimiterOptions& options) noexcept;
    ~LimiterCore();
    LimiterCore(const LimiterCore&) = delete;
    LimiterCore& operator=(const LimiterCore&) = delete;

    void learn(const Grant& grant, const RateLimitState& limits) noexcept;
    void settle(const Grant& grant, const CallOutcome& outcome) noexcept;
    /// Of a call whose end nobody told.
    void abandon(const Grant& grant) noexcept;

    std::vector<WaitingCall> explain();
    LimiterStats stats() const;

private:
    friend class Ticket;
    friend class TicketWait;
    static constexpr std::size_t kClasses = 3;
    using Queue = IntrusiveList<Ticket>;

    // All of these with the lock held.
    Queue& queue_of(const Ticket& ticket) noexcept {
        return queues_[static_cast<std::size_t>(ticket.demand_.priority)];
    }
    Ticket* next() noexcept;
    void advance(Instant now) noexcept;
    bool is_too_much(const Ticket& ticket) const noexcept;
    bool fits(const Ticket& ticket) const noexcept;
    Instant due(const Ticket& ticket) const noexcept;
    Instant wakes_at(const Ticket& ticket) const noexcept;
    void admit(Ticket& ticket) noexcept;
    void serve(Instant now, Wakes& wakes) noexcept;
    void settle_buckets(const Grant& grant, const CallOutcome& outcome) noexcept;
    void wake(Ticket& ticket, Wakes& wakes) noexcept;
    std::string reason_of(const Ticket& ticket, std::size_t ahead_in_class) const;
    std::string too_much(const Ticket& ticket) const;

    mutable std::mutex mutex_;
    const bool learns_;
    Instant now_{};
    Instant paused_until_{};
    std::array<Bucket, kBuckets> buckets_;
    Concurrency concurrency_;
    std::array<Queue, kClasses> queues_;
    std::array<std::size_t, kClasses> sizes_{};
    std::uint64_t arrivals_ = 0;
    std::uint64_t admitted_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace weir::llm::detail
