// SPDX-License-Identifier: MIT
//
// TCP listener and stream: handles on a socket slot of the reactor. Reading gives a lease on a
// receive buffer, so a stream that waits for data holds none.
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
class WriteRequest;
class ConnectRequest;
class AcceptRequest;

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

/// A connected TCP stream. One task may read and one may write at a time. Destroying it ends both,
/// closes the connection and never blocks. It must not leave its reactor's thread.
class TcpStream {
public:
    /// Waits for a connection: Result<TcpStream>. Errors name the endpoint.
    static ConnectRequest connect(const Endpoint& peer) noexcept;

    /// Waits for bytes: Result<Lease>, empty at the end of the stream. A cancelled read loses
    /// nothing: what had arrived is kept for the next one.
    ReadRequest read() noexcept;
    /// Waits until the kernel has taken all of `bytes`, which must stay put: Result<void>. A write
    /// that is cancelled poisons the stream: later ones give Errc::stream_poisoned.
    WriteRequest write_all(Bytes bytes) noexcept;

    /// For a stream that nobody reads: false once the peer has closed or sent anything.
    bool is_quiet() const noexcept;
    bool is_open() const noexcept { return slot_.is_open(); }
    /// Closes now instead of at destruction.
    void close() noexcept { slot_.reset(); }

private:
    friend class ConnectAwaiter;
    friend class AcceptAwaiter;
    explicit TcpStream(detail::SocketSlot& slot) noexcept : slot_(&slot) {}

    detail::SlotHandle slot_;
};

/// A listening socket.
class TcpListener {
public:
    /// Listens on `local`; port 0 takes a free one. Errors name the endpoint.
    static Result<TcpListener> bind(const Endpoint& local, int backlog = 4096);

    /// Waits for a connection: Result<TcpStream>.
    AcceptRequest accept() noexcept;
    /// Where it listens, with the port that was taken.
    Endpoint local_endpoint() const noexcept { return local_; }

private:
    TcpListener(detail::SlotHandle slot, const Endpoint& local) noexcept
        : slot_(std::move(slot)), local_(local) {}

    detail::SlotHandle slot_;
    Endpoint local_;
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
            detail::end_wait(waiting);
            return false;
        }
        slot_->output.data = bytes_;
        slot_->start(slot_->output, detail::to_handle(waiting));
        return true;
    }

    Result<void> await_resume();

private:
    detail::SocketSlot* slot_;
    Bytes bytes_;
};

class ConnectAwaiter {
public:
    explicit ConnectAwaiter(const Endpoint& peer) noexcept : peer_(peer) {}
    ConnectAwaiter(const ConnectAwaiter&) = delete;
    ConnectAwaiter& operator=(const ConnectAwaiter&) = delete;
    ~ConnectAwaiter();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        // The leaf is set again below; this asks whether the unit may still wait.
        if (!detail::begin_wait(waiting, nullptr, detail::LeafKind::none)) return true;
        if (!open()) return false;
        detail::begin_wait(waiting, &slot_->output, detail::LeafKind::operation);
        slot_->start(slot_->output, detail::to_handle(waiting));
        return true;
    }

    Result<TcpStream> await_resume();

private:
    bool open();

    Endpoint peer_;
    detail::SocketSlot* slot_ = nullptr;
    std::optional<Error> error_;
};

class AcceptAwaiter {
public:
    explicit AcceptAwaiter(detail::SocketSlot& slot) noexcept : slot_(&slot) {}
    AcceptAwaiter(const AcceptAwaiter&) = delete;
    AcceptAwaiter& operator=(const AcceptAwaiter&) = delete;
    ~AcceptAwaiter();

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        if (!detail::begin_wait(waiting, &slot_->input, detail::LeafKind::operation)) {
            slot_ = nullptr;
            return;
        }
        slot_->start(slot_->input, detail::to_handle(waiting));
    }

    Result<TcpStream> await_resume();

private:
    Result<TcpStream> take();

    detail::SocketSlot* slot_;
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

class [[nodiscard]] ConnectRequest {
public:
    using weir_request = void;
    explicit ConnectRequest(const Endpoint& peer) noexcept : peer_(peer) {}
    ConnectAwaiter start() const noexcept { return ConnectAwaiter(peer_); }

private:
    Endpoint peer_;
};

class [[nodiscard]] AcceptRequest {
public:
    using weir_request = void;
    explicit AcceptRequest(detail::SocketSlot& slot) noexcept : slot_(slot) {}
    AcceptAwaiter start() const noexcept { return AcceptAwaiter(slot_); }

private:
    detail::SocketSlot& slot_;
};

inline ConnectRequest TcpStream::connect(const Endpoint& peer) noexcept {
    return ConnectRequest(peer);
}
inline ReadRequest TcpStream::read() noexcept {
    return ReadRequest(*slot_);
}
inline WriteRequest TcpStream::write_all(Bytes bytes) noexcept {
    return WriteRequest(*slot_, bytes);
}
inline AcceptRequest TcpListener::accept() noexcept {
    return AcceptRequest(*slot_);
}

}  // namespace weir
