// SPDX-License-Identifier: MIT
//
// A lock that a task may hold across waits: a semaphore with one permit and a guard of its own.
// Between two waits a task needs none, since tasks of one reactor never run at the same time. Those
// who wait get it in the order of their coming; one that is cancelled gives its turn to the next.
#pragma once

#include <weir/runtime/sync/semaphore.h>
#include <optional>
#include <utility>

namespace weir {

/// The right to be inside, given up when it dies. Move-only; must not outlive its mutex.
class [[nodiscard]] MutexLock {
public:
    MutexLock(MutexLock&& other) noexcept : permit_(std::move(other.permit_)) {}
    /// Unlocks what it held before.
    MutexLock& operator=(MutexLock&& other) noexcept {
        permit_ = std::move(other.permit_);
        return *this;
    }
    ~MutexLock() {}

    /// Gives it up now; a second time does nothing.
    void unlock() noexcept { permit_.release(); }
    /// False once it was unlocked or moved from, and during Condition::wait().
    bool is_held() const noexcept { return semaphore() != nullptr; }

private:
    friend class ConditionAwaiter;
    friend class Mutex;
    friend class MutexAwaiter;
    explicit MutexLock(Permit permit) noexcept : permit_(std::move(permit)) {}
    Semaphore* semaphore() const noexcept { return permit_.semaphore_; }

    Permit permit_;
};

class MutexAwaiter : public SemaphoreAwaiter {
public:
    explicit MutexAwaiter(Semaphore& semaphore) noexcept
        : SemaphoreAwaiter(&semaphore, detail::QueueKind::mutex) {}
    ~MutexAwaiter() {}

    MutexLock await_resume() noexcept { return MutexLock(take()); }
};

/// What Mutex::lock() returns; co_await it.
class [[nodiscard]] LockRequest {
public:
    using weir_request = void;
    explicit LockRequest(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}
    MutexAwaiter start() const noexcept { return MutexAwaiter(semaphore_); }

private:
    Semaphore& semaphore_;
};

/// Must outlive its locks and the tasks that wait for one. Belongs to one thread. Not recursive: a
/// task that locks what it holds already waits for itself, forever.
class Mutex {
public:
    Mutex() noexcept : semaphore_(1, 1) {}
    // Whoever waits does so because it is locked.
    ~Mutex() {
        WEIR_CHECK_HINT(!is_locked(), "a mutex must outlive its locks, and those who wait for it");
    }
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    /// Waits until nobody holds it: MutexLock. The fast path, a free mutex, does not suspend.
    LockRequest lock() noexcept { return LockRequest(semaphore_); }

    /// The lock if nobody holds it or was promised it, without waiting.
    [[nodiscard]] std::optional<MutexLock> try_lock() noexcept {
        if (is_locked()) return std::nullopt;
        return MutexLock(std::move(*semaphore_.try_acquire()));
    }

    /// Also true for one that was promised to a task that waited and has not run yet.
    bool is_locked() const noexcept { return semaphore_.available() == 0; }

private:
    Semaphore semaphore_;
};

}  // namespace weir
