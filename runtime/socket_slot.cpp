// SPDX-License-Identifier: MIT
#include <weir/runtime/socket_slot.h>

#include <weir/runtime/backend.h>
#include <weir/runtime/reactor.h>
#include <initializer_list>
#include <utility>

namespace weir::detail {

SocketSlot::SocketSlot(int fd, OperationKind input_kind, OperationKind output_kind) noexcept
    : input(input_kind, this), output(output_kind, this) {
    input.fd = output.fd = fd;
    Reactor::current().slot_opened();
}

SocketSlot* SocketSlot::make(int fd, OperationKind input, OperationKind output) {
    try {
        return new SocketSlot(fd, input, output);
    } catch (...) {
        Reactor::current().backend().close(fd);
        throw;
    }
}

void SocketSlot::start(Operation& operation, Handle waiter) {
    check_idle(operation);
    operation.waiter = waiter;
    Reactor::current().submit(operation);
}

void SocketSlot::completed(Operation& operation) noexcept {
    if (operation.waiter) {
        make_ready(std::exchange(operation.waiter, {}));
        return;
    }
    drop_result(operation);
    taken(operation);
}

void SocketSlot::taken(Operation& operation) noexcept {
    operation.state = OperationState::idle;
    end_if_unused();
}

Lease SocketSlot::take_lease() noexcept {
    return Lease(Reactor::current().buffers(), std::exchange(input.buffer, {}),
                 static_cast<std::size_t>(input.result));
}

void SocketSlot::drop_result(Operation& operation) noexcept {
    if (operation.result < 0) return;
    if (operation.kind == OperationKind::accept) {
        Reactor::current().backend().close(operation.result);
    }
    if (operation.kind == OperationKind::receive) {
        static_cast<void>(take_lease());
    }
}

void SocketSlot::orphan() noexcept {
    is_orphan = true;
    unread = Lease();
    Reactor& reactor = Reactor::current();
    reactor.slot_orphaned();
    Backend& backend = reactor.backend();
    for (Operation* operation : std::initializer_list<Operation*>{&input, &output}) {
        if (operation->in_flight() && !operation->cancel_asked) backend.cancel(*operation);
    }
    end_if_unused();
}

void SocketSlot::end_if_unused() noexcept {
    if (!is_orphan || !input.is_idle() || !output.is_idle()) return;
    Reactor& reactor = Reactor::current();
    if (!reactor.let_go(input)) return;
    reactor.backend().close(fd());
    reactor.slot_closed();
    delete this;
}

}  // namespace weir::detail
