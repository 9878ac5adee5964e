// SPDX-License-Identifier: MIT
#include "runtime/backend/simulated/core.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace weir::detail {
namespace {

constexpr Instant kBegin{std::chrono::seconds(1)};

bool is_later(const Event& left, const Event& right) noexcept {
    if (left.when != right.when) return left.when > right.when;
    return left.order > right.order;
}

const char* name_of(OperationKind kind) noexcept {
    switch (kind) {
        case OperationKind::accept:
            return "accepted";
        case OperationKind::connect:
            return "connected";
        case OperationKind::receive:
            return "received";
        case OperationKind::send:
            return "sent";
        case OperationKind::wait_readable:
            return "readable";
        case OperationKind::receive_from:
            return "received-from";
        case OperationKind::send_to:
            return "sent-to";
        case OperationKind::read_at:
        case OperationKind::write_at:
        case OperationKind::sync:
            break;
    }
    return "file";
}

}  // namespace

SimulatedCore::SimulatedCore(const Simulation& simulation)
    : world_(simulation), random_(simulation.seed_), clock_(kBegin) {
    events_.reserve(16);
}

void SimulatedCore::maybe_jump() {
    if (!happens(faults().clock_jumps_)) return;
    clock_ += up_to(faults().jump_at_most_);
    trace("clock-jumps", {});
}

void SimulatedCore::at(Instant when, EventKind kind, SocketRef target, int value,
                       Operation* operation, PoolJob* job) {
    events_.push_back(Event{when, events_made_++, kind, target, value, operation, job});
    std::push_heap(events_.begin(), events_.end(), is_later);
}

Event SimulatedCore::take_event() noexcept {
    std::pop_heap(events_.begin(), events_.end(), is_later);
    const Event event = events_.back();
    events_.pop_back();
    return event;
}

void SimulatedCore::complete(Operation& operation, int result) {
    if (happens(faults().delayed_completions_)) {
        const Instant when = clock_ + up_to(faults().delay_at_most_);
        return at(when, EventKind::completion_due, SocketRef(), result, &operation);
    }
    complete_now(operation, result);
}

void SimulatedCore::complete_now(Operation& operation, int result) {
    trace(name_of(operation.kind), {operation.fd, result});
    completed_.complete(operation, result);
}

void SimulatedCore::write_line(std::string_view what, std::initializer_list<std::int64_t> numbers) {
    const std::int64_t nanoseconds = (clock_ - kBegin).count();
    std::array<char, 48> time{};
    std::snprintf(time.data(), time.size(), "%lld.%09lld",
                  static_cast<long long>(nanoseconds / 1'000'000'000),
                  static_cast<long long>(nanoseconds % 1'000'000'000));
    std::string line = time.data();
    line.append(" ").append(what);
    for (const std::int64_t number : numbers)
        line.append(" ").append(std::to_string(number));
    world_.trace_->push_back(std::move(line));
}

}  // namespace weir::detail
