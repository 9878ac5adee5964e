// SPDX-License-Identifier: MIT
//
// A byte stream: what TCP connections, UNIX sockets and the ends of a child process have in
// common. A handle on a socket slot of the reactor. Reading gives a lease on a receive buffer, so
// a stream that waits for data holds none.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/socket_slot.h>
#include <weir/runtime/task.h>
#include <optional>
#include <utility>

namespace weir {

class ReadRequest;
class SocketOptions;
class WriteRequest;

namespace detail {

/// Owns a slot until the slot is orphaned.
class SlotHandle {
public:
    explicit SlotHandle(SocketSlot* slot) noexcept : slot_(slot) {}
    SlotHandle(SlotHandle&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
    SlotHandle& operator=(SlotHandle&& other) noexcept {
        if (this != &other) {
            reset();
            slot_ = std::exchange(other.slot_, nullptr);
        }
        return *this;
    }
    ~SlotHandle() { reset(); }

    SocketSlot& operator*() const noexcept {
        WEIR_CHECK_HINT(slot_ != nullptr, "this stream or listener was moved from or closed");
        return *slot_;
    }
    SocketSlot* operator->() const noexcept { return &**this; }
    bool is_open() const noexcept { return slot_ != nullptr; }
    void reset() noexcept {
        if (slot_ != nullptr) std::exchange(slot_, nullptr)->orphan();
    }

private:
    SocketSlot* slot_;
};

}  // namespace detail

/// A connected stream of bytes. One task may read and one may write at a time. Destroying it ends
/// both, closes the connection and never blocks. It must not leave its reactor's thread, nor
/// outlive run(). A TcpStream or a UnixStream may be moved into a Stream.
class Stream {
public:
    /// For weir's own connectors.
    explicit Stream(detail::SocketSlot& slot) noexcept : slot_(&slot) {}

    /// Waits for bytes: Result<Lease>, empty at the end of the stream. A cancelled read loses
    /// nothing: what had arrived is kept for the next one.
    ReadRequest read() noexcept;
    /// Waits until the kernel has taken all of `bytes`, which must stay put: Result<void>. A write
    /// that is cancelled or fails poisons the stream: later ones give Errc::stream_poisoned. To
    /// write nothing succeeds.
    WriteRequest write_all(Bytes bytes) noexcept;

    /// Half of close(): the peer reads the end after what was written, and may go on sending.
    /// The next write fails with EPIPE. Aborts while a write is going on. An error where the
    /// connection is gone already.
    Result<void> shut_down_output() noexcept;

    /// Who is at the other end. An error for UNIX sockets, and where the connection is gone.
    Result<Endpoint> peer_endpoint() const;
    /// For a stream that nobody reads: false once the peer has closed or sent anything.
    bool is_quiet() const noexcept;
    bool is_open() const noexcept { return slot_.is_open(); }
    /// Closes now instead of at destruction.
    void close() noexcept { slot_.reset(); }

protected:
    int descriptor() const noexcept { return slot_->fd(); }

private:
    detail::SlotHandle slot_;
};

// --- requests and awaiters ---------------------------------------------------------------------

class ReadAwaiter {
public:
    explicit ReadAwaiter(detail::SocketSlot& slot) noexcept : slot_(&slot) {}
    ReadAwaiter(const ReadAwaiter&) = delete;
    ReadAwaiter& operator=(const ReadAwaiter&) = delete;
    ~ReadAwaiter();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!detail::begin_wait(waiting, &slot_->input, detail::LeafKind::operation)) {
            slot_ = nullptr;
            return true;
        }
        if (slot_->has_unread) {
            // At most once for each read that was cancelled, so no loop can live on it.
            detail::end_wait(waiting);
            return false;
        }
        slot_->start(slot_->input, detail::to_handle(waiting));
        return true;
    }

    Result<Lease> await_resume();

private:
    detail::SocketSlot* slot_;  // null: nothing to take
};

class WriteAwaiter {
public:
    WriteAwaiter(detail::SocketSlot& slot, Bytes bytes) noexcept : slot_(&slot), bytes_(bytes) {}
    WriteAwaiter(const WriteAwaiter&) = delete;
    WriteAwaiter& operator=(const WriteAwaiter&) = delete;
    ~WriteAwaiter();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!detail::begin_wait(waiting, &slot_->output, detail::LeafKind::operation)) {
            slot_ = nullptr;
            return true;
        }
        slot_->check_idle(slot_->output);
        if (slot_->is_poisoned || bytes_.empty()) {
            slot_ = nullptr;  // nothing holds it if this has to queue
            return detail::pass_or_queue(waiting);
        }
        slot_->output.data = bytes_;
        slot_->start(slot_->output, detail::to_handle(waiting));
        return true;
    }

    Result<void> await_resume();

