// SPDX-License-Identifier: MIT
#include <weir/runtime/offload.h>

#include <signal.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace weir::detail {
namespace {

constexpr std::size_t kThreadsMax = 8;

class Pool {
public:
    void run(std::function<void()> work) {
        const std::scoped_lock lock(mutex_);
        queue_.push_back(std::move(work));
        if (idle_ == 0 && threads_ < kThreadsMax) {
            ++threads_;
            start_thread();
        }
        has_work_.notify_one();
    }

private:
    // Signals are the business of the threads that ask for them.
    void start_thread() {
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        std::thread([this] { serve(); }).detach();
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            has_work_.wait(lock, [this] { return !queue_.empty(); });
            --idle_;
            const std::function<void()> work = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            work();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable has_work_;
    std::deque<std::function<void()>> queue_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
};

}  // namespace

void run_on_pool(std::function<void()> work) {
    // Never destroyed: its threads may still be inside a blocking call when the program exits.
    static auto* const pool = new Pool();
    pool->run(std::move(work));
}

}  // namespace weir::detail
