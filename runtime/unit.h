// SPDX-License-Identifier: MIT
//
// A unit is a chain of coroutines that runs as one: a root frame, the frames it awaits, and at its
// inner end the leaf it waits on (a timer, a queue, an operation, or child units). Cancellation is
// destruction: the leaf is asked to let go, and when it has, the loop destroys the chain's frames,
// innermost first. No frame is ever resumed with an error that says "cancelled".
//
// Every promise carries the same four words. In an inner frame: the continuation, the root, an
// error, a link. In a root frame: the owner, the leaf, and two words that the owner may use.
#pragma once

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/intrusive_list.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/frame_pool.h>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace weir {
class Reactor;
}

namespace weir::detail {

class PromiseBase;
class Operation;
using Handle = std::coroutine_handle<PromiseBase>;

/// What a unit waits on. Leaves have no vtable: the kind, kept in the low bits of the root's leaf
/// pointer, tells how to ask them to stop.
enum class LeafKind : std::uintptr_t {
    none = 0,      // running, or its innermost frame is linked into the ready queue
    timer,         // a Timer
    waiter,        // a Waiter in some queue
    operation,     // an Operation of the backend
    composite,     // a Composite: waits for child units
    ready,         // the root itself is the innermost frame and is linked into the ready queue
    ready_forced,  // the same, and it is resumed even if cancelled
    ready_first,   // the same, and the unit has not begun
};

constexpr bool is_ready(LeafKind kind) noexcept {
    return kind >= LeafKind::ready;
}

/// Whom a root belongs to: a group, or the operand's place in a combinator.
class Owner {
public:
    /// The root's frame is about to end: unlink it. Frees the root's two spare words.
    virtual void leaving(PromiseBase&) noexcept {}
    /// The root reached its end; its value or exception is in its promise. The loop destroys the
    /// frame after this returns.
    virtual void child_done(PromiseBase& root) noexcept = 0;
    /// The root was cancelled and its frame is gone. `tag` is what the owner had put in it.
    virtual void child_unwound(std::uintptr_t tag) noexcept = 0;
    /// The frame of a root that had reached its end is gone as well; only for an owner that had
    /// asked for it in child_done(), through LoopState::after_finished.
    virtual void child_gone() noexcept {}
    /// The innermost frame of the unit that waits for the children; null where none does.
    virtual PromiseBase* awaiting() const noexcept { return nullptr; }
    /// Until when the children may run.
    virtual Instant deadline() const noexcept { return kNever; }

protected:
    ~Owner() = default;
};

/// Is shown the children of a composite, one by one.
class ChildVisitor {
public:
    virtual void child(PromiseBase& root) = 0;

protected:
    ~ChildVisitor() = default;
};

/// A leaf that waits for child units, or for something else that has no kind of its own.
class Composite {
public:
    virtual void cancel_children() noexcept = 0;
    /// For reports: what it is, in a word or two, and until when it waits at most.
    virtual const char* name() const noexcept = 0;
    virtual Instant until() const noexcept { return kNever; }
    /// The innermost frame of the unit that waits; null where it is not known. A class that is an
    /// Owner too answers both questions at once.
    virtual PromiseBase* awaiting() const noexcept { return nullptr; }
    /// For reports: its live children.
    virtual void each_child(ChildVisitor&) const {}

protected:
    ~Composite() = default;
};

/// What a Waiter queues for; for reports.
enum class QueueKind : std::uintptr_t {
    semaphore,
    mutex,
    event,
    condition,
    channel_send,
    channel_receive,
    child,
};

/// A leaf that stands in a queue: of a semaphore, of an event.
class Waiter : public IntrusiveNode {
public:
    void set_waiting(Handle waiting, QueueKind kind) noexcept {
        waiting_ =
            reinterpret_cast<std::uintptr_t>(waiting.address()) | static_cast<std::uintptr_t>(kind);
    }
    Handle waiting() const noexcept {
        return Handle::from_address(reinterpret_cast<void*>(waiting_ & ~kKinds));
    }
    QueueKind kind() const noexcept { return static_cast<QueueKind>(waiting_ & kKinds); }

private:
    static constexpr std::uintptr_t kKinds = 15;  // frames are aligned to 16 bytes
    std::uintptr_t waiting_ = 0;
};

class PromiseBase {
public:
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    PromiseBase() noexcept = default;
    PromiseBase(const PromiseBase&) = delete;
    PromiseBase& operator=(const PromiseBase&) = delete;
    ~PromiseBase() {
        if (has_exception()) static_cast<void>(take_exception());
    }

    // --- what the language asks of a promise -----------------------------------------------
    std::suspend_always initial_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept {
        if (is_root()) owner().leaving(*this);
        ::new (static_cast<void*>(&first_)) std::exception_ptr(std::current_exception());
        up_ |= kHasException;
    }

    /// Only weir's requests compile: an object whose start() builds the awaiter in place. (g++ 12
    /// copies an awaiter that await_transform hands out by reference.)
    template <typename Request>
        requires requires { typename std::remove_cvref_t<Request>::weir_request; }
    auto await_transform(Request&& request) {
        return std::forward<Request>(request).start();
    }

