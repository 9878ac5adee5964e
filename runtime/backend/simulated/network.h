// SPDX-License-Identifier: MIT
//
// The network of the simulated world: listeners, streams and datagram sockets in memory. Bytes of
// one direction arrive in order, through a window of 64 KiB; datagrams find their own way. Each
// fault is decided where its cause would be: in the segment, the connect, the receive.
#pragma once

#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/socket_options.h>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "runtime/backend/simulated/address.h"
#include "runtime/backend/simulated/core.h"

namespace weir::detail {

/// A FIFO of small numbers; no memory while empty from the start.
class NumberQueue {
public:
    bool empty() const noexcept { return head_ == numbers_.size(); }
    void push(int number) { numbers_.push_back(number); }
    /// Precondition: not empty.
    int front() const noexcept { return numbers_[head_]; }
    void pop() noexcept {
        if (++head_ < numbers_.size()) return;
        numbers_.clear();
        head_ = 0;
    }

private:
    std::vector<int> numbers_;
    std::size_t head_ = 0;
};

enum class SocketType : std::uint8_t { stream, listener, datagram };

struct SimulatedSocket {
    SocketType type = SocketType::stream;
    bool is_open = false;
    bool is_cut = false;        // a fault: what is sent to this socket vanishes
    bool has_ended = false;     // nothing more will arrive
    bool output_ended = false;  // nothing more may be sent
    bool reset_is_due = false;  // the peer is gone, and a reset on its way to tell
    int error = 0;              // an errno value, told once
    std::uint32_t generation = 0;
    Operation* input = nullptr;   // waits for bytes, for a connection or for a datagram
    Operation* output = nullptr;  // waits for the connection, or for room in the window
    SocketRef peer;
    SimulatedAddress local;
    SimulatedAddress remote;  // streams: to whom
    ByteQueue bytes;          // sent to this socket; first those that have arrived
    std::size_t arrived = 0;
    Instant last_arrival{};  // of what is under way to this socket: nothing overtakes it
    // A listener's connections that nobody accepted yet, or places of datagrams in the store.
    NumberQueue queue;
    std::size_t datagram_bytes = 0;
};

class SimulatedNetwork {
public:
    SimulatedNetwork(SimulatedCore& core, BufferPool& buffers) : core_(core), buffers_(buffers) {}

    Result<int> open_socket(Bytes peer, const SocketOptions* options);
    Result<int> listen(Bytes local);
    Result<int> open_datagram_socket(Bytes local);
    Result<Endpoint> local_endpoint(int fd) { return socket(fd).local.endpoint(); }
    Result<Endpoint> peer_endpoint(int fd) { return socket(fd).remote.endpoint(); }
    Result<void> shut_down_output(int fd);
    bool has_input(int fd) noexcept;
    void close(int fd) { close_socket(fd, false); }

    void start(Operation& operation);
    /// False when the socket does not hold it: its completion is on its way already.
    bool disarm(Operation& operation) noexcept;
    void handle(const Event& event);
    std::vector<Endpoint> resolve(std::string_view host, std::uint16_t port) const;

private:
    struct Datagram {
        SimulatedAddress from;
        SimulatedAddress to;
        std::vector<std::byte> bytes;
    };

    SimulatedSocket& socket(int fd) { return sockets_[static_cast<std::size_t>(fd)]; }
    SimulatedSocket* find(SocketRef ref);
    SocketRef ref_to(int fd) { return SocketRef{fd, socket(fd).generation}; }
    int add_socket(SocketType type, const SimulatedAddress& local);
    bool lacks_descriptor();
    void close_socket(int fd, bool by_reset);
    void complete_armed(Operation*& armed, int result) {
        if (armed != nullptr) core_.complete(*std::exchange(armed, nullptr), result);
    }
    std::uint16_t next_port() noexcept;
    Result<SimulatedAddress> claim(SocketType type, Bytes local, const char* doing);
    int bound_to(SocketType type, const SimulatedAddress& target);

    void begin_connect(Operation& operation);
    void connect_arrives(int client);
    void progress_input(int fd);
    void accept(SimulatedSocket& listener);
    void receive(SimulatedSocket& own);
    void progress_output(int fd);
    void send_segments(int fd, SimulatedSocket& peer, Bytes& data);
    bool send_segment(int fd, SimulatedSocket& peer, Bytes segment);
    void follow(SocketRef target, EventKind kind, int value, Duration extra = Duration::zero());
    void reset_arrives(int fd);

    void send_to(MessageOperation& operation);
    void post(const SimulatedAddress& from, const SimulatedAddress& to, Bytes bytes);
    void datagram_arrives(int place);
    void receive_from(SimulatedSocket& own);
    void free_datagram(int place);

    SimulatedCore& core_;
    BufferPool& buffers_;
    std::deque<SimulatedSocket> sockets_;  // by descriptor
    std::vector<int> free_sockets_;
    std::vector<int> bound_;  // listeners and datagram sockets, in order of binding
    std::vector<Datagram> datagrams_;
    std::vector<int> free_datagrams_;
    std::uint16_t next_port_ = 49152;
};

}  // namespace weir::detail
