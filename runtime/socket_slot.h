// SPDX-License-Identifier: MIT
//
// A socket's state: its descriptor, one input and one output operation, and bytes that arrived but
// were not taken. A stream or listener is a handle on a slot. When the handle goes, the slot is
// orphaned: it asks its operations to end, waits for their completions, gives back what arrived,
// closes the descriptor and frees itself. So no operation ever points into memory that is gone.
#pragma once

#include <weir/runtime/base/error.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/operation.h>
#include <cstddef>
#include <string_view>

namespace weir::detail {

class SocketSlot {
public:
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* slot, std::size_t size) noexcept { free_frame(slot, size); }

    /// `input` is accept for a listener, receive for a stream; `output` is connect until the
    /// stream is connected, and then send.
    SocketSlot(int fd, OperationKind input, OperationKind output) noexcept;
    /// A new one, which owns `fd`: where there is no memory for it, `fd` is closed.
    static SocketSlot* make(int fd, OperationKind input, OperationKind output);

    ReceiveOperation input;  // or an accept
    Operation output;
    Lease unread;             // received for a reader that was cancelled: the next one gets it
    int unread_error = 0;     // or what that reader would have been told: a negated errno value
    bool has_unread = false;  // one of the two is there; an empty lease is the stream's end
    bool is_orphan = false;
    bool is_poisoned = false;  // a write was cancelled: how much of it went out is not known

    int fd() const noexcept { return input.fd; }

    /// Aborts, with a hint, where somebody waits for `operation` already.
    static void check_idle(const Operation& operation) noexcept {
        WEIR_CHECK_HINT(operation.is_idle(), "a stream has one reader and one writer at a time");
    }
    /// Submits `operation` of this slot for the coroutine that waits for it.
    void start(Operation& operation, Handle waiter);
    /// The reactor calls it when the backend is done with `operation` of this slot.
    void completed(Operation& operation) noexcept;
    /// Whoever waited has taken the operation's result.
    void taken(Operation& operation) noexcept;
    /// Takes a completed receive's bytes.
    Lease take_lease() noexcept;
    /// The handle is gone. The slot may be freed at once.
    void orphan() noexcept;

private:
    ~SocketSlot() = default;
    void drop_result(Operation& operation) noexcept;
    void end_if_unused() noexcept;
};

/// Why a receive failed; ENOBUFS is ours, and has a remedy.
Error receive_failure(int reason, std::string_view doing);

}  // namespace weir::detail
