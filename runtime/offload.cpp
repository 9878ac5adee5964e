// SPDX-License-Identifier: MIT
#include <weir/runtime/offload.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include <weir/runtime/fork_guard.h>

#include "runtime/signals_blocked.h"

namespace weir {
namespace detail {
namespace {

constexpr std::size_t kThreadsMaxByDefault = 8;
std::atomic<std::size_t> threads_max = kThreadsMaxByDefault;

class Pool {
public:
    void run(PoolJob& job) noexcept {
        {
            const std::scoped_lock lock(mutex_);
            if (ensure_thread()) {
                queue_.push(job);
                ++queued_;
                has_work_.notify_one();
                return;
            }
        }
        do_here(job);
    }
    static void do_here(PoolJob& job) noexcept {
        job.work();
        job.report();
    }

private:
    // A thread for one more job, as far as the limit allows. A thread that has been woken counts
    // as idle until it has taken its job, hence the comparison with the queue. False: there is
    // none and none can be had.
    bool ensure_thread() {
        if (queued_ >= idle_ && threads_ < threads_max.load(std::memory_order_relaxed)) {
            if (start_thread()) ++threads_;
        }
        return threads_ > 0;
    }

    bool start_thread() {
        try {
            const AllSignalsBlocked blocked;
            std::thread([this] { serve(); }).detach();
        } catch (const std::system_error&) {
            return false;
        } catch (const std::bad_alloc&) {
            return false;
        }
        return true;
    }

    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            has_work_.wait(lock, [this] { return queued_ > 0; });
            --idle_;
            --queued_;
            auto& job = static_cast<PoolJob&>(queue_.pop());
            lock.unlock();
            do_here(job);
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable has_work_;
    PostQueue queue_;
    std::size_t queued_ = 0;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
};

// Never destroyed: its threads may still be inside a blocking call when the program exits. In the
// child of a fork() they do not exist: it begins anew.
std::atomic<Pool*> pool = nullptr;

// Null where there is no memory for one.
Pool* the_pool() noexcept {
    Pool* present = pool.load(std::memory_order_acquire);
    if (present != nullptr) return present;
    watch_forks();
    auto* made = new (std::nothrow) Pool();
    if (pool.compare_exchange_strong(present, made, std::memory_order_acq_rel)) return made;
    delete made;
    return present;
}

}  // namespace

void run_on_pool(PoolJob& job) noexcept {
    if (Reactor::current().backend().take_job(job)) return;
    Pool* const shared = the_pool();
    if (shared == nullptr) return Pool::do_here(job);
    shared->run(job);
}

void forget_pool_after_fork() noexcept {
    pool.store(nullptr, std::memory_order_relaxed);
}

}  // namespace detail

void set_offload_threads_max(std::size_t count) noexcept {
    detail::threads_max.store(std::max<std::size_t>(count, 1), std::memory_order_relaxed);
}

}  // namespace weir
