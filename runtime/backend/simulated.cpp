// SPDX-License-Identifier: MIT
//
// A world in memory: a clock that jumps to the next thing that happens, and a network whose bytes
// take a fixed time to arrive. One thread, no system call, the same events at the same times in
// every run. Descriptors are numbers of this world only.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include <weir/runtime/base/byte_queue.h>
#include <weir/runtime/buffers.h>
#include <weir/runtime/operation.h>
#include "runtime/backend/system_backend.h"

namespace weir::detail {
namespace {

constexpr Duration kOneWay = std::chrono::microseconds(50);
constexpr std::size_t kWindow = 64 * 1024;  // bytes sent and not yet read, in each direction
constexpr std::uint16_t kFirstEphemeralPort = 49152;

struct Socket {
    bool is_open = true;
    bool is_listener = false;
    Endpoint local;
    int peer = -1;                // the other end's descriptor; -1 before and after
    Operation* input = nullptr;   // waits for bytes or for a connection
    Operation* output = nullptr;  // waits for the connection, or for room in the window
    ByteQueue arrived;
    std::size_t under_way = 0;  // bytes sent to this socket that have not arrived yet
    bool has_ended = false;     // the peer's end has arrived
    bool was_reset = false;     // the peer closed with bytes unread
    std::deque<int> backlog;    // connections nobody accepted yet
};

class SimulatedBackend final : public Backend {
public:
    explicit SimulatedBackend(BufferPool& buffers) : buffers_(buffers) {}

    BackendKind kind() const noexcept override { return BackendKind::simulated; }
    void submit(Operation& operation) override;
    void cancel(Operation& operation) noexcept override;
    void wait(Instant deadline, OperationList& completed) override;
    void wake() noexcept override { woken_.store(true, std::memory_order_release); }
    Instant now() noexcept override { return clock_; }
    bool is_dead_end() const noexcept override {
        return events_.empty() && completed_is_empty_ && !woken_.load(std::memory_order_acquire);
    }
    Result<int> open_socket(const Endpoint& peer) override;
    Result<int> listen(const Endpoint& local, int backlog) override;
    Result<Endpoint> local_endpoint(int fd) override { return socket(fd).local; }
    bool has_input(int fd) noexcept override;
    void close(int fd) noexcept override;
    std::optional<Result<std::vector<Endpoint>>> resolve(std::string_view host,
                                                         std::uint16_t port) override;

private:
    Socket& socket(int fd) { return sockets_[static_cast<std::size_t>(fd)]; }
    int add_socket();
    void after(Duration delay, std::function<void()> event) {
        events_.emplace(clock_ + delay, std::move(event));
    }
    void complete(Operation& operation, int result) {
        completed_.complete(operation, result);
        completed_is_empty_ = false;
    }
    void complete_armed(Operation*& armed, int result) {
        if (armed != nullptr) complete(*std::exchange(armed, nullptr), result);
    }
    void begin_connect(Operation& operation);
    void arrive_at_listener(int client, const Endpoint& target);
    void progress_input(int fd);
    void progress_output(int fd);
    int listener_at(const Endpoint& endpoint);

