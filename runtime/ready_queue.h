// SPDX-License-Identifier: MIT
//
// The coroutines that may run now, in FIFO order, and the thread's state of the loop. The queue is
// a list through the frames themselves: being ready costs no memory. Two bits beside each link say
// whether the entry is forced, that is resumed even though its unit was cancelled.
#pragma once

#include <weir/runtime/unit.h>

namespace weir::detail {

class ReadyQueue {
public:
    bool empty() const noexcept { return head_ == nullptr; }
    std::size_t size() const noexcept { return size_; }

    /// `innermost` must not be queued already. `forced`: resume it even if it is cancelled.
    void push(PromiseBase& innermost, bool forced = false) noexcept {
        const LeafKind kind = forced ? LeafKind::ready_forced : LeafKind::ready;
        innermost.ready_link() = static_cast<std::uintptr_t>(kind);
        if (tail_ == nullptr) {
            head_ = &innermost;
        } else {
            tail_->ready_link() |= reinterpret_cast<std::uintptr_t>(&innermost);
        }
        tail_ = &innermost;
        ++size_;
    }

    struct Entry {
        PromiseBase& innermost;
        bool forced;
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
        const bool forced =
            (link & PromiseBase::kFlags) == static_cast<std::uintptr_t>(LeafKind::ready_forced);
        link = 0;
        return Entry{innermost, forced};
    }

private:
    PromiseBase* head_ = nullptr;
    PromiseBase* tail_ = nullptr;
    std::size_t size_ = 0;
};

/// What the hot paths need of this thread's loop. A reactor claims it while it exists.
struct LoopState {
    ReadyQueue ready;
    Handle finished{};  // a root at its end, to be destroyed when resume() has returned
    Reactor* reactor = nullptr;
};

inline constinit thread_local LoopState this_loop;

/// The wait is over: queue the unit whose innermost frame is `waiting`.
inline void make_ready(Handle waiting, bool forced = false) noexcept {
    PromiseBase& innermost = waiting.promise();
    innermost.root().clear_leaf();
    this_loop.ready.push(innermost, forced);
}

/// Queues a unit that has not begun.
inline void make_ready_first(PromiseBase& root) noexcept {
    this_loop.ready.push(root);
}

/// Every wait begins here. False: the unit is cancelled already and queued to be unwound, and the
/// leaf must not be started; the awaiter suspends all the same.
template <typename Promise>
bool begin_wait(std::coroutine_handle<Promise> waiting, void* leaf, LeafKind kind) noexcept {
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

/// Destroys the frames of a cancelled unit, innermost first, then tells its owner. A loop, not a
/// recursion: chains are as deep as user code makes them.
inline void unwind(Handle innermost) noexcept {
    Handle frame = innermost;
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
    owner.child_unwound(tag);
}

}  // namespace weir::detail
