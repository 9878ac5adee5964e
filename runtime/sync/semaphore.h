// SPDX-License-Identifier: MIT
//
// A counting semaphore between tasks of one reactor: at most so many hold a permit at once. Waiters
// are served in the order of their coming; one that is cancelled gives its turn to the next. The
// mutex is built on it: hence the awaiter's second constructor argument and its protected part.
#pragma once

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/ready_queue.h>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

namespace weir {

class MutexLock;
class Semaphore;

/// One permit, given back when it dies. Move-only; must not outlive its semaphore.
class [[nodiscard]] Permit {
public:
    explicit Permit(Semaphore& semaphore) noexcept : semaphore_(&semaphore) {}
    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
        if (this != &other) {
            release();
            semaphore_ = std::exchange(other.semaphore_, nullptr);
        }
        return *this;
    }
    ~Permit() { release(); }

    /// Gives it back now.
    void release() noexcept;

private:
    friend class MutexLock;
    Semaphore* semaphore_;
};

class SemaphoreAwaiter : public detail::Waiter {
public:
    explicit SemaphoreAwaiter(Semaphore* semaphore,
                              detail::QueueKind kind = detail::QueueKind::semaphore) noexcept
        : semaphore_(semaphore) {
        set_waiting({}, kind);
    }
    ~SemaphoreAwaiter() {
        if (has_permit_) static_cast<void>(take());
    }

    bool await_ready() noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept;
    Permit await_resume() noexcept { return take(); }

protected:
    /// The fast path. False: none is free.
    bool obtain() noexcept;
    /// For one that waits already, in some other queue that it has left.
    void obtain_or_queue(detail::QueueKind kind) noexcept;
    Permit take() noexcept {
        has_permit_ = false;
        return Permit(*semaphore_);
    }

private:
    friend class Semaphore;
    Semaphore* semaphore_;
    bool has_permit_ = false;
};

class [[nodiscard]] AcquireRequest {
public:
    using weir_request = void;
    explicit AcquireRequest(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}
    SemaphoreAwaiter start() const noexcept { return SemaphoreAwaiter(&semaphore_); }

private:
    Semaphore& semaphore_;
};

/// Must outlive its permits and the tasks that wait for one. Belongs to one thread.
class Semaphore {
public:
    /// Without a bound: release() may add to what there was.
    explicit Semaphore(std::size_t permits) noexcept
        : Semaphore(permits, std::numeric_limits<std::size_t>::max()) {}
    /// With one: a release() after which more than `permits_max` would be free is a bug of the
    /// caller, and aborts. An excess permit that a waiter takes is found when it comes back.
    Semaphore(std::size_t permits, std::size_t permits_max) noexcept
        : available_(permits), permits_max_(permits_max) {
        WEIR_CHECK_HINT(permits <= permits_max, "a semaphore begins within its bound");
    }
    ~Semaphore() {
        WEIR_CHECK_HINT(waiters_.empty(), "a semaphore must outlive the tasks that wait for it");
    }
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    /// Waits for a permit: Permit. The fast path, a free permit, does not suspend.
    AcquireRequest acquire() noexcept { return AcquireRequest(*this); }

    /// A permit if one is free, without waiting. Never overtakes a waiter.
    [[nodiscard]] std::optional<Permit> try_acquire() noexcept {
        if (available_ == 0) return std::nullopt;
        --available_;
        return Permit(*this);
    }

    /// Adds a permit: to the first waiter, or to those available. Permits come back by themselves;
    /// call it only to make one that nobody holds, as for a semaphore that began with none.
    void release() noexcept {
        if (waiters_.empty()) {
            WEIR_CHECK_HINT(
                available_ < permits_max_,
                "more permits were released than there are: a Permit gives itself back");
            ++available_;
            return;
        }
        SemaphoreAwaiter& first = waiters_.pop_front();
        first.has_permit_ = true;
        detail::make_ready(first.waiting());
    }

    std::size_t available() const noexcept { return available_; }

private:
    friend class SemaphoreAwaiter;
    std::size_t available_;
    std::size_t permits_max_;
    IntrusiveList<SemaphoreAwaiter> waiters_;
};

inline void Permit::release() noexcept {
    if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release();
}

// A free permit means that nobody waits: release() serves waiters first.
inline bool SemaphoreAwaiter::obtain() noexcept {
    if (semaphore_->available_ == 0) return false;
    --semaphore_->available_;
    has_permit_ = true;
    return true;
}

inline void SemaphoreAwaiter::obtain_or_queue(detail::QueueKind kind) noexcept {
    if (obtain()) {
        detail::make_ready(waiting());
        return;
    }
    set_waiting(waiting(), kind);
    semaphore_->waiters_.push_back(*this);
}

template <typename Promise>
bool SemaphoreAwaiter::await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    auto* leaf = static_cast<detail::Waiter*>(this);
    if (!detail::begin_wait(waiting, leaf, detail::LeafKind::waiter)) return true;
    if (obtain()) return detail::pass_or_queue(waiting);
    set_waiting(detail::to_handle(waiting), kind());
    semaphore_->waiters_.push_back(*this);
    return true;
}

}  // namespace weir
