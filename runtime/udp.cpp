// SPDX-License-Identifier: MIT
#include <weir/runtime/udp.h>

#include <weir/runtime/backend.h>
#include <weir/runtime/socket_slot.h>
#include <cerrno>
#include <cstring>
#include <string>

namespace weir {
namespace detail {

DatagramSlot::DatagramSlot(int fd) noexcept {
    input.fd = output.fd = fd;
    Reactor::current().slot_opened();
}

DatagramSlot* DatagramSlot::make(int fd) {
    try {
        return new DatagramSlot(fd);
    } catch (...) {
        Reactor::current().backend().close(fd);
        throw;
    }
}

void DatagramSlot::start(MessageOperation& operation, Handle waiting) {
    check_idle(operation);
    operation.waiter = waiting;
    Reactor::current().submit(operation);
}

void DatagramSlot::taken(MessageOperation& operation) noexcept {
    operation.state = OperationState::idle;
    end_if_unused();
}

Lease DatagramSlot::take_lease() noexcept {
    return Lease(Reactor::current().buffers(), std::exchange(input.buffer, {}),
                 static_cast<std::size_t>(input.result));
}

void DatagramSlot::orphan() noexcept {
    is_orphan = true;
    Reactor& reactor = Reactor::current();
    reactor.slot_orphaned();
    if (std::exchange(is_kept, false)) {
        static_cast<void>(take_lease());
        input.state = OperationState::idle;
    }
    for (MessageOperation* operation : {&input, &output}) {
        if (operation->in_flight()) reactor.backend().cancel(*operation);
    }
    end_if_unused();
}

void DatagramSlot::end_if_unused() noexcept {
    if (!is_orphan || !input.is_idle() || !output.is_idle()) return;
    Reactor& reactor = Reactor::current();
    reactor.backend().close(input.fd);
    reactor.slot_closed();
    delete this;
}

}  // namespace detail

// --- receive -------------------------------------------------------------------------------------

ReceiveFromAwaiter::~ReceiveFromAwaiter() {
    if (slot_ == nullptr || !slot_->input.is_complete() || slot_->is_kept) return;
    // Cancelled. A datagram that has come all the same waits for the next receiver, in place.
    if (slot_->input.result >= 0) {
        if (!slot_->is_orphan) {
            slot_->is_kept = true;
            return;
        }
        static_cast<void>(slot_->take_lease());
    }
    slot_->taken(slot_->input);
}

Result<Datagram> ReceiveFromAwaiter::await_resume() {
    detail::DatagramSlot& slot = *std::exchange(slot_, nullptr);
    slot.is_kept = false;
    const int result = slot.input.result;
    if (result < 0) {
        slot.taken(slot.input);
        return detail::receive_failure(-result, "receiving a datagram");
    }
    Lease lease = slot.take_lease();
    const bool was_cut = slot.input.was_cut;
    const Result<Endpoint> sender = Endpoint::from_sockaddr(
        Bytes(reinterpret_cast<const std::byte*>(&slot.input.address), slot.input.address_size));
    slot.taken(slot.input);
    if (!sender) return sender.error();
    return Datagram(std::move(lease), *sender, was_cut);
}

// --- send ----------------------------------------------------------------------------------------

SendToAwaiter::~SendToAwaiter() {
    if (slot_ != nullptr && slot_->output.is_complete()) slot_->taken(slot_->output);
}

void SendToAwaiter::begin(detail::Handle waiting) {
    detail::MessageOperation& output = slot_->output;
    slot_->check_idle(output);
    const Bytes address = to_.sockaddr_bytes();
    std::memcpy(&output.address, address.data(), address.size());
    output.address_size = static_cast<socklen_t>(address.size());
    output.data = bytes_;
    slot_->start(output, waiting);
}

Result<void> SendToAwaiter::await_resume() {
    detail::DatagramSlot& slot = *std::exchange(slot_, nullptr);
    const int result = slot.output.result;
    slot.taken(slot.output);
    if (result >= 0) return {};
    return Error::from_errno(-result, "sending a datagram of " + std::to_string(bytes_.size()) +
                                          " bytes to " + to_.to_string());
}

// --- the socket ----------------------------------------------------------------------------------

Result<UdpSocket> UdpSocket::bind(const Endpoint& local) {
    detail::Backend& backend = Reactor::current().backend();
    Result<int> fd = backend.open_datagram_socket(local.sockaddr_bytes());
    if (!fd) return std::move(fd).error();
    UdpSocket socket(detail::DatagramSlot::make(*fd), local);
    Result<Endpoint> bound = backend.local_endpoint(*fd);
    if (!bound) return std::move(bound).error();
    socket.local_ = *bound;
    return socket;
}

}  // namespace weir
