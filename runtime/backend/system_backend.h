// SPDX-License-Identifier: MIT
//
// What the two real backends share: plain socket calls, the monotonic clock, and the descriptor
// through which other threads wake the loop.
#pragma once

#include <weir/runtime/backend.h>

namespace weir::detail {

class SystemBackend : public Backend {
public:
    /// `socket_flags`: SOCK_NONBLOCK, or nothing where the mechanism waits for blocking sockets.
    explicit SystemBackend(int socket_flags);
    ~SystemBackend() override;
    SystemBackend(const SystemBackend&) = delete;
    SystemBackend& operator=(const SystemBackend&) = delete;

    void wake() noexcept override;
    Instant now() noexcept override;
    Result<int> open_socket(const Endpoint& peer) override;
    Result<int> listen(const Endpoint& local, int backlog) override;
    Result<Endpoint> local_endpoint(int fd) override;
    bool has_input(int fd) noexcept override;
    void close(int fd) noexcept override;

protected:
    /// An eventfd, readable after wake(). -1 if it could not be made.
    int wake_fd() const noexcept { return wake_fd_; }
    void clear_wake() noexcept;
    int socket_flags() const noexcept { return socket_flags_; }

private:
    Result<int> open_stream_socket(const Endpoint& endpoint);

    int socket_flags_;
    int wake_fd_;
};

/// An error only where descriptors or memory have run out.
Result<std::unique_ptr<Backend>> make_epoll_backend(BufferPool& buffers);
/// Errc::unsupported, with the reason, where io_uring is refused or lacks what makes it fast.
Result<std::unique_ptr<Backend>> make_uring_backend(BufferPool& buffers);
Result<std::unique_ptr<Backend>> make_simulated_backend(BufferPool& buffers);

}  // namespace weir::detail