    // --- the chain -------------------------------------------------------------------------
    bool is_root() const noexcept { return (up_ & kIsRoot) != 0; }
    bool has_exception() const noexcept { return (up_ & kHasException) != 0; }
    /// Roots only: somebody asked the unit to stop.
    bool is_cancelled() const noexcept { return (up_ & kIsCancelled) != 0; }
    void mark_cancelled() noexcept { up_ |= kIsCancelled; }

    PromiseBase& root() noexcept {
        return is_root() ? *this : *reinterpret_cast<PromiseBase*>(unit_);
    }
    Handle handle() noexcept { return Handle::from_promise(*this); }
    /// Inner frames only: who awaits this one.
    Handle continuation() const noexcept {
        return Handle::from_address(reinterpret_cast<void*>(up_ & ~kFlags));
    }
    /// Roots only.
    Owner& owner() const noexcept { return *reinterpret_cast<Owner*>(up_ & ~kFlags); }

    /// Makes this frame, not begun yet, the root of a unit of its own.
    void become_root(Owner& owner) noexcept {
        up_ = reinterpret_cast<std::uintptr_t>(&owner) | kIsRoot;
        unit_ = 0;
    }
    /// Makes this frame, not begun yet, the inner end of the unit that `awaiting` belongs to.
    void become_inner(Handle awaiting) noexcept {
        up_ = reinterpret_cast<std::uintptr_t>(awaiting.address());
        unit_ = reinterpret_cast<std::uintptr_t>(&awaiting.promise().root());
    }

    // --- the leaf: roots only --------------------------------------------------------------
    LeafKind leaf_kind() const noexcept { return static_cast<LeafKind>(unit_ & kFlags); }
    void* leaf() const noexcept { return reinterpret_cast<void*>(unit_ & ~kFlags); }
    void set_leaf(void* leaf, LeafKind kind) noexcept {
        unit_ = reinterpret_cast<std::uintptr_t>(leaf) | static_cast<std::uintptr_t>(kind);
    }
    void clear_leaf() noexcept { unit_ = 0; }

    /// The word that links this frame into the ready queue: a frame has one that is free whenever
    /// it can be ready.
    std::uintptr_t& ready_link() noexcept { return is_root() ? unit_ : second_; }

    // --- the owner's two words: roots only ---------------------------------------------------
    PromiseBase* previous_sibling() const noexcept {
        return reinterpret_cast<PromiseBase*>(first_);
    }
    PromiseBase* next_sibling() const noexcept { return reinterpret_cast<PromiseBase*>(second_); }
    void set_previous_sibling(PromiseBase* root) noexcept {
        first_ = reinterpret_cast<std::uintptr_t>(root);
    }
    void set_next_sibling(PromiseBase* root) noexcept {
        second_ = reinterpret_cast<std::uintptr_t>(root);
    }
    std::uintptr_t tag() const noexcept { return second_; }
    void set_tag(std::uintptr_t tag) noexcept { second_ = tag; }

    /// Precondition: has_exception().
    std::exception_ptr take_exception() noexcept {
        auto* stored = std::launder(reinterpret_cast<std::exception_ptr*>(&first_));
        std::exception_ptr taken = std::move(*stored);
        stored->~exception_ptr();
        up_ &= ~kHasException;
        return taken;
    }

    static constexpr std::uintptr_t kFlags = 7;

private:
    static constexpr std::uintptr_t kIsRoot = 1;
    static constexpr std::uintptr_t kHasException = 2;
    static constexpr std::uintptr_t kIsCancelled = 4;

    std::uintptr_t up_ = 0;      // continuation or owner, with the flags above
    std::uintptr_t unit_ = 0;    // the root's promise; in a root: the leaf and its kind
    std::uintptr_t first_ = 0;   // an exception_ptr; in a root also: the previous sibling
    std::uintptr_t second_ = 0;  // the ready link; in a root: the next sibling, or a tag
};
static_assert(sizeof(PromiseBase) == 32);
static_assert(sizeof(std::exception_ptr) == sizeof(std::uintptr_t));

/// Roots that belong together, linked through their owner's two words.
class RootList {
public:
    PromiseBase* first() const noexcept { return first_; }
    bool empty() const noexcept { return first_ == nullptr; }

    void push(PromiseBase& root) noexcept {
        root.set_previous_sibling(nullptr);
        root.set_next_sibling(first_);
        if (first_ != nullptr) first_->set_previous_sibling(&root);
        first_ = &root;
    }
    void unlink(PromiseBase& root) noexcept {
        PromiseBase* previous = root.previous_sibling();
        PromiseBase* next = root.next_sibling();
        if (next != nullptr) next->set_previous_sibling(previous);
        if (previous != nullptr) {
            previous->set_next_sibling(next);
        } else {
            first_ = next;
        }
    }

private:
    PromiseBase* first_ = nullptr;
};

template <typename Promise>
Handle to_handle(std::coroutine_handle<Promise> coroutine) noexcept {
    return Handle::from_address(coroutine.address());
}

/// Asks a unit to stop, and nothing more: never resumes, destroys or unlinks it. Asking twice, or
/// asking a unit that is already ready, only leaves the flag for the loop to find.
void cancel(PromiseBase& root) noexcept;

}  // namespace weir::detail
