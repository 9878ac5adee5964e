// SPDX-License-Identifier: MIT
//
// UDP: datagrams to and from anybody. A socket waits for input without holding a buffer; a
// datagram that arrived for a receiver which was cancelled is kept for the next one.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/operation.h>
#include <weir/runtime/reactor.h>
#include <utility>

namespace weir {

class SendToRequest;
class ReceiveFromRequest;

/// One datagram, in a buffer of the reactor: drop it soon. Move-only.
class Datagram {
public:
    Datagram(Lease lease, const Endpoint& sender, bool cut) noexcept
        : lease_(std::move(lease)), from_(sender), was_cut_(cut) {}

    /// May be empty: a datagram of no bytes is one, too.
    Bytes bytes() const noexcept { return lease_.bytes(); }
    const Endpoint& from() const noexcept { return from_; }
    /// It was larger than a receive buffer, and its end is lost.
    bool was_cut() const noexcept { return was_cut_; }

private:
    Lease lease_;
    Endpoint from_;
    bool was_cut_;
};

namespace detail {

/// A datagram socket's state, as SocketSlot is a stream's: it outlives its handle until both
/// operations have ended and whoever waited for them has gone on.
class DatagramSlot {
public:
    /// A new one, which owns `fd`: where there is no memory for it, `fd` is closed.
    static DatagramSlot* make(int fd);
    DatagramSlot(const DatagramSlot&) = delete;
    DatagramSlot& operator=(const DatagramSlot&) = delete;

    MessageOperation input{OperationKind::receive_from};
    MessageOperation output{OperationKind::send_to};
    bool is_kept = false;  // the input is complete, and nobody has it: the next receiver gets it
    bool is_orphan = false;

    /// Aborts, with a hint, where somebody waits for `operation` already.
    static void check_idle(const Operation& operation) noexcept {
        WEIR_CHECK_HINT(operation.is_idle(), "a socket has one receiver and one sender at a time");
    }
    void start(MessageOperation& operation, Handle waiting);
    /// Whoever waited has taken the operation's result.
    void taken(MessageOperation& operation) noexcept;
    /// Takes a completed input's bytes.
    Lease take_lease() noexcept;
    /// The handle is gone. The slot may be freed at once.
    void orphan() noexcept;

private:
    explicit DatagramSlot(int fd) noexcept;
    ~DatagramSlot() = default;
    void end_if_unused() noexcept;
};

}  // namespace detail

/// A datagram socket. One task may receive and one may send at a time. Destroying it ends both with
/// an error, and never blocks. It must not leave its reactor's thread, nor outlive run().
class UdpSocket {
public:
    /// Binds to `local`; port 0 takes a free one. Errors name the endpoint.
    static Result<UdpSocket> bind(const Endpoint& local);

    UdpSocket(UdpSocket&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)), local_(other.local_) {}
    UdpSocket& operator=(UdpSocket&& other) noexcept {
        if (this != &other) {
            close();
            slot_ = std::exchange(other.slot_, nullptr);
            local_ = other.local_;
        }
        return *this;
    }
    ~UdpSocket() { close(); }

    /// Sends one datagram: Result<void>, when the kernel has taken it. `bytes` stay put until then.
    /// That says nothing of its arrival. EMSGSIZE above 65,507 bytes over IPv4. Cancelled, it was
    /// either sent whole or not at all.
    SendToRequest send_to(Bytes bytes, const Endpoint& to) noexcept;

    /// Waits for one datagram: Result<Datagram>. It has room for as much as a receive buffer has
    /// (ReactorOptions::receive_buffers(), 4,096 bytes if not set); was_cut() tells of more. What
    /// came for a receiver that was cancelled is kept for the next.
    ReceiveFromRequest receive_from() noexcept;

    /// Where it is bound, with the port that was taken.
    Endpoint local_endpoint() const noexcept { return local_; }
    bool is_open() const noexcept { return slot_ != nullptr; }
    /// Closes now instead of at destruction.
    void close() noexcept {
        if (slot_ != nullptr) std::exchange(slot_, nullptr)->orphan();
    }

private:
    UdpSocket(detail::DatagramSlot* slot, const Endpoint& local) noexcept
        : slot_(slot), local_(local) {}
    detail::DatagramSlot& slot() const noexcept {
        WEIR_CHECK_HINT(slot_ != nullptr, "this socket was moved from or closed");
        return *slot_;
    }

    detail::DatagramSlot* slot_;
    Endpoint local_;
};

// --- requests and awaiters -----------------------------------------------------------------------

class ReceiveFromAwaiter {
public:
    explicit ReceiveFromAwaiter(detail::DatagramSlot& slot) noexcept : slot_(&slot) {}
    ReceiveFromAwaiter(const ReceiveFromAwaiter&) = delete;
    ReceiveFromAwaiter& operator=(const ReceiveFromAwaiter&) = delete;
    ~ReceiveFromAwaiter();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!detail::begin_wait(waiting, &slot_->input, detail::LeafKind::operation)) {
            slot_ = nullptr;
            return true;
        }
        if (slot_->is_kept) {
            detail::end_wait(waiting);
            return false;
        }
        slot_->start(slot_->input, detail::to_handle(waiting));
        return true;
    }

    Result<Datagram> await_resume();

private:
    detail::DatagramSlot* slot_;  // null: nothing to take
};

class SendToAwaiter {
public:
    SendToAwaiter(detail::DatagramSlot& slot, Bytes bytes, const Endpoint& to) noexcept
        : slot_(&slot), bytes_(bytes), to_(to) {}
    SendToAwaiter(const SendToAwaiter&) = delete;
    SendToAwaiter& operator=(const SendToAwaiter&) = delete;
    ~SendToAwaiter();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!detail::begin_wait(waiting, &slot_->output, detail::LeafKind::operation)) {
            slot_ = nullptr;
            return;
        }
        begin(detail::to_handle(waiting));
    }

    Result<void> await_resume();

private:
    void begin(detail::Handle waiting);

    detail::DatagramSlot* slot_;
    Bytes bytes_;
    Endpoint to_;
};

class [[nodiscard]] ReceiveFromRequest {
public:
    using weir_request = void;
    explicit ReceiveFromRequest(detail::DatagramSlot& slot) noexcept : slot_(slot) {}
    ReceiveFromAwaiter start() const noexcept { return ReceiveFromAwaiter(slot_); }

private:
    detail::DatagramSlot& slot_;
};

class [[nodiscard]] SendToRequest {
public:
    using weir_request = void;
    SendToRequest(detail::DatagramSlot& slot, Bytes bytes, const Endpoint& to) noexcept
        : slot_(slot), bytes_(bytes), to_(to) {}
    SendToAwaiter start() const noexcept { return SendToAwaiter(slot_, bytes_, to_); }

private:
    detail::DatagramSlot& slot_;
    Bytes bytes_;
    Endpoint to_;
};

inline SendToRequest UdpSocket::send_to(Bytes bytes, const Endpoint& to) noexcept {
    return SendToRequest(slot(), bytes, to);
}
inline ReceiveFromRequest UdpSocket::receive_from() noexcept {
    return ReceiveFromRequest(slot());
}

}  // namespace weir