    BufferPool& buffers_;
    Instant clock_{std::chrono::seconds(1)};
    std::vector<int> listeners_;
    std::deque<Socket> sockets_;  // by descriptor; numbers are not used again
    std::multimap<Instant, std::function<void()>> events_;  // equal times: in order of insertion
    OperationList completed_;
    bool completed_is_empty_ = true;
    std::uint16_t next_port_ = kFirstEphemeralPort;
    std::atomic<bool> woken_ = false;
};

void SimulatedBackend::submit(Operation& operation) {
    operation.state = OperationState::in_flight;
    operation.cancel_asked = false;
    if (operation.kind == OperationKind::wait_readable) {
        // A descriptor of the real world: nothing ever happens there.
        return;
    }
    Socket& own = socket(operation.fd);
    switch (operation.kind) {
        case OperationKind::accept:
        case OperationKind::receive:
            own.input = &operation;
            return progress_input(operation.fd);
        case OperationKind::connect:
            own.output = &operation;
            return begin_connect(operation);
        case OperationKind::send:
            own.output = &operation;
            return progress_output(operation.fd);
        case OperationKind::wait_readable:
            return;
    }
}

void SimulatedBackend::cancel(Operation& operation) noexcept {
    operation.cancel_asked = true;
    if (!operation.in_flight()) return;
    if (operation.kind != OperationKind::wait_readable) {
        Socket& own = socket(operation.fd);
        if (own.input == &operation) own.input = nullptr;
        if (own.output == &operation) own.output = nullptr;
    }
    complete(operation, -ECANCELED);
}

void SimulatedBackend::wait(Instant deadline, OperationList& completed) {
    while (completed_.empty() && !woken_.exchange(false, std::memory_order_acquire)) {
        const Instant next = events_.empty() ? kNever : events_.begin()->first;
        if (next == kNever && deadline == kNever) break;
        if (deadline < next) {
            clock_ = std::max(clock_, deadline);
            break;
        }
        clock_ = std::max(clock_, next);
        auto event = events_.extract(events_.begin());
        event.mapped()();
    }
    completed.take_all(completed_);
    completed_is_empty_ = true;
}

int SimulatedBackend::add_socket() {
    sockets_.emplace_back();
    return static_cast<int>(sockets_.size()) - 1;
}

Result<int> SimulatedBackend::open_socket(const Endpoint&) {
    const int fd = add_socket();
    socket(fd).local = Endpoint::loopback(next_port_++);
    return fd;
}

Result<int> SimulatedBackend::listen(const Endpoint& local, int) {
    const Endpoint endpoint = local.port() == 0 ? local.with_port(next_port_++) : local;
    if (listener_at(endpoint) >= 0) {
        return Error::from_errno(EADDRINUSE, "listening on " + endpoint.to_string());
    }
    const int fd = add_socket();
    socket(fd).local = endpoint;
    socket(fd).is_listener = true;
    listeners_.push_back(fd);
    return fd;
}

int SimulatedBackend::listener_at(const Endpoint& endpoint) {
    for (const int fd : listeners_) {
        const Socket& each = socket(fd);
        if (!each.is_open || each.local.port() != endpoint.port()) continue;
        if (each.local == endpoint || each.local == Endpoint().with_port(endpoint.port())) {
            return fd;
        }
    }
    return -1;
}

void SimulatedBackend::begin_connect(Operation& operation) {
    const int client = operation.fd;
    const Endpoint target = *operation.peer;
    after(kOneWay, [this, client, target] { arrive_at_listener(client, target); });
}

void SimulatedBackend::arrive_at_listener(int client, const Endpoint& target) {
    if (!socket(client).is_open) return;
    const int listener = listener_at(target);
    if (listener < 0) {
        after(kOneWay, [this, client] { complete_armed(socket(client).output, -ECONNREFUSED); });
        return;
    }
    const int server = add_socket();
    socket(server).local = socket(listener).local;
    socket(server).peer = client;
    socket(client).peer = server;
    socket(listener).backlog.push_back(server);
    progress_input(listener);
    after(kOneWay, [this, client] { complete_armed(socket(client).output, 0); });
}

// Serves an armed accept or receive, if there is something for it.
void SimulatedBackend::progress_input(int fd) {
    Socket& own = socket(fd);
    if (own.input == nullptr) return;
    if (own.is_listener) {
        if (own.backlog.empty()) return;
        const int accepted = own.backlog.front();
        own.backlog.pop_front();
        return complete_armed(own.input, accepted);
    }
    if (own.was_reset) return complete_armed(own.input, -ECONNRESET);
    if (own.arrived.empty()) {
        if (own.has_ended) complete_armed(own.input, 0);
        return;
    }
    const BufferPool::Buffer buffer = buffers_.take();
    if (buffer.data == nullptr) return complete_armed(own.input, -ENOBUFS);
    const std::size_t count = std::min(own.arrived.size(), buffers_.buffer_size());
    std::memcpy(buffer.data, own.arrived.readable().data(), count);
    own.arrived.consume(count);
    own.arrived.release_if_empty();
    own.input->buffer = buffer;
    complete_armed(own.input, static_cast<int>(count));
    if (own.peer >= 0) progress_output(own.peer);
}

// Moves what the window has room for on its way to the peer.
void SimulatedBackend::progress_output(int fd) {
    Socket& own = socket(fd);
    if (own.output == nullptr || own.output->kind != OperationKind::send) return;
    if (own.was_reset) return complete_armed(own.output, -ECONNRESET);
    if (own.peer < 0) return complete_armed(own.output, -EPIPE);
    const int peer = own.peer;
    Socket& other = socket(peer);
    Bytes& data = own.output->data;
    const std::size_t used = other.under_way + other.arrived.size();
    const std::size_t count = std::min(data.size(), kWindow - std::min(kWindow, used));
    if (count > 0) {
        std::vector<std::byte> segment(data.begin(), data.begin() + static_cast<long>(count));
        data = data.subspan(count);
        other.under_way += count;
        after(kOneWay, [this, peer, bytes = std::move(segment)] {
            Socket& receiver = socket(peer);
            receiver.under_way -= bytes.size();
            if (!receiver.is_open) return;
            receiver.arrived.append(Bytes(bytes));
            progress_input(peer);
        });
    }
    if (data.empty()) complete_armed(own.output, 0);
}

bool SimulatedBackend::has_input(int fd) noexcept {
    const Socket& own = socket(fd);
    return !own.arrived.empty() || own.has_ended || own.was_reset;
}

void SimulatedBackend::close(int fd) noexcept {
    Socket& own = socket(fd);
    own.is_open = false;
    for (const int waiting : std::exchange(own.backlog, {}))
        close(waiting);
    if (own.peer < 0) return;
    const bool reset = !own.arrived.empty() || own.under_way > 0;
    const int peer = std::exchange(own.peer, -1);
    after(kOneWay, [this, peer, reset] {
        Socket& other = socket(peer);
        other.peer = -1;
        (reset ? other.was_reset : other.has_ended) = true;
        if (!other.is_open) return;
        progress_input(peer);
        progress_output(peer);
    });
}

std::optional<Result<std::vector<Endpoint>>> SimulatedBackend::resolve(std::string_view host,
                                                                       std::uint16_t port) {
    if (host == "localhost") {
        return Result<std::vector<Endpoint>>(std::vector<Endpoint>{Endpoint::loopback(port)});
    }
    return Result<std::vector<Endpoint>>(Error(
        Errc::name_not_found, "the simulated world knows no host \"" + std::string(host) + "\""));
}

}  // namespace

Result<std::unique_ptr<Backend>> make_simulated_backend(BufferPool& buffers) {
    return std::unique_ptr<Backend>(std::make_unique<SimulatedBackend>(buffers));
}

}  // namespace weir::detail
