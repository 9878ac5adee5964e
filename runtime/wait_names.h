// SPDX-License-Identifier: MIT
//
// What a unit waits for, in a word or two, and which of its frames waits; for reports and traces.
#pragma once

#include <weir/runtime/operation.h>
#include <weir/runtime/timer_wheel.h>
#include <weir/runtime/unit.h>

namespace weir::detail {

struct WaitName {
    const char* what;  // lives as long as the program
    int fd = -1;       // of operations
};

inline const char* name_of(OperationKind kind) noexcept {
    switch (kind) {
        case OperationKind::accept:
            return "accept";
        case OperationKind::connect:
            return "connect";
        case OperationKind::receive:
            return "receive";
        case OperationKind::send:
            return "send";
        case OperationKind::wait_readable:
            return "wait until readable";
        case OperationKind::receive_from:
            return "receive datagram";
        case OperationKind::send_to:
            return "send datagram";
        case OperationKind::read_at:
            return "read file";
        case OperationKind::write_at:
            return "write file";
        case OperationKind::sync:
            return "sync file";
    }
    return "operation";
}

inline const char* name_of(QueueKind kind) noexcept {
    switch (kind) {
        case QueueKind::semaphore:
            return "semaphore";
        case QueueKind::mutex:
            return "mutex";
        case QueueKind::event:
            return "event";
        case QueueKind::condition:
            return "condition";
        case QueueKind::channel_send:
            return "channel, to send";
        case QueueKind::channel_receive:
            return "channel, to receive";
        case QueueKind::child:
            return "child";
    }
    return "queue";
}

inline WaitName name_of_wait(const PromiseBase& root) noexcept {
    switch (root.leaf_kind()) {
        case LeafKind::none:
            return {"running"};
        case LeafKind::ready:
        case LeafKind::ready_forced:
        case LeafKind::ready_first:
            return {"ready"};
        case LeafKind::timer:
            return {"sleep"};
        case LeafKind::waiter:
            return {name_of(static_cast<const Waiter*>(root.leaf())->kind())};
        case LeafKind::operation: {
            const auto& operation = *static_cast<const Operation*>(root.leaf());
            return {name_of(operation.kind), operation.fd};
        }
        case LeafKind::composite:
            return {static_cast<const Composite*>(root.leaf())->name()};
    }
    return {"unknown"};
}

/// The innermost frame of a unit that waits; null where it does not, and for composites that do not
/// know it.
inline PromiseBase* innermost_waiting(const PromiseBase& root) noexcept {
    switch (root.leaf_kind()) {
        case LeafKind::timer:
            return &static_cast<const Timer*>(root.leaf())->waiting().promise();
        case LeafKind::waiter:
            return &static_cast<const Waiter*>(root.leaf())->waiting().promise();
        case LeafKind::operation: {
            const Handle waiter = static_cast<const Operation*>(root.leaf())->waiter;
            return waiter ? &waiter.promise() : nullptr;
        }
        case LeafKind::composite:
            return static_cast<const Composite*>(root.leaf())->awaiting();
        case LeafKind::none:
        case LeafKind::ready:
        case LeafKind::ready_forced:
        case LeafKind::ready_first:
            return nullptr;
    }
    return nullptr;
}

}  // namespace weir::detail
