// SPDX-License-Identifier: MIT
//
// TCP: a stream, and the listener that accepts such streams.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/socket_options.h>
#include <weir/runtime/stream.h>
#include <utility>

namespace weir {

/// A connected TCP stream; see Stream for how it reads, writes and ends.
class TcpStream : public Stream {
public:
    /// Waits for a connection: Result<TcpStream>. Errors name the endpoint.
    static ConnectRequest<TcpStream, Endpoint> connect(const Endpoint& peer) noexcept;
    /// The same with options, which must live until the wait has ended.
    static ConnectRequest<TcpStream, Endpoint> connect(const Endpoint& peer,
                                                       const SocketOptions& options) noexcept;

    using Stream::Stream;
};

/// A listening socket.
class TcpListener {
public:
    /// Listens on `local`; port 0 takes a free one. Errors name the endpoint.
    static Result<TcpListener> bind(const Endpoint& local, int backlog = 4096) {
        return bind(local, backlog, false);
    }
    /// The same where other listeners of this user, on other loops, may share the port, if they all
    /// do (SO_REUSEPORT): the kernel deals connections out among them. In a simulated world, which
    /// has one loop, nobody shares.
    static Result<TcpListener> bind_shared(const Endpoint& local, int backlog = 4096) {
        return bind(local, backlog, true);
    }

    /// Waits for a connection: Result<TcpStream>.
    AcceptRequest<TcpStream> accept() noexcept { return AcceptRequest<TcpStream>(*slot_); }
    /// Where it listens, with the port that was taken.
    Endpoint local_endpoint() const noexcept { return local_; }

private:
    static Result<TcpListener> bind(const Endpoint& local, int backlog, bool shares_port);
    TcpListener(detail::SlotHandle slot, const Endpoint& local) noexcept
        : slot_(std::move(slot)), local_(local) {}

    detail::SlotHandle slot_;
    Endpoint local_;
};

inline ConnectRequest<TcpStream, Endpoint> TcpStream::connect(const Endpoint& peer) noexcept {
    return ConnectRequest<TcpStream, Endpoint>(peer);
}
inline ConnectRequest<TcpStream, Endpoint> TcpStream::connect(
    const Endpoint& peer, const SocketOptions& options) noexcept {
    return ConnectRequest<TcpStream, Endpoint>(peer, &options);
}

}  // namespace weir
