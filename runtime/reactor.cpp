// SPDX-License-Identifier: MIT
//
// The loop itself is drive(), at the top; the rest are its three steps and the ends of its life.
#include <weir/runtime/reactor.h>

#include <sys/random.h>
#include <unistd.h>

#include <weir/runtime/fork_guard.h>
#include <weir/runtime/operation.h>
#include <weir/runtime/socket_slot.h>
#include <weir/runtime/task_tree.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "runtime/observer.h"

namespace weir {
namespace {

// A turn runs at least this many steps when so many are ready, so that a few busy tasks do not
// pay for a look at the kernel each time; and at most what was ready when it began, or this many,
// so that a task that never waits cannot starve I/O.
constexpr std::size_t kStepsPerTurn = 256;
// The clock is read again within a long turn, so that timers armed late in it do not fire early.
constexpr std::size_t kStepsPerClockReading = 256;
constexpr unsigned kRingEntriesMax = 32768;  // the kernel's own limit

std::uint64_t seed_for(BackendKind backend) {
    if (backend == BackendKind::simulated) return 1;
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) {
        seed = static_cast<std::uint64_t>(::getpid());
    }
    return seed;
}

}  // namespace

void Reactor::drive(const bool& done) {
    while (!done) {
        run_ready();
        WEIR_CHECK_HINT(detail::this_loop.reactor == this,
                        "a child of fork() must not return into its parent's loop: let it end "
                        "with _exit() or exec()");
        if (done) break;
        const Instant next = next_event();
        if (next == kNever && is_dead_end()) report_dead_end();
        wait_for_events(next);
    }
    finish_guests();
    finish_orphans();
}

void Reactor::run_once(Instant deadline) {
    WEIR_CHECK_HINT(detail::this_loop.reactor == this, "run_once() belongs to its own thread");
    run_ready();
    wait_for_events(std::min(deadline, next_event()));
}

// A unit goes on to its next wait or its end, or is destroyed where it was cancelled. Gives the
// root that ended, which is gone: only its address may be looked at. Inlined by force, since it is
// the hottest code there is and has two callers.
[[gnu::always_inline]] inline const detail::PromiseBase* Reactor::run_step(
    detail::PromiseBase& innermost, detail::PromiseBase& root, detail::LeafKind kind) {
    detail::LoopState& loop = detail::this_loop;
    if (root.is_cancelled() && kind != detail::LeafKind::ready_forced) {
        ++counts_.units_unwound;
        detail::unwind(innermost.handle());
        return &root;
    }
    loop.passes_left = detail::kPassesPerStep;
    innermost.handle().resume();
    // At most one root ends in a resume(): its final suspension returns here.
    if (!loop.finished) return nullptr;
    const detail::PromiseBase* ended = &loop.finished.promise();
    std::exchange(loop.finished, {}).destroy();
    if (loop.after_finished != nullptr) [[unlikely]] {
        std::exchange(loop.after_finished, nullptr)->child_gone();
    }
    return ended;
}

inline void Reactor::count_step(std::size_t steps) noexcept {
    if (steps % kStepsPerClockReading == 0) now_ = backend_->now();
}

void Reactor::run_ready() {
    if (observer_ != nullptr) [[unlikely]]
        return run_ready_observed();
    detail::ReadyQueue& ready = detail::this_loop.ready;
    const std::size_t share = steps_of_turn();
    std::size_t steps = 0;
    for (; !ready.empty() && steps < share; count_step(++steps)) {
        const detail::ReadyQueue::Entry entry = ready.pop();
        run_step(entry.innermost, entry.innermost.root(), entry.kind);
    }
    counts_.steps += steps;
    ++counts_.turns;
}

// Most tasks end in their first step, and cost no more with a trace than without.
std::size_t Reactor::run_first_steps(std::size_t steps, std::size_t share) {
    detail::ReadyQueue& ready = detail::this_loop.ready;
    while (ready.begins_a_unit() && steps < share) {
        detail::PromiseBase& root = ready.pop().innermost;
        const bool has_ended = run_step(root, root, detail::LeafKind::ready_first) == &root;
        count_step(++steps);
        if (!has_ended) [[unlikely]]
            observer_->first_step_waits(root);
    }
    return steps;
}

// The same with hooks for the observer.
void Reactor::run_ready_observed() {
    detail::Observer& observer = *observer_;
    if (!observer.is_on()) {
        observer_ = nullptr;
        return run_ready();
    }
    observer.turn_begins();
    detail::ReadyQueue& ready = detail::this_loop.ready;
    const std::size_t share = steps_of_turn();
    std::size_t steps = 0;
    while (!ready.empty() && steps < share) {
        if (ready.begins_a_unit() && !observer.is_debugging()) {
            steps = run_first_steps(steps, share);
            continue;
        }
        const detail::ReadyQueue::Entry entry = ready.pop();
        const detail::Observer::Step step = observer.step_begins(entry.innermost);
        observer.step_ends(step, run_step(entry.innermost, entry.innermost.root(), entry.kind));
        count_step(++steps);
    }
    counts_.steps += steps;
    ++counts_.turns;
    observer.turn_ends(steps, stats());
}

// A shuffled turn is what is ready now and no more, so that what becomes ready meanwhile has its
// place drawn as well.
std::size_t Reactor::steps_of_turn() {
    const std::size_t ready = detail::this_loop.ready.size();
    if (!shuffles_) return std::max(ready, kStepsPerTurn);
    backend_->shuffle(detail::this_loop.ready);
    return ready;
}

void Reactor::wait_for_events(Instant deadline) {
    detail::OperationList completed;
    backend_->wait(deadline, completed);
    now_ = backend_->now();
    deliver(completed);
    timers_->advance(now_);
    counts_.posts += mailbox_->run_posted();
}

