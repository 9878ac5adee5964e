// SPDX-License-Identifier: MIT
//
// What flows through streams, and the faults of segments and receives. The rules are those of
// Linux: what had arrived is read before an error, an error is told once, and after a reset
// reads give the end and writes EPIPE.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/backend/simulated/network.h"

namespace weir::detail {
namespace {

constexpr std::size_t kWindow = 64 * 1024;  // bytes sent and not yet read, in each direction

}  // namespace

// Serves an armed accept or receive, if there is something for it.
void SimulatedNetwork::progress_input(int fd) {
    SimulatedSocket& own = socket(fd);
    if (own.input == nullptr) return;
    switch (own.type) {
        case SocketType::listener:
            return accept(own);
        case SocketType::datagram:
            return receive_from(own);
        case SocketType::stream:
            break;
    }
    if (own.arrived > 0) return receive(own);
    if (own.error != 0) return complete_armed(own.input, -std::exchange(own.error, 0));
    if (own.has_ended) return complete_armed(own.input, 0);
}

void SimulatedNetwork::accept(SimulatedSocket& listener) {
    if (listener.queue.empty()) return;
    if (core_.happens(core_.faults().out_of_descriptors_)) {
        return complete_armed(listener.input, -EMFILE);
    }
    const int accepted = listener.queue.front();
    listener.queue.pop();
    complete_armed(listener.input, accepted);
}

void SimulatedNetwork::receive(SimulatedSocket& own) {
    const Faults& faults = core_.faults();
    if (core_.happens(faults.out_of_buffers_)) return complete_armed(own.input, -ENOBUFS);
    const BufferPool::Buffer buffer = buffers_.take();
    if (buffer.data == nullptr) return complete_armed(own.input, -ENOBUFS);
    std::size_t count = std::min(own.arrived, buffers_.buffer_size());
    if (core_.happens(faults.short_receives_)) count = 1 + core_.below(count);
    std::memcpy(buffer.data, own.bytes.readable().data(), count);
    own.bytes.consume(count);
    own.bytes.release_if_empty();
    own.arrived -= count;
    own.input->buffer = buffer;
    complete_armed(own.input, static_cast<int>(count));
    if (find(own.peer) != nullptr) progress_output(own.peer.fd);
}

// Moves what the window has room for on its way to the peer.
void SimulatedNetwork::progress_output(int fd) {
    SimulatedSocket& own = socket(fd);
    if (own.output == nullptr || own.output->kind != OperationKind::send) return;
    if (own.error != 0) return complete_armed(own.output, -std::exchange(own.error, 0));
    if (own.output_ended) return complete_armed(own.output, -EPIPE);
    SimulatedSocket* peer = find(own.peer);
    if (peer == nullptr) {
        // The first bytes go out all the same, and bring a reset back.
        if (own.local.is_unix()) return complete_armed(own.output, -EPIPE);
        if (!std::exchange(own.reset_is_due, true)) {
            follow(ref_to(fd), EventKind::reset_arrives, 0, core_.one_way());
        }
        return complete_armed(own.output, 0);
    }
    Bytes& data = own.output->data;
    if (peer->is_cut) data = {};
    send_segments(fd, *peer, data);
    if (data.empty()) complete_armed(own.output, 0);
}

void SimulatedNetwork::send_segments(int fd, SimulatedSocket& peer, Bytes& data) {
    while (!data.empty()) {
        const std::size_t room = kWindow - std::min(kWindow, peer.bytes.size());
        std::size_t count = std::min(data.size(), room);
        if (count == 0) return;
        if (count > 1 && core_.happens(core_.faults().split_segments_)) {
            count = 1 + core_.below(count - 1);
        }
        const bool goes_on = send_segment(fd, peer, data.first(count));
        data = goes_on ? data.subspan(count) : Bytes();
    }
}

// False: nothing that is sent behind it arrives.
bool SimulatedNetwork::send_segment(int fd, SimulatedSocket& peer, Bytes segment) {
    const Faults& faults = core_.faults();
    const SocketRef target = socket(fd).peer;
    if (core_.happens(faults.resets_)) {
        core_.trace("connection-breaks", {fd, target.fd});
        follow(target, EventKind::reset_arrives, 0);
        follow(ref_to(fd), EventKind::reset_arrives, 0);
        peer.is_cut = socket(fd).is_cut = true;
        return false;
    }
    Duration extra{};
    if (core_.happens(faults.slow_segments_)) extra = core_.up_to(faults.slow_at_most_);
    peer.bytes.append(segment);
    follow(target, EventKind::bytes_arrive, static_cast<int>(segment.size()), extra);
    if (!core_.happens(faults.half_closes_)) return true;
    core_.trace("output-lost", {fd});
    peer.is_cut = true;
    follow(target, EventKind::end_arrives, 0);
    return false;
}

void SimulatedNetwork::reset_arrives(int fd) {
    SimulatedSocket& own = socket(fd);
    // Whoever had seen the peer's end before is told another thing, as by Linux.
    own.error = own.has_ended ? EPIPE : ECONNRESET;
    own.has_ended = own.output_ended = true;
    if (own.bytes.size() > own.arrived) {
        // What is still under way is lost; what has arrived can be read.
        ByteQueue kept;
        kept.append(own.bytes.readable().first(own.arrived));
        own.bytes = std::move(kept);
    }
    own.peer = SocketRef();
    progress_input(fd);
    progress_output(fd);
}

bool SimulatedNetwork::has_input(int fd) noexcept {
    const SimulatedSocket& own = socket(fd);
    return own.arrived > 0 || own.has_ended || own.error != 0;
}

}  // namespace weir::detail
