// SPDX-License-Identifier: MIT
//
// What all parts of the simulated world share: the clock, the one generator, the events to come,
// the completions to hand over, and the trace. It knows nothing of sockets but their numbers.
#pragma once

#include <weir/runtime/base/random.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/operation.h>
#include <weir/runtime/simulation.h>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace weir::detail {

class PoolJob;

/// A socket that may be gone by the time it is looked for, its number used by another.
struct SocketRef {
    int fd = -1;
    std::uint32_t generation = 0;
};

enum class EventKind : std::uint8_t {
    connect_arrives,   // at the listener; `target` is the client
    connect_answered,  // at the client; `value` is the operation's result
    bytes_arrive,      // `value` bytes at `target`
    end_arrives,
    reset_arrives,
    datagram_arrives,  // `value` is its place in the network's store
    completion_due,    // of `operation`, delayed, with result `value`
    offload_begins,    // the function of `job`, the world's `value`th, is called
    offload_ends,      // and its end is told
};

struct Event {
    Instant when{};
    std::uint64_t order = 0;  // equal times: in order of insertion
    EventKind kind{};
    SocketRef target;
    int value = 0;
    Operation* operation = nullptr;
    PoolJob* job = nullptr;
};

class SimulatedCore {
public:
    explicit SimulatedCore(const Simulation& simulation);

    // --- chance: an impossible fault costs no draw, so it does not change the others -----------
    bool happens(double probability) noexcept {
        if (probability <= 0) return false;
        return static_cast<double>(random_.next() >> 11) * 0x1p-53 < probability;
    }
    std::size_t below(std::size_t bound) noexcept {
        return static_cast<std::size_t>(random_.below(bound));
    }
    Duration up_to(Duration most) noexcept {
        if (most <= Duration::zero()) return Duration::zero();
        return Duration(static_cast<Duration::rep>(
            random_.below(static_cast<std::uint64_t>(most.count()) + 1)));
    }
    /// How long one segment is under way.
    Duration one_way() noexcept { return world_.one_way_ + up_to(world_.jitter_); }
    const Faults& faults() const noexcept { return world_.faults_; }
    const Simulation& world() const noexcept { return world_; }

    // --- time and events -----------------------------------------------------------------------
    Instant now() const noexcept { return clock_; }
    void advance_to(Instant time) noexcept {
        if (time > clock_) clock_ = time;
    }
    /// The fault: between two turns, time goes on by itself.
    void maybe_jump();
    void at(Instant when, EventKind kind, SocketRef target, int value = 0,
            Operation* operation = nullptr, PoolJob* job = nullptr);
    /// So that the next `count` events need no memory.
    void reserve_events(std::size_t count) {
        if (events_.capacity() - events_.size() >= count) return;
        events_.reserve(2 * events_.capacity() + count);
    }
    void after(Duration delay, EventKind kind, SocketRef target, int value = 0) {
        at(clock_ + delay, kind, target, value);
    }
    bool has_events() const noexcept { return !events_.empty(); }
    /// kNever when there is none.
    Instant next_event() const noexcept { return events_.empty() ? kNever : events_.front().when; }
    /// Precondition: has_events().
    Event take_event() noexcept;

    // --- completions ---------------------------------------------------------------------------
    /// The operation is at its end; the loop may hear of it later.
    void complete(Operation& operation, int result);
    /// The loop hears of it now.
    void complete_now(Operation& operation, int result);
    bool has_completed() const noexcept { return !completed_.empty(); }
    OperationList& completed() noexcept { return completed_; }

    /// "0.000050000 arrives 3 120" in the trace, if there is one.
    void trace(std::string_view what, std::initializer_list<std::int64_t> numbers) {
        if (world_.trace_ != nullptr) [[unlikely]]
            write_line(what, numbers);
    }

private:
    void write_line(std::string_view what, std::initializer_list<std::int64_t> numbers);

    Simulation world_;
    Random random_;
    Instant clock_{std::chrono::seconds(1)};
    std::vector<Event> events_;  // a heap: the next one first
    std::uint64_t events_made_ = 0;
    OperationList completed_;
};

}  // namespace weir::detail