Instant Reactor::next_event() const noexcept {
    return detail::this_loop.ready.empty() ? timers_->next_event() : now_;
}

// Asked when nothing is ready or armed: is nothing in flight either, and does no other thread hold
// a handle on this loop?
bool Reactor::is_dead_end() const noexcept {
    if (backend_->kind() == BackendKind::simulated) return backend_->is_dead_end();
    // In this order: who has let go of the last handle has posted before.
    return operations_ == 0 && mailbox_.use_count() == 1 && mailbox_->is_empty();
}

void Reactor::report_dead_end() const {
    std::fputs(task_tree().c_str(), stderr);
    WEIR_CHECK_HINT(false, "deadlock: every task waits, and nothing is left that could wake one");
}

void Reactor::deliver(detail::OperationList& completed) noexcept {
    while (!completed.empty()) {
        detail::Operation& operation = completed.pop();
        --operations_;
        ++counts_.completions;
        if (observer_ != nullptr) [[unlikely]]
            observer_->operation_ends(operation);
        if (operation.slot != nullptr) {
            operation.slot->completed(operation);
        } else {
            detail::make_ready(std::exchange(operation.waiter, {}));
        }
    }
}

void Reactor::finish_guests() {
    is_ending_ = true;
    while (!guests_.empty()) {
        for (detail::PromiseBase* guest = guests_.first(); guest != nullptr;
             guest = guest->next_sibling()) {
            detail::cancel(*guest);
        }
        run_ready();
        if (!guests_.empty()) wait_for_events(next_event());
    }
    counts_.posts += mailbox_->finish();
}

// Orphaned sockets still wait for their last completions, with nobody to be resumed.
void Reactor::finish_orphans() {
    WEIR_CHECK_HINT(slots_open_ == slots_orphaned_,
                    "a stream, listener or client must not outlive run()");
    while (slots_open_ != 0) {
        detail::OperationList completed;
        backend_->wait(kNever, completed);
        deliver(completed);
    }
}

void Reactor::call_off(detail::Operation& operation) noexcept {
    operation.state = detail::OperationState::idle;
    std::exchange(operation.waiter, {}).promise().root().clear_leaf();
}

void Reactor::set_main(detail::PromiseBase* root) noexcept {
    main_ = root;
    // Its own frame is no leak.
    if (root != nullptr && observer_ != nullptr) {
        observer_->expect_frames(detail::frames_live() - 1);
    }
}

ReactorStats Reactor::stats() const noexcept {
    ReactorStats stats = counts_;
    stats.ready = detail::this_loop.ready.size();
    stats.timers_armed = timers_->armed();
    stats.operations = operations_;
    stats.sockets = slots_open_;
    stats.leases = buffers_.leased();
    stats.frames = detail::frames_live();
    stats.failures_dropped = detail::this_loop.failures_dropped;
    return stats;
}

Result<std::unique_ptr<Reactor>> Reactor::make(const ReactorOptions& options) {
    WEIR_CHECK_HINT(detail::this_loop.reactor == nullptr, "one reactor a thread: run() in run()");
    std::unique_ptr<Reactor> reactor(new Reactor(options));
    detail::BackendOptions how;
    how.kind = options.backend_;
    how.simulation = options.simulation_.get();
    how.without = options.without_;
    how.ring_submissions = std::clamp(options.ring_entries_, 1u, kRingEntriesMax);
    how.ring_completions = 8 * how.ring_submissions;
    Result<std::unique_ptr<detail::Backend>> backend = detail::make_backend(how, reactor->buffers_);
    if (!backend) return std::move(backend).error();
    reactor->attach(std::move(*backend));
    Result<void> observed = reactor->observe_as_asked(options);
    if (!observed) return std::move(observed).error();
    return reactor;
}

Reactor::Reactor(const ReactorOptions& options)
    : buffers_(options.buffer_count_, options.buffer_bytes_, options.heap_buffers_max_),
      random_(options.seed_ ? *options.seed_ : seed_for(options.backend_)),
      shuffles_(options.shuffles_) {}

void Reactor::attach(std::unique_ptr<detail::Backend> backend) {
    backend_ = std::move(backend);
    now_ = backend_->now();
    timers_.emplace(now_);
    mailbox_ = std::make_shared<detail::Mailbox>(*backend_);
    detail::watch_forks();
    detail::this_loop.reactor = this;
    detail::this_loop.failures_dropped = 0;
}

Result<void> Reactor::observe_as_asked(const ReactorOptions& options) {
    const char* variable = std::getenv("WEIR_DEBUG");
    if (options.debug_ || (variable != nullptr && std::string_view(variable) == "1")) {
        observe().debug(options.slow_step_, options.on_slow_step_);
        observe().expect_frames(detail::frames_live());
        detail::this_loop.spawn_observer = observer_.get();
    }
    if (options.trace_path_.empty()) return {};
    return observe().start_trace(options.trace_path_, options.trace_megabytes_ * 1'000'000);
}

detail::Observer& Reactor::observe() {
    if (observer_ == nullptr) observer_ = std::make_unique<detail::Observer>(*backend_);
    return *observer_;
}

Reactor::~Reactor() {
    if (mailbox_) mailbox_->close();
    WEIR_CHECK_HINT(slots_open_ == 0, "a stream or listener must not outlive its reactor");
    WEIR_CHECK_HINT(detail::this_loop.ready.empty(), "a task must not outlive its reactor");
    if (observer_ != nullptr && observer_->is_debugging()) {
        observer_->report_leaks(detail::frames_live());
    }
    if (detail::this_loop.reactor != this) return;
    detail::this_loop.reactor = nullptr;
    detail::this_loop.spawn_observer = nullptr;
}

}  // namespace weir
