// SPDX-License-Identifier: MIT
#include <weir/runtime/remote.h>

#include <weir/runtime/backend.h>

namespace weir::detail {

bool Mailbox::post(std::function<void()> function) {
    const std::scoped_lock lock(mutex_);
    if (backend_ == nullptr) return false;
    posted_.push_back(std::move(function));
    has_posted_.store(true, std::memory_order_release);
    // Under the lock, so that the backend cannot go away meanwhile.
    backend_->wake();
    return true;
}

void Mailbox::run_posted() {
    if (!has_posted_.load(std::memory_order_acquire)) return;
    std::vector<std::function<void()>> functions;
    {
        const std::scoped_lock lock(mutex_);
        functions.swap(posted_);
        has_posted_.store(false, std::memory_order_relaxed);
    }
    for (const std::function<void()>& function : functions)
        function();
}

void Mailbox::close() noexcept {
    std::vector<std::function<void()>> dropped;
    const std::scoped_lock lock(mutex_);
    backend_ = nullptr;
    dropped.swap(posted_);
}

}  // namespace weir::detail
