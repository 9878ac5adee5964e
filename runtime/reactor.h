// SPDX-License-Identifier: MIT
//
// The loop of one thread: run what is ready, fire the timers that are due, wait for completions,
// again. It owns the timing wheel, the receive buffers and one backend, and shares nothing. User
// code hardly meets it: run() makes one, and tasks find it by themselves.
#pragma once

#include <weir/runtime/backend.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/ready_queue.h>
#include <weir/runtime/remote.h>
#include <weir/runtime/timer_wheel.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace weir {

/// How a reactor is made. The defaults serve ten thousand connections.
class ReactorOptions {
public:
    ReactorOptions() noexcept {}

    ReactorOptions& backend(BackendKind kind) noexcept { return backend_ = kind, *this; }
    /// Receive buffers shared by all streams: `count` is a power of two, at most 32,768.
    ReactorOptions& receive_buffers(std::uint16_t count, std::size_t bytes_each) noexcept {
        return buffer_count_ = count, buffer_bytes_ = bytes_each, *this;
    }
    /// How many more buffers may come from the heap while leases hold all of those.
    ReactorOptions& heap_buffers_max(std::size_t count) noexcept {
        return heap_buffers_max_ = count, *this;
    }

private:
    friend class Reactor;
    BackendKind backend_ = BackendKind::automatic;
    std::uint16_t buffer_count_ = 512;
    std::size_t buffer_bytes_ = 4096;
    std::size_t heap_buffers_max_ = 65536;
};

class Reactor {
public:
    /// Errc::unsupported where the backend asked for cannot be had, with the reason.
    static Result<std::unique_ptr<Reactor>> make(const ReactorOptions& options = {});
    /// All streams must be gone and all tasks ended.
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// This thread's reactor. Aborts, with a hint, where none runs.
    static Reactor& current() noexcept {
        Reactor* reactor = detail::this_loop.reactor;
        WEIR_CHECK_HINT(reactor != nullptr, "only tasks inside run() can do this");
        return *reactor;
    }

    /// The present, read once a turn: it stands still while a task runs.
    Instant now() const noexcept { return now_; }
    BackendKind backend_kind() const noexcept { return backend_->kind(); }
    /// A handle through which any thread can reach this loop.
    Remote remote() const noexcept { return Remote(mailbox_); }

    // --- for weir's own scopes and awaiters --------------------------------------------------
    /// Runs the loop until `done`, which something on the loop must set.
    void drive(const bool& done);
    void arm(detail::Timer& timer, Instant deadline) { timers_->arm(timer, deadline, now_); }
    void disarm(detail::Timer& timer) noexcept { timers_->disarm(timer); }
    detail::Backend& backend() noexcept { return *backend_; }
    detail::BufferPool& buffers() noexcept { return buffers_; }
    std::size_t timers_armed() const noexcept { return timers_->armed(); }
    std::size_t slots_open() const noexcept { return slots_open_; }
    void slot_opened() noexcept { ++slots_open_; }
    void slot_orphaned() noexcept { ++slots_orphaned_; }
    /// Precondition: the slot is an orphan.
    void slot_closed() noexcept {
        --slots_open_;
        --slots_orphaned_;
    }

private:
    explicit Reactor(const ReactorOptions& options);

    void attach(std::unique_ptr<detail::Backend> backend);
    void run_ready();
    void wait_for_events();
    void deliver(detail::OperationList& completed) noexcept;

    detail::BufferPool buffers_;
    std::unique_ptr<detail::Backend> backend_;
    Instant now_{};
    std::optional<detail::TimerWheel> timers_;  // made when the backend has told the time
    std::shared_ptr<detail::Mailbox> mailbox_;
    std::size_t slots_open_ = 0;
    std::size_t slots_orphaned_ = 0;
};

}  // namespace weir
