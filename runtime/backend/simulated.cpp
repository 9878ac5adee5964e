// SPDX-License-Identifier: MIT
//
// A world in memory: a clock that jumps to the next thing that happens, and a network whose bytes
// take their time to arrive. One thread, no system call, the same events at the same times in
// every run of one seed. Descriptors are numbers of this world only. This file is the backend that
// the loop sees; the parts of the world are in simulated/.
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <weir/runtime/offload.h>
#include <weir/runtime/ready_queue.h>
#include "runtime/backend/simulated/core.h"
#include "runtime/backend/simulated/network.h"
#include "runtime/backend/system_backend.h"

namespace weir::detail {
namespace {

// What a thread of the pool takes to hear of a job, and the loop to hear of its end.
constexpr Duration kOffloadTime = std::chrono::microseconds(20);
constexpr unsigned kBusyTurnsPerMillisecond = 50;

}  // namespace

class SimulatedBackend final : public Backend, private FailureNote {
public:
    SimulatedBackend(const Simulation& simulation, BufferPool& buffers)
        : core_(simulation), network_(core_, buffers) {}
    ~SimulatedBackend() override { finish_jobs(); }

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
    bool take_job(PoolJob& job) noexcept override;
    Result<int> open_socket(Bytes peer, const SocketOptions* options) override {
        return network_.open_socket(peer, options);
    }
    // One loop has nobody to share a port with.
    Result<int> listen(Bytes local, int, bool) override { return network_.listen(local); }
    Result<int> open_datagram_socket(Bytes local) override {
        return network_.open_datagram_socket(local);
    }
    Result<Endpoint> local_endpoint(int fd) override { return network_.local_endpoint(fd); }
    Result<Endpoint> peer_endpoint(int fd) override { return network_.peer_endpoint(fd); }
    Result<void> shut_down_output(int fd) noexcept override {
        return network_.shut_down_output(fd);
    }
    bool has_input(int fd) noexcept override { return network_.has_input(fd); }
    void close(int fd) noexcept override { network_.close(fd); }
    std::optional<Result<std::vector<Endpoint>>> resolve(std::string_view host,
                                                         std::uint16_t port) override;

private:
    void print() const noexcept override;
    void handle(const Event& event);
    void finish_jobs();
    Instant pass_time_if_busy(Instant deadline) noexcept;

    SimulatedCore core_;
    SimulatedNetwork network_;
    std::vector<std::pair<PromiseBase*, LeafKind>> hand_;  // for shuffle(): kept for its memory
    unsigned busy_turns_ = 0;
    int jobs_ = 0;  // that were ever taken
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
        handle(core_.take_event());
    }
    completed.take_all(core_.completed());
}

void SimulatedBackend::handle(const Event& event) {
    switch (event.kind) {
        case EventKind::completion_due:
            return core_.complete_now(*event.operation, event.value);
        case EventKind::offload_begins:
            core_.trace("offload-begins", {event.value});
            return event.job->work();
        case EventKind::offload_ends:
            core_.trace("offload-ends", {event.value});
            return event.job->report();  // by the mailbox, which ends the wait
        case EventKind::connect_arrives:
        case EventKind::connect_answered:
        case EventKind::bytes_arrive:
        case EventKind::end_arrives:
        case EventKind::reset_arrives:
        case EventKind::datagram_arrives:
            return network_.handle(event);
    }
}

bool SimulatedBackend::take_job(PoolJob& job) noexcept {
    const int number = ++jobs_;
    Instant begin = core_.now();
    Instant end = begin + kOffloadTime;
    const bool is_slow = core_.happens(core_.faults().slow_offloads_);
    if (is_slow) {
        begin += core_.up_to(core_.faults().offload_at_most_);
        end = begin + kOffloadTime + core_.up_to(core_.faults().offload_at_most_);
    }
    try {
        core_.reserve_events(2);
    } catch (const std::bad_alloc&) {
        job.work();
        job.report();
        return true;
    }
    // The end first, since a function that cannot wait begins right here.
    core_.at(end, EventKind::offload_ends, SocketRef(), number, nullptr, &job);
    const Event first{begin, 0, EventKind::offload_begins, SocketRef(), number, nullptr, &job};
    if (!is_slow) {
        handle(first);
    } else {
        core_.at(begin, EventKind::offload_begins, SocketRef(), number, nullptr, &job);
    }
    return true;
}

// What was left behind goes on by itself, as it does on the threads of the pool.
void SimulatedBackend::finish_jobs() {
    while (core_.has_events()) {
        const Event event = core_.take_event();
        if (event.job != nullptr) handle(event);
    }
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

// Fisher and Yates. What is forced, or has not begun, stays so.
void SimulatedBackend::shuffle(ReadyQueue& ready) {
    if (ready.size() < 2) return;
    hand_.clear();
    while (!ready.empty()) {
        const ReadyQueue::Entry entry = ready.pop();
        hand_.emplace_back(&entry.innermost, entry.kind);
    }
    for (std::size_t left = hand_.size(); left > 0; --left) {
        std::swap(hand_[left - 1], hand_[core_.below(left)]);
        ready.push(*hand_[left - 1].first, hand_[left - 1].second);
    }
}

void SimulatedBackend::print() const noexcept {
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

Result<std::unique_ptr<Backend>> make_simulated_backend(const Simulation& simulation,
                                                        BufferPool& buffers) {
    return std::unique_ptr<Backend>(std::make_unique<SimulatedBackend>(simulation, buffers));
}

}  // namespace weir::detail
