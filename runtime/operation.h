// SPDX-License-Identifier: MIT
//
// One I/O request in flight: what is asked, of which descriptor, what came of it, and who waits.
// A submitted operation completes exactly once, cancelled or not, and must not move or die before.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>
#include <weir/runtime/address.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/unit.h>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace weir::detail {

class SocketSlot;

enum class OperationKind : std::uint8_t {
    accept,         // result: a descriptor
    connect,        // result: 0. Uses `data`: the sockaddr, which lives in the awaiter's frame
    receive,        // result: bytes in `buffer`, 0 at the end. The backend chooses the buffer
    send,           // result: all of `data` was taken, or an error. Uses `data`
    wait_readable,  // result: 0 once a read of the descriptor would not block
    receive_from,   // a MessageOperation. Result: bytes in `buffer`; `sender` says from whom
    send_to,        // a MessageOperation. Result: bytes of the one datagram
    read_at,        // a FileOperation. Result: bytes read, 0 at the end of the file
    write_at,       // a FileOperation. Result: bytes written
    sync,           // a FileOperation. Result: 0 when the file's data is on the disk
};

enum class OperationState : std::uint8_t {
    idle,       // not submitted, or its result was taken
    in_flight,  // the backend has it
    complete,   // the result is there and nobody has taken it yet
};

class Operation {
public:
    Operation(OperationKind operation_kind, SocketSlot* home) noexcept
        : kind(operation_kind), slot(home) {}
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    bool is_idle() const noexcept { return state == OperationState::idle; }
    bool in_flight() const noexcept { return state == OperationState::in_flight; }
    bool is_complete() const noexcept { return state == OperationState::complete; }

    OperationKind kind;
    OperationState state = OperationState::idle;
    bool cancel_asked = false;
    int fd = -1;
    int result = 0;             // >= 0, or a negated errno value
    Handle waiter{};            // queued when complete; null when nobody waits any more
    SocketSlot* slot;           // the slot it lies in; null if it lies in the awaiter's frame
    Operation* next = nullptr;  // in the backend's own lists, and in the list of completed ones

    BufferPool::Buffer buffer{};  // receive, receive_from
    Bytes data{};                 // send: what is still to be sent; connect: the sockaddr
};

/// A stream's receive. A backend may let the kernel go on receiving between two reads: what arrives
/// then waits here for the next one, and the operation must not die before Backend::let_go().
class ReceiveOperation : public Operation {
public:
    using Operation::Operation;

    /// True where a read would be answered without the kernel.
    bool has_arrivals() const noexcept { return arrivals > 0 || came_instead <= 0; }

    // For the backend's use.
    static constexpr std::uint16_t kNoBuffer = 0xffff;
    std::uint16_t first_arrival = kNoBuffer;
    std::uint16_t last_arrival = kNoBuffer;
    std::uint16_t arrivals = 0;
    std::uint8_t reads = 0;    // so far, as far as they count
    bool is_armed = false;     // the kernel goes on receiving
    bool is_stopping = false;  // and was asked not to, since nobody reads
    bool is_closing = false;   // and was asked not to, since the stream is gone
    int came_instead = 1;      // after the arrivals: the end, or a negated errno value. 1: neither
};

/// receive_from and send_to: a datagram and the address of its other end. It lies in the socket's
/// DatagramSlot; what it sends lives in the awaiter's frame or longer.
class MessageOperation : public Operation {
public:
    explicit MessageOperation(OperationKind operation_kind) noexcept
        : Operation(operation_kind, nullptr) {}

    sockaddr_storage address{};  // send_to: the receiver; receive_from: the sender, when complete
    socklen_t address_size = 0;
    bool was_cut = false;  // receive_from: the datagram was larger than the buffer
    iovec piece{};         // for the backend's use
    msghdr header{};       // likewise
};

/// read_at, write_at, sync: a place in a file, and memory that lives in the awaiter's frame or
/// longer. Only io_uring is asked for these; elsewhere the pool of threads does the call.
class FileOperation : public Operation {
public:
    explicit FileOperation(OperationKind operation_kind) noexcept
        : Operation(operation_kind, nullptr) {}

    std::byte* into = nullptr;  // read_at; write_at uses `data`
    std::size_t size = 0;       // read_at
    std::uint64_t offset = 0;
    std::uint8_t threads_refused = 0;  // for the backend's use
};

/// A FIFO of operations, linked through Operation::next.
class OperationList {
public:
    bool empty() const noexcept { return first_ == nullptr; }

    void push(Operation& operation) noexcept {
        operation.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &operation;
        last_ = &operation;
    }

    /// Precondition: not empty.
    Operation& pop() noexcept {
        Operation& operation = *first_;
        first_ = operation.next;
        if (first_ == nullptr) last_ = nullptr;
        operation.next = nullptr;
        return operation;
    }

    /// Precondition: not empty.
    Operation& first() const noexcept { return *first_; }

    /// Whether it was here. Looks from the front.
    bool remove(Operation& operation) noexcept {
        Operation* before = nullptr;
        for (Operation* each = first_; each != nullptr; before = each, each = each->next) {
            if (each != &operation) continue;
            (before == nullptr ? first_ : before->next) = operation.next;
            if (last_ == &operation) last_ = before;
            operation.next = nullptr;
            return true;
        }
        return false;
    }

    /// For backends: the operation is at its end.
    void complete(Operation& operation, int result) noexcept {
        operation.result = result;
        operation.state = OperationState::complete;
        push(operation);
    }

    /// Moves all of `other` behind what is here.
    void take_all(OperationList& other) noexcept {
        if (other.empty()) return;
        (last_ == nullptr ? first_ : last_->next) = other.first_;
        last_ = other.last_;
        other.first_ = other.last_ = nullptr;
    }

private:
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
};

}  // namespace weir::detail
