// SPDX-License-Identifier: MIT
//
// What a simulated world is like: its seed, how long bytes take, what goes wrong and how often,
// and which hosts have names. run_simulated() of run.h runs a program in it. All that the world
// chooses is drawn from one generator, so the same seed and program give the same events at the
// same virtual times.
#pragma once

#include <weir/runtime/address.h>
#include <weir/runtime/base/time.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::detail {
class SimulatedBackend;
class SimulatedCore;
class SimulatedNetwork;
}  // namespace weir::detail

namespace weir {

/// How often the world fails a program, each as a probability in [0, 1]. A setter that takes a
/// Duration draws how long from [0, at_most]. Whatever goes wrong looks as it would with a kernel.
class Faults {
public:
    Faults() noexcept {}
    /// Nothing goes wrong.
    static Faults none() noexcept { return Faults(); }
    /// What a bad day on a real network brings; most connections live.
    static Faults light() noexcept;
    /// For finding bugs: few exchanges of some dozen segments survive.
    static Faults heavy() noexcept;

    /// Each receive: it gives only a part of what is there.
    Faults& short_receives(double p) noexcept { return short_receives_ = p, *this; }
    /// Each receive: ENOBUFS. The bytes stay.
    Faults& out_of_buffers(double p) noexcept { return out_of_buffers_ = p, *this; }
    /// Each segment: it arrives in two parts or more, cut anywhere.
    Faults& split_segments(double p) noexcept { return split_segments_ = p, *this; }
    /// Each segment: it, and what follows it in its direction, takes longer.
    Faults& slow_segments(double p, Duration at_most) noexcept {
        return slow_segments_ = p, slow_at_most_ = at_most, *this;
    }
    /// Each segment: instead of it, a reset reaches both ends, ECONNRESET.
    Faults& resets(double p) noexcept { return resets_ = p, *this; }
    /// Each segment: the receiver sees the stream's end behind it, the sender sees nothing, and
    /// the other direction goes on.
    Faults& half_closes(double p) noexcept { return half_closes_ = p, *this; }
    /// Each connect: ECONNREFUSED although somebody listens.
    Faults& refusals(double p) noexcept { return refusals_ = p, *this; }
    /// Each connect and each datagram but to a UNIX address: EHOSTUNREACH.
    Faults& unreachable_hosts(double p) noexcept { return unreachable_hosts_ = p, *this; }
    /// Each connect, bind and accept: EMFILE. What waits to be accepted stays.
    Faults& out_of_descriptors(double p) noexcept { return out_of_descriptors_ = p, *this; }
    /// Each operation: the loop hears late that it has completed. It cannot be cancelled then.
    Faults& delayed_completions(double p, Duration at_most) noexcept {
        return delayed_completions_ = p, delay_at_most_ = at_most, *this;
    }
    /// Each function given to offload(): it begins late, and its end is told later still. What
    /// others do meanwhile comes before it, or in the middle.
    Faults& slow_offloads(double p, Duration at_most) noexcept {
        return slow_offloads_ = p, offload_at_most_ = at_most, *this;
    }
    /// Each datagram: it never arrives.
    Faults& lost_datagrams(double p) noexcept { return lost_datagrams_ = p, *this; }
    /// Each datagram: it arrives twice.
    Faults& doubled_datagrams(double p) noexcept { return doubled_datagrams_ = p, *this; }
    /// Each datagram: it takes longer, and later ones may overtake it.
    Faults& reordered_datagrams(double p, Duration at_most) noexcept {
        return reordered_datagrams_ = p, reorder_at_most_ = at_most, *this;
    }
    /// Each turn of the loop: the clock jumps forward, as on a machine that was suspended. Timers
    /// fire late then, in their order.
    Faults& clock_jumps(double p, Duration at_most) noexcept {
        return clock_jumps_ = p, jump_at_most_ = at_most, *this;
    }

private:
    friend class detail::SimulatedCore;
    friend class detail::SimulatedNetwork;
    friend class detail::SimulatedBackend;

    double short_receives_ = 0;
    double out_of_buffers_ = 0;
    double split_segments_ = 0;
    double slow_segments_ = 0;
    double resets_ = 0;
    double half_closes_ = 0;
    double refusals_ = 0;
    double unreachable_hosts_ = 0;
    double out_of_descriptors_ = 0;
    double delayed_completions_ = 0;
    double slow_offloads_ = 0;
    double lost_datagrams_ = 0;
    double doubled_datagrams_ = 0;
    double reordered_datagrams_ = 0;
    double clock_jumps_ = 0;
    Duration slow_at_most_{};
    Duration delay_at_most_{};
    Duration offload_at_most_{};
    Duration reorder_at_most_{};
    Duration jump_at_most_{};
};

/// A world in memory. `run_simulated(task, Simulation().seed(7).faults(Faults::heavy()))`.
class Simulation {
public:
    Simulation() {}

    /// All that the world chooses, and Reactor::random(), follow from it. 1 by default.
    Simulation& seed(std::uint64_t seed) noexcept { return seed_ = seed, *this; }
    /// How long a segment is under way: `one_way`, and up to `jitter` more, drawn for each.
    /// Segments of one direction never overtake each other; datagrams may.
    Simulation& latency(Duration one_way, Duration jitter = Duration::zero()) noexcept {
        return one_way_ = one_way, jitter_ = jitter, *this;
    }
    Simulation& faults(const Faults& faults) noexcept { return faults_ = faults, *this; }
    /// Tasks that are ready at the same time run in an order drawn from the seed: finds programs
    /// that lean on an order nobody promised. Who gets a lock or a byte first is not shuffled.
    Simulation& shuffle(bool on = true) noexcept { return shuffle_ = on, *this; }
    /// `name` resolves to this address, whose port is replaced by the one asked for. Naming a host
    /// again adds an address. "localhost" is known; all other names are not found.
    Simulation& host(std::string name, const Endpoint& address) {
        return hosts_.emplace_back(std::move(name), address), *this;
    }
    /// Appends a line for each event: the virtual time, what it is, the sockets and the sizes. Two
    /// runs that did the same give the same lines. `lines` must outlive the run.
    Simulation& record(std::vector<std::string>& lines) noexcept { return trace_ = &lines, *this; }

    std::uint64_t seed() const noexcept { return seed_; }
    bool shuffles() const noexcept { return shuffle_; }
    /// Where record() puts its lines; null where nobody asked for them.
    std::vector<std::string>* trace() const noexcept { return trace_; }

private:
    friend class detail::SimulatedCore;
    friend class detail::SimulatedNetwork;

    std::uint64_t seed_ = 1;
    Duration one_way_ = std::chrono::microseconds(50);
    Duration jitter_{};
    Faults faults_;
    bool shuffle_ = false;
    std::vector<std::pair<std::string, Endpoint>> hosts_;
    std::vector<std::string>* trace_ = nullptr;
};

}  // namespace weir
