// SPDX-License-Identifier: MIT
//
// Each awaiter has one way to turn a completion into an owning value; await_resume returns it, the
// destructor of a cancelled awaiter drops it, or keeps it for the next reader.
#include <weir/runtime/stream.h>

#include <cerrno>

namespace weir {

Error detail::receive_failure(int reason, std::string_view doing) {
    if (reason == ENOBUFS) {
        return Error(Errc::limit_reached,
                     std::string(doing) +
                         ": no receive buffer is free: leases are held elsewhere; "
                         "raise ReactorOptions::heap_buffers_max");
    }
    return Error::from_errno(reason, doing);
}

// --- read ----------------------------------------------------------------------------------------

ReadAwaiter::~ReadAwaiter() {
    if (slot_ == nullptr || !slot_->input.is_complete()) return;
    // Cancelled after something had come: it stays with the stream. An error of the kernel's too,
    // which it tells once: a reset must not look like an end afterwards.
    const int result = slot_->input.result;
    if (result >= 0) {
        slot_->unread = slot_->take_lease();
        slot_->has_unread = true;
    } else if (result != -ECANCELED && result != -ENOBUFS) {
        slot_->unread_error = result;
        slot_->has_unread = true;
    }
    if (slot_->is_orphan) slot_->unread = Lease();
    slot_->taken(slot_->input);
}

Result<Lease> ReadAwaiter::await_resume() {
    detail::SocketSlot& slot = *std::exchange(slot_, nullptr);
    if (slot.has_unread) {
        slot.has_unread = false;
        if (slot.unread_error != 0) {
            return detail::receive_failure(-std::exchange(slot.unread_error, 0), "receiving");
        }
        return std::move(slot.unread);
    }
    const int result = slot.input.result;
    if (result < 0) {
        slot.taken(slot.input);
        return detail::receive_failure(-result, "receiving");
    }
    Lease lease = slot.take_lease();
    slot.taken(slot.input);
    return lease;
}

// --- write ---------------------------------------------------------------------------------------

WriteAwaiter::~WriteAwaiter() {
    if (slot_ == nullptr || !slot_->output.is_complete()) return;
    // Cancelled: unless all of it went out after all, the peer has seen an unknown part.
    if (slot_->output.result != 0) slot_->is_poisoned = true;
    slot_->taken(slot_->output);
}

Result<void> WriteAwaiter::await_resume() {
    if (slot_ == nullptr) {
        if (bytes_.empty()) return {};
        return Error(Errc::stream_poisoned);
    }
    detail::SocketSlot& slot = *std::exchange(slot_, nullptr);
    const int result = slot.output.result;
    if (result < 0) slot.is_poisoned = true;
    slot.taken(slot.output);
    if (result < 0) return Error::from_errno(-result, "sending");
    return {};
}

Result<void> Stream::shut_down_output() noexcept {
    WEIR_CHECK_HINT(slot_->output.is_idle(), "shut_down_output() while a write is going on");
    return Reactor::current().backend().shut_down_output(slot_->fd());
}

Result<Endpoint> Stream::peer_endpoint() const {
    return Reactor::current().backend().peer_endpoint(slot_->fd());
}

bool Stream::is_quiet() const noexcept {
    if (slot_->has_unread || slot_->input.has_arrivals()) return false;
    return !Reactor::current().backend().has_input(slot_->fd());
}

// --- connect and accept --------------------------------------------------------------------------

namespace detail {

bool ConnectWait::open(Bytes address, const SocketOptions* options) {
    Result<int> fd = Reactor::current().backend().open_socket(address, options);
    if (!fd) {
        error_ = std::move(fd).error();
        return false;
    }
    slot_ = SocketSlot::make(*fd, OperationKind::receive, OperationKind::connect);
    slot_->output.data = address;
    return true;
}

ConnectWait::~ConnectWait() {
    if (slot_ == nullptr) return;
    slot_->output.state = OperationState::idle;
    slot_->orphan();
}

Result<SocketSlot*> ConnectWait::finish(Bytes address) {
    if (error_) return std::move(*error_);
    const int result = slot_->output.result;
    if (result < 0) {
        return Error::from_errno(-result, "connecting to " + describe_address(address));
    }
    SocketSlot& slot = *std::exchange(slot_, nullptr);
    slot.output.kind = OperationKind::send;
    slot.output.data = {};
    slot.taken(slot.output);
    return &slot;
}

AcceptWait::~AcceptWait() {
    if (listener_ == nullptr || !listener_->input.is_complete()) return;
    // Cancelled, and perhaps somebody had connected: nobody will talk to them.
    const int fd = listener_->input.result;
    listener_->taken(listener_->input);
    if (fd >= 0) Reactor::current().backend().close(fd);
}

Result<SocketSlot*> AcceptWait::take() {
    SocketSlot& listener = *std::exchange(listener_, nullptr);
    const int result = listener.input.result;
    listener.taken(listener.input);
    if (result < 0) return Error::from_errno(-result, "accepting a connection");
    return SocketSlot::make(result, OperationKind::receive, OperationKind::send);
}

}  // namespace detail
}  // namespace weir