private:
    detail::SocketSlot* slot_;  // null: nothing was begun
    Bytes bytes_;
};

class [[nodiscard]] ReadRequest {
public:
    using weir_request = void;
    explicit ReadRequest(detail::SocketSlot& slot) noexcept : slot_(slot) {}
    ReadAwaiter start() const noexcept { return ReadAwaiter(slot_); }

private:
    detail::SocketSlot& slot_;
};

class [[nodiscard]] WriteRequest {
public:
    using weir_request = void;
    WriteRequest(detail::SocketSlot& slot, Bytes bytes) noexcept : slot_(slot), bytes_(bytes) {}
    WriteAwaiter start() const noexcept { return WriteAwaiter(slot_, bytes_); }

private:
    detail::SocketSlot& slot_;
    Bytes bytes_;
};

inline ReadRequest Stream::read() noexcept {
    return ReadRequest(*slot_);
}
inline WriteRequest Stream::write_all(Bytes bytes) noexcept {
    return WriteRequest(*slot_, bytes);
}

// --- how streams come to be ----------------------------------------------------------------------

namespace detail {

/// What all connects share.
class ConnectWait {
public:
    ConnectWait() noexcept {}
    ConnectWait(const ConnectWait&) = delete;
    ConnectWait& operator=(const ConnectWait&) = delete;
    ~ConnectWait();

    bool await_ready() noexcept { return false; }

protected:
    /// `address`, a sockaddr, stays put until the end. False: the wait is over at once.
    template <typename Promise>
    bool begin(std::coroutine_handle<Promise> waiting, Bytes address,
               const SocketOptions* options) {
        // The leaf is set again below; this asks whether the unit may still wait.
        if (!begin_wait(waiting, nullptr, LeafKind::none)) return true;
        if (!open(address, options)) return pass_or_queue(waiting);
        begin_wait(waiting, &slot_->output, LeafKind::operation);
        slot_->start(slot_->output, to_handle(waiting));
        return true;
    }
    Result<SocketSlot*> finish(Bytes address);

private:
    bool open(Bytes address, const SocketOptions* options);

    SocketSlot* slot_ = nullptr;
    std::optional<Error> error_;
};

template <typename S, typename Address>
class ConnectAwaiter : public ConnectWait {
public:
    ConnectAwaiter(const Address& peer, const SocketOptions* options) noexcept
        : options_(options), peer_(peer) {}
    ~ConnectAwaiter() {}

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        return begin(waiting, peer_.sockaddr_bytes(), options_);
    }

    Result<S> await_resume() {
        Result<SocketSlot*> slot = finish(peer_.sockaddr_bytes());
        if (!slot) return std::move(slot).error();
        return S(**slot);
    }

private:
    const SocketOptions* options_;  // null: none
    Address peer_;
};

/// What all accepts share.
class AcceptWait {
public:
    explicit AcceptWait(SocketSlot& listener) noexcept : listener_(&listener) {}
    AcceptWait(const AcceptWait&) = delete;
    AcceptWait& operator=(const AcceptWait&) = delete;
    ~AcceptWait();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!begin_wait(waiting, &listener_->input, LeafKind::operation)) {
            listener_ = nullptr;
            return;
        }
        listener_->start(listener_->input, to_handle(waiting));
    }

protected:
    Result<SocketSlot*> take();

private:
    SocketSlot* listener_;
};

template <typename S>
class AcceptAwaiter : public AcceptWait {
public:
    explicit AcceptAwaiter(SocketSlot& listener) noexcept : AcceptWait(listener) {}
    ~AcceptAwaiter() {}

    Result<S> await_resume() {
        Result<SocketSlot*> slot = take();
        if (!slot) return std::move(slot).error();
        return S(**slot);
    }
};

}  // namespace detail

/// What connect() returns; co_await it: Result<S>.
template <typename S, typename Address>
class [[nodiscard]] ConnectRequest {
public:
    using weir_request = void;
    explicit ConnectRequest(const Address& peer, const SocketOptions* options = nullptr) noexcept
        : options_(options), peer_(peer) {}
    detail::ConnectAwaiter<S, Address> start() const noexcept {
        return detail::ConnectAwaiter<S, Address>(peer_, options_);
    }

private:
    const SocketOptions* options_;
    Address peer_;
};

/// What accept() returns; co_await it: Result<S>.
template <typename S>
class [[nodiscard]] AcceptRequest {
public:
    using weir_request = void;
    explicit AcceptRequest(detail::SocketSlot& listener) noexcept : listener_(listener) {}
    detail::AcceptAwaiter<S> start() const noexcept { return detail::AcceptAwaiter<S>(listener_); }

private:
    detail::SocketSlot& listener_;
};

}  // namespace weir
