// SPDX-License-Identifier: MIT
//
// Sockets, names, and how a stream is connected and closed. What flows through it is in streams.cpp
// and datagrams.cpp.
#include "runtime/backend/simulated/network.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weir::detail {
namespace {

constexpr std::uint16_t kFirstEphemeralPort = 49152;

// What the kernel says of a UNIX path without a file, of an abstract name and of a port.
int nobody_there(const SimulatedAddress& target) noexcept {
    return target.is_unix() && !target.is_abstract() ? ENOENT : ECONNREFUSED;
}

}  // namespace

SimulatedSocket* SimulatedNetwork::find(SocketRef ref) {
    if (ref.fd < 0) return nullptr;
    SimulatedSocket& found = socket(ref.fd);
    return found.is_open && found.generation == ref.generation ? &found : nullptr;
}

int SimulatedNetwork::add_socket(SocketType type, const SimulatedAddress& local) {
    int fd = static_cast<int>(sockets_.size());
    if (free_sockets_.empty()) {
        sockets_.emplace_back();
    } else {
        fd = free_sockets_.back();
        free_sockets_.pop_back();
    }
    SimulatedSocket& made = socket(fd);
    made.type = type;
    made.is_open = true;
    made.local = local;
    return fd;
}

std::uint16_t SimulatedNetwork::next_port() noexcept {
    if (next_port_ < kFirstEphemeralPort) next_port_ = kFirstEphemeralPort;
    return next_port_++;
}

// The fault, for a socket that is about to be made.
bool SimulatedNetwork::lacks_descriptor() {
    if (!core_.happens(core_.faults().out_of_descriptors_)) return false;
    core_.trace("out-of-descriptors", {});
    return true;
}

Result<int> SimulatedNetwork::open_socket(Bytes peer, const SocketOptions* options) {
    Result<SimulatedAddress> remote = SimulatedAddress::from_sockaddr(peer);
    if (!remote) return std::move(remote).error();
    if (lacks_descriptor()) {
        return Error::from_errno(EMFILE, "connecting to " + remote->to_string());
    }
    auto local = SimulatedAddress::for_client_of(*remote, next_port());
    if (options != nullptr && options->local && !remote->is_unix()) {
        if (options->local->is_ipv6() != remote->endpoint()->is_ipv6()) {
            return Error::from_errno(EINVAL, "binding to " + options->local->to_string());
        }
        const std::uint16_t port = local.port();
        local = SimulatedAddress(*options->local);
        if (local.port() == 0) local.set_port(port);
    }
    return add_socket(SocketType::stream, local);
}

// The address to bind to, with a port of its own, unless another socket has it.
Result<SimulatedAddress> SimulatedNetwork::claim(SocketType type, Bytes bytes, const char* doing) {
    Result<SimulatedAddress> local = SimulatedAddress::from_sockaddr(bytes);
    if (!local) return local;
    const auto is_taken = [&] {
        return std::ranges::any_of(bound_, [&](int fd) {
            const SimulatedSocket& other = socket(fd);
            return other.type == type && (other.local.covers(*local) || local->covers(other.local));
        });
    };
    if (local->is_unix() && *local == SimulatedAddress::unnamed_unix()) return local;
    const bool takes_any = !local->is_unix() && local->port() == 0;
    if (takes_any) local->set_port(next_port());
    // As many tries as there are ports to take.
    for (int tries = 0; takes_any && is_taken() && tries < 65536 - kFirstEphemeralPort; ++tries) {
        local->set_port(next_port());
    }
    if (is_taken()) return Error::from_errno(EADDRINUSE, doing + local->to_string());
    return local;
}

Result<int> SimulatedNetwork::listen(Bytes address) {
    Result<SimulatedAddress> local = claim(SocketType::listener, address, "listening on ");
    if (!local) return std::move(local).error();
    if (lacks_descriptor()) {
        return Error::from_errno(EMFILE, "listening on " + local->to_string());
    }
    bound_.push_back(add_socket(SocketType::listener, *local));
    return bound_.back();
}

Result<int> SimulatedNetwork::open_datagram_socket(Bytes address) {
    Result<SimulatedAddress> local =
        claim(SocketType::datagram, address, "binding a datagram socket to ");
    if (!local) return std::move(local).error();
    if (lacks_descriptor()) {
        return Error::from_errno(EMFILE, "binding a datagram socket to " + local->to_string());
    }
    bound_.push_back(add_socket(SocketType::datagram, *local));
    return bound_.back();
}

int SimulatedNetwork::bound_to(SocketType type, const SimulatedAddress& target) {
    if (target == SimulatedAddress::unnamed_unix()) return -1;
    for (const int fd : bound_) {
        if (socket(fd).type == type && socket(fd).local.covers(target)) return fd;
    }
    return -1;
}

void SimulatedNetwork::start(Operation& operation) {
    // A descriptor of the real world, which is no number of ours: nothing ever happens there.
    if (operation.kind == OperationKind::wait_readable) return;
    SimulatedSocket& own = socket(operation.fd);
    switch (operation.kind) {
        case OperationKind::accept:
        case OperationKind::receive:
        case OperationKind::receive_from:
            own.input = &operation;
            return progress_input(operation.fd);
        case OperationKind::connect:
            own.output = &operation;
            return begin_connect(operation);
        case OperationKind::send:
            own.output = &operation;
            return progress_output(operation.fd);
        case OperationKind::send_to:
            return send_to(static_cast<MessageOperation&>(operation));
        case OperationKind::wait_readable:
        case OperationKind::read_at:
        case OperationKind::write_at:
        case OperationKind::sync:
            return core_.complete(operation, -EOPNOTSUPP);
    }
}

