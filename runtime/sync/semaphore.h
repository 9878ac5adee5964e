// SPDX-License-Identifier: MIT
//
// A counting semaphore between tasks of one reactor: at most so many hold a permit at once. Waiters
// are served in the order of their coming; one that is cancelled gives its turn to the next.
#pragma once

#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/ready_queue.h>
#include <cstddef>
#include <utility>

namespace weir {

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
    Semaphore* semaphore_;
};

class SemaphoreAwaiter : public detail::Waiter {
public:
    explicit SemaphoreAwaiter(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}
    ~SemaphoreAwaiter() {
        if (has_permit_) static_cast<void>(take());
    }

    bool await_ready() noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept;
    Permit await_resume() noexcept { return take(); }

private:
    friend class Semaphore;
    Permit take() noexcept {
        has_permit_ = false;
        return Permit(semaphore_);
    }

    Semaphore& semaphore_;
    bool has_permit_ = false;
};

class [[nodiscard]] AcquireRequest {
public:
    using weir_request = void;
    explicit AcquireRequest(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}
    SemaphoreAwaiter start() const noexcept { return SemaphoreAwaiter(semaphore_); }

private:
    Semaphore& semaphore_;
};

class Semaphore {
public:
    explicit Semaphore(std::size_t permits) noexcept : available_(permits) {}
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    /// Waits for a permit: Permit. The fast path, a free permit, does not suspend.
    AcquireRequest acquire() noexcept { return AcquireRequest(*this); }

    /// Adds a permit: to the first waiter, or to those available.
    void release() noexcept {
        if (waiters_.empty()) {
            ++available_;
            return;
        }
        SemaphoreAwaiter& first = waiters_.pop_front();
        first.has_permit_ = true;
        detail::make_ready(first.handle);
    }

    std::size_t available() const noexcept { return available_; }

private:
    friend class SemaphoreAwaiter;
    std::size_t available_;
    IntrusiveList<SemaphoreAwaiter> waiters_;
};

inline void Permit::release() noexcept {
    if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release();
}

template <typename Promise>
bool SemaphoreAwaiter::await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    auto* leaf = static_cast<detail::Waiter*>(this);
    if (!detail::begin_wait(waiting, leaf, detail::LeafKind::waiter)) return true;
    // A free permit means that nobody waits: release() serves waiters first.
    if (semaphore_.available_ > 0) {
        --semaphore_.available_;
        has_permit_ = true;
        detail::end_wait(waiting);
        return false;
    }
    handle = detail::to_handle(waiting);
    semaphore_.waiters_.push_back(*this);
    return true;
}

}  // namespace weir
