// SPDX-License-Identifier: MIT
//
// Datagrams: each finds its way alone, to whoever is bound to its address when it arrives. Where
// nobody is, or the receiver's queue is full, it is dropped and nobody is told.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/backend/simulated/network.h"

namespace weir::detail {
namespace {

constexpr std::size_t kLargestDatagram = 65507;    // of UDP over IPv4
constexpr std::size_t kReceiveQueue = 208 * 1024;  // bytes; Linux's default

}  // namespace

void SimulatedNetwork::send_to(MessageOperation& operation) {
    const Bytes raw(reinterpret_cast<const std::byte*>(&operation.address), operation.address_size);
    const Result<SimulatedAddress> target = SimulatedAddress::from_sockaddr(raw);
    if (!target) return core_.complete(operation, -EAFNOSUPPORT);
    if (operation.data.size() > kLargestDatagram) return core_.complete(operation, -EMSGSIZE);
    if (target->is_unix() && bound_to(SocketType::datagram, *target) < 0) {
        return core_.complete(operation, target->is_abstract() ? -ECONNREFUSED : -ENOENT);
    }
    const Faults& faults = core_.faults();
    if (!target->is_unix() && core_.happens(faults.unreachable_hosts_)) {
        core_.trace("datagram-unreachable", {operation.fd});
        return core_.complete(operation, -EHOSTUNREACH);
    }
    const SimulatedAddress from = socket(operation.fd).local.seen_by_others();
    if (core_.happens(faults.lost_datagrams_)) {
        core_.trace("datagram-lost", {operation.fd});
    } else {
        post(from, *target, operation.data);
        if (core_.happens(faults.doubled_datagrams_)) post(from, *target, operation.data);
    }
    core_.complete(operation, static_cast<int>(operation.data.size()));
}

void SimulatedNetwork::post(const SimulatedAddress& from, const SimulatedAddress& to, Bytes bytes) {
    int place = static_cast<int>(datagrams_.size());
    if (free_datagrams_.empty()) {
        datagrams_.emplace_back();
    } else {
        place = free_datagrams_.back();
        free_datagrams_.pop_back();
    }
    Datagram& made = datagrams_[static_cast<std::size_t>(place)];
    made.from = from;
    made.to = to;
    made.bytes.assign(bytes.begin(), bytes.end());
    Duration delay = core_.one_way();
    const Faults& faults = core_.faults();
    if (core_.happens(faults.reordered_datagrams_)) delay += core_.up_to(faults.reorder_at_most_);
    core_.after(delay, EventKind::datagram_arrives, SocketRef(), place);
}

void SimulatedNetwork::datagram_arrives(int place) {
    const Datagram& datagram = datagrams_[static_cast<std::size_t>(place)];
    const int fd = bound_to(SocketType::datagram, datagram.to);
    const std::size_t size = datagram.bytes.size();
    if (fd < 0 || socket(fd).datagram_bytes + size > kReceiveQueue) {
        core_.trace("datagram-dropped", {fd, static_cast<int>(size)});
        return free_datagram(place);
    }
    core_.trace("datagram", {fd, static_cast<int>(size)});
    socket(fd).datagram_bytes += size;
    socket(fd).queue.push(place);
    progress_input(fd);
}

void SimulatedNetwork::receive_from(SimulatedSocket& own) {
    if (own.queue.empty()) return;
    if (core_.happens(core_.faults().out_of_buffers_)) return complete_armed(own.input, -ENOBUFS);
    const BufferPool::Buffer buffer = buffers_.take();
    if (buffer.data == nullptr) return complete_armed(own.input, -ENOBUFS);
    auto& operation = static_cast<MessageOperation&>(*own.input);
    const int place = own.queue.front();
    own.queue.pop();
    const Datagram& datagram = datagrams_[static_cast<std::size_t>(place)];
    const std::size_t size = datagram.bytes.size();
    const std::size_t count = std::min(size, buffers_.buffer_size());
    if (count > 0) std::memcpy(buffer.data, datagram.bytes.data(), count);
    own.datagram_bytes -= size;
    datagram.from.write_to(operation.address, operation.address_size);
    operation.was_cut = count < size;
    operation.buffer = buffer;
    free_datagram(place);
    complete_armed(own.input, static_cast<int>(count));
}

void SimulatedNetwork::free_datagram(int place) {
    datagrams_[static_cast<std::size_t>(place)] = Datagram();
    free_datagrams_.push_back(place);
}

}  // namespace weir::detail
