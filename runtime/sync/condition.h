// SPDX-License-Identifier: MIT
//
// Waiting until something may have changed, with a mutex or without. A notification is a claim: if
// the task that got it is cancelled before it goes on, the next one gets it. A task that waits with
// a lock moves from this queue straight into that of the mutex, and runs when it holds it.
#pragma once

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/sync/mutex.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace weir {

class Condition;

class ConditionAwaiter : public SemaphoreAwaiter {
public:
    /// `lock`: null for a wait without a mutex.
    ConditionAwaiter(Condition& condition, MutexLock* lock) noexcept
        : SemaphoreAwaiter(lock == nullptr ? nullptr : lock->semaphore()),
          condition_(condition),
          lock_(lock) {}
    ~ConditionAwaiter();

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept;
    void await_resume() noexcept;

private:
    friend class Condition;
    enum class Notice : unsigned char { none, single, to_all };

    void notify(Notice notice) noexcept;

    Condition& condition_;
    MutexLock* lock_;
    Notice notice_ = Notice::none;
};

/// What Condition::wait() returns; co_await it.
class [[nodiscard]] ConditionRequest {
public:
    using weir_request = void;
    ConditionRequest(Condition& condition, MutexLock* lock) noexcept
        : condition_(condition), lock_(lock) {}
    ConditionAwaiter start() const noexcept { return ConditionAwaiter(condition_, lock_); }

private:
    Condition& condition_;
    MutexLock* lock_;
};

/// Must outlive the tasks that wait for it, and those that notify_one() woke until they have run.
/// Belongs to one thread.
class Condition {
public:
    Condition() noexcept {}
    ~Condition() {
        WEIR_CHECK_HINT(waiters_.empty() && claims_ == 0,
                        "a condition must outlive the tasks that wait for it");
    }
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;

    /// Waits for a notification. Tasks of one reactor run one at a time, so that nothing can change
    /// between a look at plain memory and this wait: a mutex is needed only by those who hold one.
    ConditionRequest wait() noexcept { return ConditionRequest(*this, nullptr); }

    /// Unlocks `lock`, waits for a notification, and locks again. Precondition (checked): it is
    /// held. When the task is cancelled in this wait, the lock stays open, and the destructors of
    /// the task, which are all that runs of it, must not count on it.
    ConditionRequest wait(MutexLock& lock) noexcept { return ConditionRequest(*this, &lock); }

    /// The same until `predicate()` holds; does not wait if it does already. It is called with the
    /// lock held. g++ 12 destroys some temporaries twice, hence only trivially destructible
    /// predicates compile: capture by reference. Both must live until the wait is over.
    template <typename Predicate>
    Task<void> wait(MutexLock& lock, Predicate predicate) {
        static_assert(std::is_trivially_destructible_v<Predicate>,
                      "capture by reference: g++ 12 destroys such a temporary twice");
        while (!predicate())
            co_await wait(lock);
    }

    /// Wakes the one that has waited longest. With nobody waiting it is forgotten.
    void notify_one() noexcept {
        if (waiters_.empty()) return;
        ++claims_;
        waiters_.pop_front().notify(ConditionAwaiter::Notice::single);
    }
    /// Wakes all who wait now. If one of them is cancelled, its notification ends with it.
    void notify_all() noexcept {
        // Ends, since nobody joins meanwhile: those who are woken run later.
        while (!waiters_.empty())
            waiters_.pop_front().notify(ConditionAwaiter::Notice::to_all);
    }

private:
    friend class ConditionAwaiter;
    IntrusiveList<ConditionAwaiter> waiters_;
    std::size_t claims_ = 0;  // of notify_one(), by tasks that have not gone on yet
};

// The next one queues for the mutex here; if this one holds it, the base then passes it on.
inline ConditionAwaiter::~ConditionAwaiter() {
    if (notice_ != Notice::single) return;
    --condition_.claims_;
    condition_.notify_one();
}

template <typename Promise>
bool ConditionAwaiter::await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    WEIR_CHECK_HINT(lock_ == nullptr || lock_->is_held(), "wait(lock) needs a lock that is held");
    auto* leaf = static_cast<detail::Waiter*>(this);
    if (!detail::begin_wait(waiting, leaf, detail::LeafKind::waiter)) return true;
    set_waiting(detail::to_handle(waiting), detail::QueueKind::condition);
    condition_.waiters_.push_back(*this);
    if (lock_ != nullptr) lock_->unlock();
    return true;
}

inline void ConditionAwaiter::await_resume() noexcept {
    if (std::exchange(notice_, Notice::none) == Notice::single) --condition_.claims_;
    if (lock_ != nullptr) *lock_ = MutexLock(take());
}

inline void ConditionAwaiter::notify(Notice notice) noexcept {
    notice_ = notice;
    if (lock_ != nullptr) {
        obtain_or_queue(detail::QueueKind::mutex);
        return;
    }
    detail::make_ready(waiting());
}

}  // namespace weir
