// SPDX-License-Identifier: MIT
//
// Blocking calls, off the loop's thread. offload_abandonable(f) runs f on a small pool of threads
// and waits for its value; a caller that is cancelled lets go at once, and f, which owns all its
// state, finishes by itself with nobody listening. The program's exit does not wait for it.
#pragma once

#include <weir/runtime/reactor.h>
#include <weir/runtime/task.h>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {
namespace detail {

/// Runs `work` on one of the pool's threads, soon. At most eight threads, begun when needed.
void run_on_pool(std::function<void()> work);

template <typename F>
class OffloadAwaiter final : public Composite {
public:
    using Value = std::invoke_result_t<F&>;

    explicit OffloadAwaiter(F work) : job_(std::make_shared<Job>(std::move(work))) {}
    OffloadAwaiter(const OffloadAwaiter&) = delete;
    OffloadAwaiter& operator=(const OffloadAwaiter&) = delete;
    ~OffloadAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return;
        job_->waiting = to_handle(waiting);
        Reactor& reactor = Reactor::current();
        if (reactor.backend_kind() == BackendKind::simulated) {
            // One thread and no surprises: the work is done here and now.
            job_->value.emplace(job_->work());
            return make_ready(std::exchange(job_->waiting, {}));
        }
        run_on_pool([job = job_, remote = reactor.remote()] {
            job->value.emplace(job->work());
            remote.post([job] {
                if (job->waiting) make_ready(std::exchange(job->waiting, {}));
            });
        });
    }

    Value await_resume() { return std::move(*job_->value); }

private:
    struct Job {
        explicit Job(F f) : work(std::move(f)) {}
        F work;
        std::optional<Value> value;
        Handle waiting{};  // touched by the loop's thread only; null once nobody waits
    };

    void cancel_children() noexcept override {
        if (job_->waiting) make_ready(std::exchange(job_->waiting, {}));
    }

    std::shared_ptr<Job> job_;
};

}  // namespace detail

/// What offload_abandonable() returns; co_await it.
template <typename F>
class [[nodiscard]] OffloadRequest {
public:
    using weir_request = void;
    explicit OffloadRequest(F work) : work_(std::move(work)) {}
    detail::OffloadAwaiter<F> start() && { return detail::OffloadAwaiter<F>(std::move(work_)); }

private:
    F work_;
};

/// Gives work()'s value, which must not be void. `work` runs on another thread: it owns or shares
/// all that it touches, and must not throw. Name it in a statement of its own and move it in: g++
/// 12 destroys a capturing temporary inside co_await twice.
template <typename F>
OffloadRequest<F> offload_abandonable(F work) {
    return OffloadRequest<F>(std::move(work));
}

}  // namespace weir
