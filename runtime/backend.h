// SPDX-License-Identifier: MIT
//
// What the reactor asks of an I/O mechanism. Three implementations keep one contract: io_uring,
// epoll, and the simulator. The contract, which the conformance suite spells out:
// - A submitted operation completes exactly once, even when cancelled. cancel() only asks.
// - Neither submit() nor cancel() resumes a coroutine: completions are collected by wait().
// - Results are what the system call would give: a count, a descriptor, or a negated errno value.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/kernel_features.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class Simulation;
class SocketOptions;

/// Which mechanism a reactor uses.
enum class BackendKind : std::uint8_t {
    automatic,  ///< the environment's WEIR_BACKEND if set; else io_uring where it is fast, or epoll
    uring,      ///< io_uring, or a clear error where kernel or container refuse it
    epoll,
    simulated,  ///< virtual clock and in-memory network
};

namespace detail {

class BufferPool;
class Operation;
class OperationList;
class PoolJob;
class ReceiveOperation;
class ReadyQueue;

class Backend {
public:
    virtual ~Backend() = default;

    virtual BackendKind kind() const noexcept = 0;

    /// Starts `operation`, which the caller has filled in. Its state becomes in_flight.
    virtual void submit(Operation& operation) = 0;
    /// Asks a submitted operation to end soon. It may still succeed.
    virtual void cancel(Operation& operation) noexcept = 0;
    /// Drops what has arrived for a stream that is gone, whose receive is idle. False: the kernel
    /// goes on receiving for it; the operation is in flight, completes once more, and is free then.
    virtual bool let_go(ReceiveOperation&) noexcept { return true; }
    /// Waits until an operation completes, wake() is called or `deadline` passes, and appends what
    /// completed. With a deadline in the past it only looks.
    virtual void wait(Instant deadline, OperationList& completed) = 0;
    /// Ends a wait() that is going on, or the next one. Any thread.
    virtual void wake() noexcept = 0;
    virtual Instant now() noexcept = 0;
    /// Readable when wait() would find something; for those who poll it in a loop of their own.
    /// -1 in a simulated world.
    virtual int descriptor() const noexcept { return -1; }
    /// True when the next wait() has something to do at once: to hand the kernel what was asked
    /// since the last one, or to tell what has completed without the kernel.
    virtual bool has_pending() const noexcept { return false; }
    /// True when nothing can complete any more unless something new is submitted. Only the
    /// simulator can know; the others say false.
    virtual bool is_dead_end() const noexcept { return false; }
    /// For a world that was asked to: puts what is ready into an order drawn from its seed.
    virtual void shuffle(ReadyQueue&) {}
    /// False for what the loop was told to do without. What the kernel itself refuses is not asked
    /// here: who uses it finds out, and takes the same way then.
    virtual bool may_use(KernelFeature) const noexcept { return true; }
    /// For a world without threads: takes work that is meant for the pool, calls its work() and,
    /// later, its report(), both on this thread. False: the pool must do it.
    virtual bool take_job(PoolJob&) noexcept { return false; }

    // Addresses are the bytes of a sockaddr: IPv4, IPv6 or UNIX.
    /// A stream socket for connecting to `peer`; `options` may be null.
    virtual Result<int> open_socket(Bytes peer, const SocketOptions* options) = 0;
    /// `shares_port`: others that share it may listen there, too, and the kernel deals out.
    virtual Result<int> listen(Bytes local, int backlog, bool shares_port) = 0;
    virtual Result<int> open_datagram_socket(Bytes local) = 0;
    virtual Result<Endpoint> local_endpoint(int fd) = 0;
    /// Of a connected stream.
    virtual Result<Endpoint> peer_endpoint(int fd) = 0;
    /// The peer will read an end after what was sent.
    virtual Result<void> shut_down_output(int fd) noexcept = 0;
    /// True when the peer has closed, or has sent what nobody asked for: not worth reusing.
    virtual bool has_input(int fd) noexcept = 0;
    /// Precondition: no operation of `fd` is in flight.
    virtual void close(int fd) noexcept = 0;
    /// For a backend with names of its own, as the simulator has: the addresses of `host`, or the
    /// error. Others give nothing, and the system's resolver is asked.
    virtual std::optional<Result<std::vector<Endpoint>>> resolve(std::string_view, std::uint16_t) {
        return std::nullopt;
    }
};

/// How a backend is made.
struct BackendOptions {
    BackendKind kind = BackendKind::automatic;
    /// The world that BackendKind::simulated makes; null for one of seed 1 without faults.
    const Simulation* simulation = nullptr;
    KernelFeatures without{};
    unsigned ring_submissions = 1024;
    unsigned ring_completions = 8192;
};

/// A backend of the kind asked for, or the reason why it cannot be had.
Result<std::unique_ptr<Backend>> make_backend(BackendOptions options, BufferPool& buffers);

}  // namespace detail

/// "uring", "epoll", "simulated", "automatic".
std::string_view to_string(BackendKind kind) noexcept;

/// What BackendKind::automatic comes to on this machine, and why, for a person. It names what
/// WEIR_WITHOUT leaves out; `without`: what ReactorOptions::without() will leave out besides.
std::string explain_backend_choice(KernelFeatures without = {});

}  // namespace weir
