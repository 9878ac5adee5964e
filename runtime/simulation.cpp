// SPDX-License-Identifier: MIT
#include <weir/runtime/simulation.h>

#include <weir/runtime/reactor.h>
#include <chrono>
#include <memory>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

Faults Faults::light() noexcept {
    return Faults()
        .short_receives(0.05)
        .out_of_buffers(0.001)
        .split_segments(0.05)
        .slow_segments(0.02, milliseconds(200))
        .resets(0.001)
        .half_closes(0.0005)
        .refusals(0.005)
        .unreachable_hosts(0.002)
        .out_of_descriptors(0.001)
        .slow_offloads(0.1, milliseconds(5))
        .delayed_completions(0.02, milliseconds(1))
        .lost_datagrams(0.01)
        .doubled_datagrams(0.002)
        .reordered_datagrams(0.01, milliseconds(20))
        .clock_jumps(0.0005, seconds(1));
}

Faults Faults::heavy() noexcept {
    return Faults()
        .short_receives(0.3)
        .out_of_buffers(0.02)
        .split_segments(0.3)
        .slow_segments(0.1, seconds(5))
        .resets(0.02)
        .half_closes(0.01)
        .refusals(0.05)
        .unreachable_hosts(0.03)
        .out_of_descriptors(0.03)
        .slow_offloads(0.5, milliseconds(200))
        .delayed_completions(0.1, milliseconds(50))
        .lost_datagrams(0.2)
        .doubled_datagrams(0.1)
        .reordered_datagrams(0.2, milliseconds(200))
        .clock_jumps(0.02, seconds(30));
}

ReactorOptions& ReactorOptions::simulation(const Simulation& world) {
    backend_ = BackendKind::simulated;
    simulation_ = std::make_shared<const Simulation>(world);
    seed_ = world.seed();
    shuffles_ = world.shuffles();
    return *this;
}

}  // namespace weir
