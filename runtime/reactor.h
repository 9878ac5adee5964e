// SPDX-License-Identifier: MIT
//
// The loop of one thread: run what is ready, fire the timers that are due, wait for completions,
// again. It owns the timing wheel, the receive buffers and one backend, and shares nothing. User
// code hardly meets it: run() makes one, and tasks find it by themselves.
#pragma once

#include <weir/runtime/backend.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/debug.h>
#include <weir/runtime/ready_queue.h>
#include <weir/runtime/remote.h>
#include <weir/runtime/stats.h>
#include <weir/runtime/timer_wheel.h>
#include <weir/runtime/trace.h>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir {
namespace detail {
class Observer;
}

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
    /// Do without this feature of the kernel, as where it is refused. WEIR_WITHOUT in the
    /// environment does the same: see KernelFeature.
    ReactorOptions& without(KernelFeature feature) noexcept { return without_ |= feature, *this; }
    /// How many submissions io_uring's ring has room for, a power of two from 1 to 32,768 (others
    /// are rounded up, and cut). Its completions have eight times as much. What finds no room waits
    /// for the next turn.
    ReactorOptions& ring_entries(unsigned count) noexcept { return ring_entries_ = count, *this; }
    /// For Reactor::random(). Without it the kernel gives one, and in a simulated world it is 1.
    ReactorOptions& seed(std::uint64_t seed) noexcept { return seed_ = seed, *this; }
    /// Debug mode, which WEIR_DEBUG=1 in the environment turns on as well: reports steps that take
    /// long, and tasks that were made and neither awaited nor destroyed by the loop's end; aborts
    /// where a spawned task was woken on another loop's thread. Every step costs two readings of a
    /// clock, every spawned task an entry in a table.
    ReactorOptions& debug(bool is_on = true) noexcept { return debug_ = is_on, *this; }
    /// In debug mode: which steps are long. 100 ms by default.
    ReactorOptions& slow_step(Duration limit) noexcept { return slow_step_ = limit, *this; }
    /// In debug mode: who is told of them instead of stderr. Called between two steps on the loop's
    /// thread; must not throw.
    ReactorOptions& on_slow_step(std::function<void(const SlowStep&)> report) {
        return on_slow_step_ = std::move(report), *this;
    }
    /// Traces the loop's whole life into this file: see Trace.
    ReactorOptions& trace(std::string path, std::size_t megabytes = Trace::kMegabytes) {
        trace_path_ = std::move(path);
        trace_megabytes_ = megabytes;
        return *this;
    }
    /// Runs in this simulated world, instead of in one of seed 1 without faults. Its seed is that
    /// of Reactor::random() too, unless seed() is called after this.
    ReactorOptions& simulation(const Simulation& world);

private:
    friend class Reactor;
    friend class ReactorGroupOptions;
    BackendKind backend_ = BackendKind::automatic;
    std::uint16_t buffer_count_ = 512;
    std::size_t buffer_bytes_ = 4096;
    std::size_t heap_buffers_max_ = 65536;
    KernelFeatures without_;
    unsigned ring_entries_ = 1024;
    std::optional<std::uint64_t> seed_;
    bool debug_ = false;
    Duration slow_step_ = std::chrono::milliseconds(100);
    std::function<void(const SlowStep&)> on_slow_step_;
    std::string trace_path_;
    std::size_t trace_megabytes_ = Trace::kMegabytes;
    std::shared_ptr<const Simulation> simulation_;  // null: none was given
    bool shuffles_ = false;
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
    ReactorStats stats() const noexcept;
    /// For jitter and the like: in a simulated world the same numbers for the same seed.
    Random& random() noexcept { return random_; }

    // --- driven by a foreign loop ------------------------------------------------------------
    // LoopDriver, of loop_driver.h, is the way to do it; these are its parts.
    /// The backend's own descriptor. That of an io_uring is no use to a poll that has begun:
    /// LoopDriver polls an eventfd instead.
    int descriptor() const noexcept { return backend_->descriptor(); }
    /// When run_once() has something to do even if the descriptor stays silent.
    Instant next_event() const noexcept;
    /// One turn: runs what is ready, and then waits at most until `deadline` for something to
    /// happen. With a deadline in the past, as Instant::min(), it does not block.
    void run_once(Instant deadline);

    // --- for weir's own scopes and awaiters --------------------------------------------------
    /// Runs the loop until `done`, which something on the loop must set.
    void drive(const bool& done);
    /// Starts an operation for a coroutine of this loop, which waits for it. Where the backend has
    /// no memory for it, std::bad_alloc is thrown and neither waits nor is in flight.
    void submit(detail::Operation& operation) {
        try {
            backend_->submit(operation);
        } catch (...) {
            call_off(operation);
            throw;
        }
        ++operations_;
    }
    /// Before a stream's receive dies. False: the kernel still has it, and it completes once more.
    bool let_go(detail::ReceiveOperation& operation) noexcept {
        if (backend_->let_go(operation)) return true;
        ++operations_;
        return false;
    }
    /// The outermost task, for reports. Null once it has ended.
    void set_main(detail::PromiseBase* root) noexcept;
    detail::PromiseBase* main() const noexcept { return main_; }
    /// Tasks that other loops have sent here. They end with the outermost task, cancelled if need
    /// be.
    detail::RootList& guests() noexcept { return guests_; }
    /// The outermost task has ended: no more guests.
    bool is_ending() const noexcept { return is_ending_; }
    void arm(detail::Timer& timer, Instant deadline) { timers_->arm(timer, deadline, now_); }
    void disarm(detail::Timer& timer) noexcept { timers_->disarm(timer); }
    detail::Backend& backend() noexcept { return *backend_; }
    detail::BufferPool& buffers() noexcept { return buffers_; }
    Instant deadline_of(const detail::Timer& timer) const noexcept {
        return timers_->deadline(timer);
    }
    /// Whoever watches this loop, made where there is none.
    detail::Observer& observe();
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
    Result<void> observe_as_asked(const ReactorOptions& options);
    void run_ready();
    void run_ready_observed();
    std::size_t run_first_steps(std::size_t steps, std::size_t share);
    const detail::PromiseBase* run_step(detail::PromiseBase& innermost, detail::PromiseBase& root,
                                        detail::LeafKind kind);
    void count_step(std::size_t steps) noexcept;
    std::size_t steps_of_turn();
    void wait_for_events(Instant deadline);
    void finish_guests();
    void finish_orphans();
    bool is_dead_end() const noexcept;
    void report_dead_end() const;
    void deliver(detail::OperationList& completed) noexcept;
    static void call_off(detail::Operation& operation) noexcept;

    detail::BufferPool buffers_;
    std::unique_ptr<detail::Backend> backend_;
    Instant now_{};
    std::optional<detail::TimerWheel> timers_;  // made when the backend has told the time
    std::shared_ptr<detail::Mailbox> mailbox_;
    std::unique_ptr<detail::Observer> observer_;  // null unless somebody watches
    std::size_t slots_open_ = 0;
    std::size_t slots_orphaned_ = 0;
    std::size_t operations_ = 0;
    ReactorStats counts_;
    Random random_;
    detail::PromiseBase* main_ = nullptr;
    detail::RootList guests_;
    bool is_ending_ = false;
    bool shuffles_;
};

}  // namespace weir
