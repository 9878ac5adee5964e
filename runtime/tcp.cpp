// SPDX-License-Identifier: MIT
//
// Each awaiter has one way to turn a completion into an owning value; await_resume returns it, the
// destructor of a cancelled awaiter drops it, or keeps it for the next reader.
#include <weir/runtime/tcp.h>

#include <cerrno>

namespace weir {
namespace {

Error receive_failure(int reason) {
    if (reason == ENOBUFS) {
        return Error(Errc::limit_reached,
                     "no receive buffer is free: leases are held elsewhere; raise "
                     "ReactorOptions::heap_buffers_max");
    }
    return Error::from_errno(reason, "receiving");
}

}  // namespace

// --- read ----------------------------------------------------------------------------------------

ReadAwaiter::~ReadAwaiter() {
    if (slot_ == nullptr || !slot_->input.is_complete()) return;
    // Cancelled after something had come: it stays with the stream. An error too, since the kernel
    // tells it once, and a reset must not look like an end afterwards.
    const int result = slot_->input.result;
    if (result >= 0) {
        slot_->unread = slot_->take_lease();
        slot_->has_unread = true;
    } else if (result != -ECANCELED) {
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
        if (slot.unread_error != 0) return receive_failure(-std::exchange(slot.unread_error, 0));
        return std::move(slot.unread);
    }
    const int result = slot.input.result;
    if (result < 0) {
        slot.taken(slot.input);
        return receive_failure(-result);
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
    detail::SocketSlot& slot = *std::exchange(slot_, nullptr);
    if (slot.output.is_idle()) {
        if (slot.is_poisoned) return Error(Errc::stream_poisoned);
        return {};
    }
    const int result = slot.output.result;
    if (result < 0) slot.is_poisoned = true;
    slot.taken(slot.output);
    if (result < 0) return Error::from_errno(-result, "sending");
    return {};
}

bool TcpStream::is_quiet() const noexcept {
    if (slot_->has_unread) return false;
    return !Reactor::current().backend().has_input(slot_->fd());
}

// --- connect -------------------------------------------------------------------------------------

bool ConnectAwaiter::open() {
    Result<int> fd = Reactor::current().backend().open_socket(peer_);
    if (!fd) {
        error_ = std::move(fd).error();
        return false;
    }
    slot_ =
        new detail::SocketSlot(*fd, detail::OperationKind::receive, detail::OperationKind::connect);
    slot_->output.peer = &peer_;
    return true;
}

ConnectAwaiter::~ConnectAwaiter() {
    if (slot_ == nullptr) return;
    slot_->output.state = detail::OperationState::idle;
    slot_->orphan();
}

Result<TcpStream> ConnectAwaiter::await_resume() {
    if (error_) return std::move(*error_);
    const int result = slot_->output.result;
    if (result < 0) return Error::from_errno(-result, "connecting to " + peer_.to_string());
    detail::SocketSlot& slot = *std::exchange(slot_, nullptr);
    slot.output.kind = detail::OperationKind::send;
    slot.output.peer = nullptr;
    slot.taken(slot.output);
    return TcpStream(slot);
}

// --- accept --------------------------------------------------------------------------------------

AcceptAwaiter::~AcceptAwaiter() {
    if (slot_ == nullptr || !slot_->input.is_complete()) return;
    static_cast<void>(take());
}

Result<TcpStream> AcceptAwaiter::await_resume() {
    return take();
}

Result<TcpStream> AcceptAwaiter::take() {
    detail::SocketSlot& listener = *std::exchange(slot_, nullptr);
    const int result = listener.input.result;
    listener.taken(listener.input);
    if (result < 0) return Error::from_errno(-result, "accepting a connection");
    return TcpStream(*new detail::SocketSlot(result, detail::OperationKind::receive,
                                             detail::OperationKind::send));
}

Result<TcpListener> TcpListener::bind(const Endpoint& local, int backlog) {
    detail::Backend& backend = Reactor::current().backend();
    Result<int> fd = backend.listen(local, backlog);
    if (!fd) return std::move(fd).error();
    detail::SlotHandle slot(
        new detail::SocketSlot(*fd, detail::OperationKind::accept, detail::OperationKind::send));
    Result<Endpoint> bound = backend.local_endpoint(*fd);
    if (!bound) return std::move(bound).error();
    return TcpListener(std::move(slot), *bound);
}

}  // namespace weir
