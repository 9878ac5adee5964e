// SPDX-License-Identifier: MIT
//
// A world in memory: a clock that jumps to the next thing that happens, and a network whose bytes
// take their time to arrive. One thread, no system call, the same events at the same times in
// every run of one seed. Descriptors are numbers of this world only. This file is the backend that
// the loop sees; the parts of the world are in simulated/.
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <weir/runtime/ready_queue.h>
#include "runtime/backend/simulated/core.h"
#include "runtime/backend/simulated/network.h"
#include "runtime/backend/system_backend.h"

namespace weir::detail {
namespace {

constexpr unsigned kBusyTurnsPerMillisecond = 1000;

class SimulatedBackend final : public Backend {
public:
    SimulatedBackend(const Simulation& simulation, BufferPool& buffers)
        : core_(simulation), network_(core_, buffers) {}

    BackendKind kind() const noexcept override { return BackendKind::simulated; }
    void submit(Operation& operation) override {
        operation.state = OperationState::in_flight;
        operation.cancel_asked = false;
        network_.start(operation);
    }
    void cancel(Operation& operation) noexcept override;
    void wait(Instant deadline, OperationList& completed) override;
    void wake() noexcept override { woken_.store(true, std::memory_order_release); }
    Instant now() noexcept override { return core_.now(); }
    bool is_dead_end() const noexcept override {
        return !core_.has_events() && !core_.has_completed() &&
               !woken_.load(std::memory_order_acquire);
    }
    void shuffle(ReadyQueue& ready) override;
    void name_world() const noexcept override;
    Result<int> open_socket(Bytes peer) override { return network_.open_socket(peer); }
    Result<int> listen(Bytes local, int) override { return network_.listen(local); }
    Result<int> open_datagram_socket(Bytes local) override {
        return network_.open_datagram_socket(local);
    }
    Result<Endpoint> local_endpoint(int fd) override { return network_.local_endpoint(fd); }
    Result<void> shut_down_output(int fd) noexcept override {
        return network_.shut_down_output(fd);
    }
    bool has_input(int fd) noexcept override { return network_.has_input(fd); }
    void close(int fd) noexcept override { network_.close(fd); }
    std::optional<Result<std::vector<Endpoint>>> resolve(std::string_view host,
                                                         std::uint16_t port) override;

private:
    Instant pass_time_if_busy(Instant deadline) noexcept;

    SimulatedCore core_;
    SimulatedNetwork network_;
    std::vector<std::pair<PromiseBase*, bool>> hand_;  // for shuffle(): kept for its memory
    unsigned busy_turns_ = 0;
    std::atomic<bool> woken_ = false;
};

void SimulatedBackend::cancel(Operation& operation) noexcept {
    const bool was_asked = std::exchange(operation.cancel_asked, true);
    if (was_asked || !operation.in_flight()) return;
    if (network_.disarm(operation)) core_.complete(operation, -ECANCELED);
}

void SimulatedBackend::wait(Instant deadline, OperationList& completed) {
    core_.maybe_jump();
    deadline = pass_time_if_busy(deadline);
    while (!core_.has_completed() && !woken_.exchange(false, std::memory_order_acquire)) {
        const Instant next = core_.next_event();
        if (next == kNever && deadline == kNever) break;
        if (deadline < next) {
            core_.advance_to(deadline);
            break;
        }
        core_.advance_to(next);
        const Event event = core_.take_event();
        if (event.kind == EventKind::completion_due) {
            core_.complete_now(*event.operation, event.value);
        } else {
            network_.handle(event);
        }
    }
    completed.take_all(core_.completed());
}

// A deadline that is not ahead means that tasks are ready. Computing takes no time here, so tasks
// that are always ready would stop the clock for all others.
Instant SimulatedBackend::pass_time_if_busy(Instant deadline) noexcept {
    if (deadline > core_.now()) {
        busy_turns_ = 0;
        return deadline;
    }
    if (++busy_turns_ < kBusyTurnsPerMillisecond) return deadline;
    busy_turns_ = 0;
    return core_.now() + std::chrono::milliseconds(1);
}

// Fisher and Yates. What is forced stays so.
void SimulatedBackend::shuffle(ReadyQueue& ready) {
    if (ready.size() < 2) return;
    hand_.clear();
    while (!ready.empty()) {
        const ReadyQueue::Entry entry = ready.pop();
        hand_.emplace_back(&entry.innermost, entry.forced);
    }
    for (std::size_t left = hand_.size(); left > 0; --left) {
        std::swap(hand_[left - 1], hand_[core_.below(left)]);
        ready.push(*hand_[left - 1].first, hand_[left - 1].second);
    }
}

void SimulatedBackend::name_world() const noexcept {
    std::fprintf(stderr,
                 "weir: in the simulated world of seed %" PRIu64
                 " (simulate_seeds() runs it alone with WEIR_SIM_SEED=%" PRIu64 ")\n",
                 core_.world().seed(), core_.world().seed());
}

std::optional<Result<std::vector<Endpoint>>> SimulatedBackend::resolve(std::string_view host,
                                                                       std::uint16_t port) {
    std::vector<Endpoint> found = network_.resolve(host, port);
    if (!found.empty()) return Result<std::vector<Endpoint>>(std::move(found));
    return Result<std::vector<Endpoint>>(
        Error(Errc::name_not_found, "the simulated world knows no host \"" + std::string(host) +
                                        "\": name it with Simulation::host()"));
}

}  // namespace

Result<std::unique_ptr<Backend>> make_simulated_backend(const Simulation& simulation,
                                                        BufferPool& buffers) {
    return std::unique_ptr<Backend>(std::make_unique<SimulatedBackend>(simulation, buffers));
}

}  // namespace weir::detail
