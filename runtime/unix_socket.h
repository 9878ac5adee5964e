// SPDX-License-Identifier: MIT
//
// Stream sockets between processes of one machine, named by a path or by an abstract name. The
// listener removes the file that it made; a file that a dead program left is told apart from one
// that somebody serves.
#pragma once

#include <weir/runtime/base/bytes.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/stream.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// The name of a UNIX socket, in the kernel's own layout.
class UnixAddress {
public:
    /// The longest path or abstract name, in bytes.
    static constexpr std::size_t kLengthMax = 107;

    /// A socket file. Errc::bad_argument for an empty path, one with a zero byte inside, and one
    /// longer than kLengthMax.
    static Result<UnixAddress> path(std::string_view path);
    /// A name that needs no file and is gone with its listener; any process of the same network
    /// namespace may connect. Errc::bad_argument where it is empty or longer than kLengthMax.
    static Result<UnixAddress> abstract(std::string_view name);

    bool is_abstract() const noexcept;
    /// "unix:/run/it.sock", and "unix:@name" for an abstract name.
    std::string to_string() const;
    /// The path, or the abstract name. Valid as long as this object is.
    std::string_view name() const noexcept;
    /// The sockaddr, for the kernel.
    Bytes sockaddr_bytes() const noexcept { return Bytes(raw_).first(size_); }

private:
    UnixAddress(std::string_view name, bool is_abstract) noexcept;
    static Result<UnixAddress> make(std::string_view name, bool is_abstract);

    alignas(2) std::array<std::byte, 110> raw_{};
    std::uint16_t size_;
};

/// A connected UNIX stream; see Stream for how it reads, writes and ends.
class UnixStream : public Stream {
public:
    /// Waits for a connection: Result<UnixStream>. Errors name the address. A listener whose queue
    /// of connections is full gives EAGAIN on epoll, where the kernel offers no way to wait for a
    /// place; io_uring waits.
    static ConnectRequest<UnixStream, UnixAddress> connect(const UnixAddress& peer) noexcept;

    using Stream::Stream;
};

/// How a UnixListener is bound.
class UnixListenerOptions {
public:
    UnixListenerOptions() noexcept {}

    /// Connections that may wait to be accepted.
    UnixListenerOptions& backlog(int count) noexcept { return backlog_ = count, *this; }
    /// Removes a socket file that nobody listens on, left by a program that could not clean up.
    /// Only for a name that one program at a time uses: another that is about to listen on it looks
    /// the same for a moment, and may lose its file.
    UnixListenerOptions& remove_stale(bool wanted = true) noexcept {
        return remove_stale_ = wanted, *this;
    }

private:
    friend class UnixListener;
    int backlog_ = 4096;
    bool remove_stale_ = false;
};

namespace detail {

/// Device and number of a file, to know it again. Zeros: there is none.
using FileMark = std::pair<std::uint64_t, std::uint64_t>;
FileMark mark_of(const std::string& path) noexcept;

/// A socket file that this process made. Removes it when it dies, unless another has taken its
/// place meanwhile.
class SocketFile {
public:
    SocketFile() noexcept = default;
    explicit SocketFile(std::string path) noexcept;
    SocketFile(SocketFile&& other) noexcept
        : path_(std::exchange(other.path_, {})), mark_(other.mark_) {}
    SocketFile& operator=(SocketFile&& other) noexcept {
        if (this != &other) {
            remove();
            path_ = std::exchange(other.path_, {});
            mark_ = other.mark_;
        }
        return *this;
    }
    ~SocketFile() { remove(); }

    /// Removes it now, if it is still the same.
    void remove() noexcept;

private:
    std::string path_;  // empty: nothing to remove
    FileMark mark_;
};

}  // namespace detail

/// A listening socket. Its file, if it has one, goes when the listener does.
class UnixListener {
public:
    UnixListener(UnixListener&&) noexcept = default;
    UnixListener& operator=(UnixListener&& other) noexcept {
        file_ = std::move(other.file_);  // first, as in the end
        slot_ = std::move(other.slot_);
        local_ = other.local_;
        return *this;
    }

    /// Errors name the address. Where a file is in the way, they say whether somebody listens
    /// there, and what to do.
    static Result<UnixListener> bind(const UnixAddress& local,
                                     const UnixListenerOptions& options = {});

    /// Waits for a connection: Result<UnixStream>.
    AcceptRequest<UnixStream> accept() noexcept { return AcceptRequest<UnixStream>(*slot_); }
    const UnixAddress& local_address() const noexcept { return local_; }

private:
    UnixListener(detail::SlotHandle slot, detail::SocketFile file,
                 const UnixAddress& local) noexcept
        : slot_(std::move(slot)), file_(std::move(file)), local_(local) {}

    detail::SlotHandle slot_;
    detail::SocketFile file_;  // goes first: nobody shall find it and be refused
    UnixAddress local_;
};

inline ConnectRequest<UnixStream, UnixAddress> UnixStream::connect(
    const UnixAddress& peer) noexcept {
    return ConnectRequest<UnixStream, UnixAddress>(peer);
}

}  // namespace weir
