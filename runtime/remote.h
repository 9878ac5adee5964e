// SPDX-License-Identifier: MIT
//
// The way into a loop from other threads: functions are put into the loop's mailbox and run there,
// between two turns. The only part of a reactor that is shared, and the only one with a lock.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace weir {
namespace detail {

class Backend;

class Mailbox {
public:
    explicit Mailbox(Backend& backend) noexcept : backend_(&backend) {}

    /// Any thread.
    bool post(std::function<void()> function);
    /// The loop's thread: runs what was posted, in order.
    void run_posted();
    /// The loop's thread: from now on post() refuses. What was posted is dropped.
    void close() noexcept;

private:
    std::mutex mutex_;
    Backend* backend_;  // null once closed
    std::vector<std::function<void()>> posted_;
    std::atomic<bool> has_posted_ = false;  // spares the loop the lock when there is nothing
};

}  // namespace detail

/// A counted handle on a loop. Copies may live on any thread and outlive the loop.
class Remote {
public:
    /// Runs `function` on the loop's thread, soon. Any thread. False when the loop has ended: then
    /// it is not run. `function` must not throw.
    bool post(std::function<void()> function) const { return mailbox_->post(std::move(function)); }

private:
    friend class Reactor;
    explicit Remote(std::shared_ptr<detail::Mailbox> mailbox) noexcept
        : mailbox_(std::move(mailbox)) {}

    std::shared_ptr<detail::Mailbox> mailbox_;
};

}  // namespace weir
