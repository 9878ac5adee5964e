// SPDX-License-Identifier: MIT
//
// What the two real backends share: plain socket calls, the monotonic clock, and the descriptor
// through which other threads wake the loop.
#pragma once

#include <weir/runtime/backend.h>
#include <weir/runtime/operation.h>

namespace weir::detail {

class SystemBackend : public Backend {
public:
    /// `socket_flags`: SOCK_NONBLOCK, or nothing where the mechanism waits for blocking sockets.
    SystemBackend(int socket_flags, KernelFeatures without);
    ~SystemBackend() override;
    SystemBackend(const SystemBackend&) = delete;
    SystemBackend& operator=(const SystemBackend&) = delete;

    void wake() noexcept override;
    Instant now() noexcept override;
    Result<int> open_socket(Bytes peer, const SocketOptions* options) override;
    Result<int> listen(Bytes local, int backlog, bool shares_port) override;
    Result<int> open_datagram_socket(Bytes local) override;
    Result<Endpoint> local_endpoint(int fd) override;
    Result<Endpoint> peer_endpoint(int fd) override;
    Result<void> shut_down_output(int fd) noexcept override;
    bool has_input(int fd) noexcept override;
    void close(int fd) noexcept override;
    bool may_use(KernelFeature feature) const noexcept override {
        return !without_.contains(feature);
    }

protected:
    /// An eventfd, readable after wake(). -1 if it could not be made.
    int wake_fd() const noexcept { return wake_fd_; }
    void clear_wake() noexcept;
    int socket_flags() const noexcept { return socket_flags_; }

private:
    Result<int> open(Bytes address, int type, const char* doing);

    int socket_flags_;
    KernelFeatures without_;
    int wake_fd_;
};

/// For sendmsg() and recvmsg(): points the header at the operation's address and at one piece of
/// memory, which is only read for a send.
void prepare_header(MessageOperation& operation, const std::byte* data, std::size_t size) noexcept;
/// After a recvmsg(): who sent the datagram, and whether all of it is there.
void take_header(MessageOperation& operation) noexcept;

/// An error only where descriptors or memory have run out.
Result<std::unique_ptr<Backend>> make_epoll_backend(const BackendOptions& options,
                                                    BufferPool& buffers);
/// Errc::unsupported, with the reason, where io_uring is refused or lacks what makes it fast;
/// another error where descriptors or memory have run out.
Result<std::unique_ptr<Backend>> make_uring_backend(const BackendOptions& options,
                                                    BufferPool& buffers);
/// Always succeeds.
Result<std::unique_ptr<Backend>> make_simulated_backend(const Simulation& simulation,
                                                        BufferPool& buffers);

}  // namespace weir::detail