bool SimulatedNetwork::disarm(Operation& operation) noexcept {
    if (operation.kind == OperationKind::wait_readable) return true;
    SimulatedSocket& own = socket(operation.fd);
    if (own.input == &operation) return own.input = nullptr, true;
    if (own.output == &operation) return own.output = nullptr, true;
    return false;
}

void SimulatedNetwork::begin_connect(Operation& operation) {
    SimulatedSocket& own = socket(operation.fd);
    own.remote = SimulatedAddress::from_sockaddr(operation.data).value();
    const Faults& faults = core_.faults();
    int failure = 0;
    if (core_.happens(faults.refusals_)) failure = ECONNREFUSED;
    if (!own.remote.is_unix() && core_.happens(faults.unreachable_hosts_)) failure = EHOSTUNREACH;
    if (failure == 0) {
        return core_.after(core_.one_way(), EventKind::connect_arrives, ref_to(operation.fd));
    }
    core_.trace("connect-fails", {operation.fd, failure});
    core_.after(core_.one_way() + core_.one_way(), EventKind::connect_answered,
                ref_to(operation.fd), -failure);
}

void SimulatedNetwork::connect_arrives(int client) {
    SimulatedSocket& from = socket(client);
    const int listener = bound_to(SocketType::listener, from.remote);
    if (listener < 0) {
        return follow(ref_to(client), EventKind::connect_answered, -nobody_there(from.remote));
    }
    const int server = add_socket(SocketType::stream, from.remote);
    socket(server).remote = from.local;
    socket(server).peer = ref_to(client);
    from.peer = ref_to(server);
    socket(listener).queue.push(server);
    follow(ref_to(client), EventKind::connect_answered, 0);
    progress_input(listener);
}

// Lets something arrive at `target` behind all that is under way to it.
void SimulatedNetwork::follow(SocketRef target, EventKind kind, int value, Duration extra) {
    SimulatedSocket& receiver = socket(target.fd);
    const Instant arrival = core_.now() + core_.one_way() + extra;
    receiver.last_arrival = std::max(receiver.last_arrival, arrival);
    core_.at(receiver.last_arrival, kind, target, value);
}

void SimulatedNetwork::handle(const Event& event) {
    if (event.kind == EventKind::datagram_arrives) return datagram_arrives(event.value);
    SimulatedSocket* target = find(event.target);
    if (target == nullptr) return;
    const int fd = event.target.fd;
    switch (event.kind) {
        case EventKind::connect_arrives:
            core_.trace("connect-arrives", {fd});
            return connect_arrives(fd);
        case EventKind::connect_answered:
            core_.trace("connect-answered", {fd, event.value});
            return complete_armed(target->output, event.value);
        case EventKind::bytes_arrive:
            core_.trace("arrives", {fd, event.value});
            target->arrived += static_cast<std::size_t>(event.value);
            return progress_input(fd);
        case EventKind::end_arrives:
            core_.trace("end", {fd});
            target->has_ended = true;
            return progress_input(fd);
        case EventKind::reset_arrives:
            core_.trace("reset", {fd});
            return reset_arrives(fd);
        case EventKind::datagram_arrives:
        case EventKind::completion_due:
        case EventKind::offload_begins:
        case EventKind::offload_ends:
            return;
    }
}

Result<void> SimulatedNetwork::shut_down_output(int fd) {
    SimulatedSocket& own = socket(fd);
    if (own.type != SocketType::stream || own.peer.fd < 0) {
        return Error::from_errno(ENOTCONN, "ending a stream's output");
    }
    if (std::exchange(own.output_ended, true)) return {};
    complete_armed(own.output, -EPIPE);
    if (find(own.peer) != nullptr) follow(own.peer, EventKind::end_arrives, 0);
    return {};
}

void SimulatedNetwork::close_socket(int fd, bool by_reset) {
    SimulatedSocket& own = socket(fd);
    while (!own.queue.empty()) {
        const int waiting = own.queue.front();
        own.queue.pop();
        if (own.type == SocketType::datagram) {
            free_datagram(waiting);
        } else {
            close_socket(waiting, true);  // a client of a listener that is gone
        }
    }
    if (own.type != SocketType::stream) std::erase(bound_, fd);
    if (find(own.peer) != nullptr) {
        // With bytes unread the peer is told that they are lost.
        if (by_reset || !own.bytes.empty()) {
            follow(own.peer, EventKind::reset_arrives, 0);
        } else if (!own.output_ended) {
            follow(own.peer, EventKind::end_arrives, 0);
        }
    }
    const std::uint32_t generation = own.generation + 1;
    own = SimulatedSocket();
    own.generation = generation;
    free_sockets_.push_back(fd);
}

std::vector<Endpoint> SimulatedNetwork::resolve(std::string_view host, std::uint16_t port) const {
    std::vector<Endpoint> found;
    for (const auto& [name, address] : core_.world().hosts_) {
        if (name == host) found.push_back(address.with_port(port));
    }
    if (found.empty() && host == "localhost") found.push_back(Endpoint::loopback(port));
    return found;
}

}  // namespace weir::detail
