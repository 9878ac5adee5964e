// SPDX-License-Identifier: MIT
//
// One I/O request in flight: what is asked, of which descriptor, what came of it, and who waits.
// A submitted operation completes exactly once, cancelled or not, and must not move or die before.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/unit.h>
#include <cerrno>
#include <cstdint>

namespace weir::detail {

class SocketSlot;

enum class OperationKind : std::uint8_t {
    accept,         // result: a descriptor
    connect,        // result: 0. Uses `peer`
    receive,        // result: bytes in `buffer`, 0 at the end. The backend chooses the buffer
    send,           // result: all of `data` was taken, or an error. Uses `data`
    wait_readable,  // result: 0 once a read of the descriptor would not block
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

    BufferPool::Buffer buffer{};     // receive
    const Endpoint* peer = nullptr;  // connect; lives in the awaiter's frame
    Bytes data{};                    // send: what is still to be sent
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
