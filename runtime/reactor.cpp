// SPDX-License-Identifier: MIT
//
// The loop itself is drive(), at the top; the rest are its three steps and the ends of its life.
#include <weir/runtime/reactor.h>

#include <weir/runtime/operation.h>
#include <weir/runtime/socket_slot.h>
#include <algorithm>
#include <utility>

namespace weir {
namespace {

// A turn runs at least this many steps when so many are ready, so that a few busy tasks do not
// pay for a look at the kernel each time; and at most what was ready when it began, or this many,
// so that a task that never waits cannot starve I/O.
constexpr std::size_t kStepsPerTurn = 256;
// The clock is read again within a long turn, so that timers armed late in it do not fire early.
constexpr std::size_t kStepsPerClockReading = 256;

}  // namespace

void Reactor::drive(const bool& done) {
    while (!done) {
        run_ready();
        if (done) break;
        wait_for_events();
    }
    // Orphaned sockets still wait for their last completions, with nobody to be resumed.
    WEIR_CHECK_HINT(slots_open_ == slots_orphaned_,
                    "a stream, listener or client must not outlive run()");
    while (slots_open_ != 0) {
        detail::OperationList completed;
        backend_->wait(kNever, completed);
        deliver(completed);
    }
}

void Reactor::run_ready() {
    detail::LoopState& loop = detail::this_loop;
    std::size_t steps_left = std::max(loop.ready.size(), kStepsPerTurn);
    std::size_t until_reading = kStepsPerClockReading;
    while (!loop.ready.empty() && steps_left-- > 0) {
        const detail::ReadyQueue::Entry entry = loop.ready.pop();
        if (entry.innermost.root().is_cancelled() && !entry.forced) {
            detail::unwind(entry.innermost.handle());
            continue;
        }
        entry.innermost.handle().resume();
        // At most one root ends in a resume(): its final suspension returns here.
        if (loop.finished) std::exchange(loop.finished, {}).destroy();
        if (--until_reading == 0) {
            now_ = backend_->now();
            until_reading = kStepsPerClockReading;
        }
    }
}

void Reactor::wait_for_events() {
    const bool busy = !detail::this_loop.ready.empty();
    const Instant deadline = busy ? now_ : timers_->next_event();
    WEIR_CHECK_HINT(busy || deadline != kNever || !backend_->is_dead_end(),
                    "deadlock: every task waits, and nothing is left that could wake one");
    detail::OperationList completed;
    backend_->wait(deadline, completed);
    now_ = backend_->now();
    deliver(completed);
    timers_->advance(now_);
    mailbox_->run_posted();
}

void Reactor::deliver(detail::OperationList& completed) noexcept {
    while (!completed.empty()) {
        detail::Operation& operation = completed.pop();
        if (operation.slot != nullptr) {
            operation.slot->completed(operation);
        } else {
            detail::make_ready(std::exchange(operation.waiter, {}));
        }
    }
}

Result<std::unique_ptr<Reactor>> Reactor::make(const ReactorOptions& options) {
    WEIR_CHECK_HINT(detail::this_loop.reactor == nullptr, "one reactor a thread: run() in run()");
    std::unique_ptr<Reactor> reactor(new Reactor(options));
    Result<std::unique_ptr<detail::Backend>> backend =
        detail::make_backend(options.backend_, reactor->buffers_);
    if (!backend) return std::move(backend).error();
    reactor->attach(std::move(*backend));
    return reactor;
}

Reactor::Reactor(const ReactorOptions& options)
    : buffers_(options.buffer_count_, options.buffer_bytes_, options.heap_buffers_max_) {}

void Reactor::attach(std::unique_ptr<detail::Backend> backend) {
    backend_ = std::move(backend);
    now_ = backend_->now();
    timers_.emplace(now_);
    mailbox_ = std::make_shared<detail::Mailbox>(*backend_);
    detail::this_loop.reactor = this;
}

Reactor::~Reactor() {
    if (mailbox_) mailbox_->close();
    WEIR_CHECK_HINT(slots_open_ == 0, "a stream or listener must not outlive its reactor");
    WEIR_CHECK_HINT(detail::this_loop.ready.empty(), "a task must not outlive its reactor");
    if (detail::this_loop.reactor == this) detail::this_loop.reactor = nullptr;
}

}  // namespace weir
