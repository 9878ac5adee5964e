// SPDX-License-Identifier: MIT
//
// The coroutines that may run now, in FIFO order, and the thread's state of the loop. The queue is
// a list through the frames themselves: being ready costs no memory. Three bits beside each link
// say whether the unit begins here, or goes on even though it was cancelled.
#pragma once

#include <weir/runtime/unit.h>
#include <source_location>

namespace weir::detail {

class Observer;

class ReadyQueue {
public:
    bool empty() const noexcept { return head_ == nullptr; }
    std::size_t size() const noexcept { return size_; }

    /// `innermost` must not be queued already. `kind`: one of the three that mean ready.
    void push(PromiseBase& innermost, LeafKind kind = LeafKind::ready) noexcept {
        innermost.ready_link() = static_cast<std::uintptr_t>(kind);
        if (tail_ == nullptr) {
            head_ = &innermost;
        } else {
            tail_->ready_link() |= reinterpret_cast<std::uintptr_t>(&innermost);
        }
        tail_ = &innermost;
        ++size_;
    }

    /// Whether the next one has not begun yet.
    bool begins_a_unit() const noexcept {
        return head_ != nullptr && (head_->ready_link() & PromiseBase::kFlags) ==
                                       static_cast<std::uintptr_t>(LeafKind::ready_first);
    }

    struct Entry {
        PromiseBase& innermost;
        LeafKind kind;
    };

    /// Precondition: not empty.
    Entry pop() noexcept {
        PromiseBase& innermost = *head_;
        std::uintptr_t& link = innermost.ready_link();
        head_ = reinterpret_cast<PromiseBase*>(link & ~PromiseBase::kFlags);
        if (head_ == nullptr) {
            tail_ = nullptr;
        } else {
            __builtin_prefetch(head_);
        }
        --size_;
        const auto kind = static_cast<LeafKind>(link & PromiseBase::kFlags);
        link = 0;
        return Entry{innermost, kind};
    }

    /// For reports: shows all that are queued, the next first.
    template <typename Visit>
    void each(Visit visit) const {
        for (PromiseBase* innermost = head_; innermost != nullptr;
             innermost =
                 reinterpret_cast<PromiseBase*>(innermost->ready_link() & ~PromiseBase::kFlags)) {
            visit(*innermost);
        }
    }

private:
    PromiseBase* head_ = nullptr;
    PromiseBase* tail_ = nullptr;
    std::size_t size_ = 0;
};

/// How many waits in a row a task may find fulfilled without giving others their turn.
inline constexpr unsigned kPassesPerStep = 128;

/// What the hot paths need of this thread's loop. A reactor claims it while it exists.
struct LoopState {
    ReadyQueue ready;
    Handle finished{};  // a root at its end, to be destroyed when resume() has returned
    Owner* after_finished = nullptr;  // is told when that has been done
    Reactor* reactor = nullptr;
    Observer* spawn_observer = nullptr;  // is told who spawns what; null outside debug mode
    unsigned passes_left = kPassesPerStep;
    bool is_unwinding = false;
    std::uint64_t failures_dropped = 0;
};

inline constinit thread_local LoopState this_loop;

/// In builds for debugging: a bug that is common with threads, found where it is made.
inline void assert_loop_runs() noexcept {
#ifndef NDEBUG
    WEIR_CHECK_HINT(this_loop.reactor != nullptr,
                    "no loop runs on this thread: reach a task of another thread through its "
                    "loop's Reactor::remote()");
#endif
}

/// The wait is over: queue the unit whose innermost frame is `waiting`.
inline void make_ready(Handle waiting, bool forced = false) noexcept {
    assert_loop_runs();
    PromiseBase& innermost = waiting.promise();
    innermost.root().clear_leaf();
    this_loop.ready.push(innermost, forced ? LeafKind::ready_forced : LeafKind::ready);
}

/// Queues a unit that has not begun.
inline void make_ready_first(PromiseBase& root) noexcept {
    this_loop.ready.push(root, LeafKind::ready_first);
}

/// In debug mode: the loop remembers where a task was spawned.
void note_spawn(const PromiseBase& root, std::source_location place);

/// Every wait begins here. False: the unit is cancelled already and queued to be unwound, and the
/// leaf must not be started; the awaiter suspends all the same.
template <typename Promise>
bool begin_wait(std::coroutine_handle<Promise> waiting, void* leaf, LeafKind kind) noexcept {
    assert_loop_runs();
    PromiseBase& innermost = waiting.promise();
    PromiseBase& root = innermost.root();
    if (root.is_cancelled()) [[unlikely]] {
        this_loop.ready.push(innermost);
        return false;
    }
    root.set_leaf(leaf, kind);
    return true;
}

/// The wait that begin_wait() announced is not needed after all: what was asked for is there.
template <typename Promise>
void end_wait(std::coroutine_handle<Promise> waiting) noexcept {
    waiting.promise().root().clear_leaf();
}

/// The same, for waits that may find what they want again and again: for await_suspend to return.
/// False: the task goes on at once. True: it has done so often enough in this step, and is queued
/// behind the others, so that no loop over a free semaphore or a full channel can starve them.
template <typename Promise>
bool pass_or_queue(std::coroutine_handle<Promise> waiting) noexcept {
    if (this_loop.passes_left > 0) [[likely]] {
        --this_loop.passes_left;
        end_wait(waiting);
        return false;
    }
    make_ready(to_handle(waiting));
    return true;
}

/// Destroys the frames of a cancelled unit, innermost first, then tells its owner. A loop, not a
/// recursion: chains are as deep as user code makes them.
inline void unwind(Handle innermost) noexcept {
    Handle frame = innermost;
    this_loop.is_unwinding = true;
    for (;;) {
        PromiseBase& promise = frame.promise();
        if (promise.is_root()) break;
        const Handle outer = promise.continuation();
        frame.destroy();
        frame = outer;
    }
    PromiseBase& root = frame.promise();
    Owner& owner = root.owner();
    owner.leaving(root);
    const std::uintptr_t tag = root.tag();
    frame.destroy();
    this_loop.is_unwinding = false;
    owner.child_unwound(tag);
}

}  // namespace weir::detail

namespace weir {

/// True in a destructor that runs because its task is being cancelled, as
/// std::uncaught_exceptions() tells of one that runs because of an exception (and stays 0 here).
inline bool is_unwinding() noexcept {
    return detail::this_loop.is_unwinding;
}

}  // namespace weir
