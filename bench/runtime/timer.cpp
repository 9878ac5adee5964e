// SPDX-License-Identifier: MIT
//
// The wheel alone, with very many timers at random deadlines within a minute: arming them all,
// disarming them all in another random order, letting them all expire. Each timer lies in an object
// as large as a sleeping task's frame, so that touching one is the cache miss it is in a program.
#include <weir/runtime/timer_wheel.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "bench/floor/tasks.h"
#include "bench/runtime/micro.h"

namespace weir::bench {
namespace {

constexpr std::uint32_t kLongest = 60'000;  // milliseconds, which are ticks
constexpr std::size_t kFrameBytes = 96;

std::size_t timer_count = 0;

template <typename T>
struct InFrame {
    std::byte rest[kFrameBytes - sizeof(T)];
    T timer;
};

std::vector<std::uint32_t> random_deadlines() {
    std::mt19937 random(1);
    std::uniform_int_distribution<std::uint32_t> ticks(1, kLongest);
    std::vector<std::uint32_t> deadlines(timer_count);
    for (std::uint32_t& deadline : deadlines)
        deadline = ticks(random);
    return deadlines;
}

std::vector<std::uint32_t> random_order() {
    std::vector<std::uint32_t> order(timer_count);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937(2));
    return order;
}

// Both sides as one interface: arm_all, cancel_all, expire_all.
class WeirTimers {
public:
    WeirTimers() : timers_(timer_count) {
        for (auto& holder : timers_)
            holder.timer.set_target(counter_);
    }
    void arm_all() {
        for (std::size_t i = 0; i < timer_count; ++i) {
            const Duration span = detail::TimerWheel::kTick * deadlines_[i];
            wheel_.arm(timers_[i].timer, now_ + span, now_);
        }
    }
    void cancel_all() {
        for (const std::uint32_t i : order_)
            wheel_.disarm(timers_[i].timer);
    }
    void expire_all() {
        now_ += detail::TimerWheel::kTick * (kLongest + 1);
        wheel_.advance(now_);
    }
    std::size_t fired() const noexcept { return counter_.fired; }

private:
    class Counter final : public detail::TimerCallback {
    public:
        void on_timer() noexcept override { ++fired; }
        std::size_t fired = 0;
    };

    std::vector<std::uint32_t> deadlines_ = random_deadlines();
    std::vector<std::uint32_t> order_ = random_order();
    Counter counter_;
    Instant now_{};
    detail::TimerWheel wheel_{now_};
    std::vector<InFrame<detail::Timer>> timers_;
};

class FloorTimers {
public:
    FloorTimers() : timers_(timer_count) {}
    void arm_all() {
        for (std::size_t i = 0; i < timer_count; ++i) {
            floor::wheel.insert(timers_[i].timer, now() + deadlines_[i]);
        }
    }
    void cancel_all() {
        for (const std::uint32_t i : order_)
            floor::wheel.cancel(timers_[i].timer);
    }
    void expire_all() {
        now() += kLongest + 1;
        floor::wheel.advance(now(), [this](floor::WheelNode&) { ++fired_; });
    }
    std::size_t fired() const noexcept { return fired_; }

private:
    // There is one wheel, and its time only goes forward.
    static std::uint32_t& now() { return floor::loop.now; }

    std::vector<std::uint32_t> deadlines_ = random_deadlines();
    std::vector<std::uint32_t> order_ = random_order();
    std::vector<InFrame<floor::WheelNode>> timers_;
    std::size_t fired_ = 0;
};

enum class Step { arm, cancel, expire };

template <typename Timers, Step kStep>
void one_step(benchmark::State& state) {
    Timers timers;
    // A round before the first: so that no side pays for memory that the other has touched already.
    timers.arm_all();
    timers.expire_all();
    std::size_t rounds = 1;
    while (state.KeepRunning()) {
        if constexpr (kStep == Step::arm) {
            timers.arm_all();
            state.PauseTiming();
        } else {
            state.PauseTiming();
            timers.arm_all();
            state.ResumeTiming();
        }
        if constexpr (kStep == Step::cancel) {
            timers.cancel_all();
            state.PauseTiming();
        }
        // Also after a cancellation: the holes that it has left must not be met by the next round.
        timers.expire_all();
        if constexpr (kStep != Step::expire) state.ResumeTiming();
        ++rounds;
    }
    const std::size_t expected = (kStep == Step::cancel ? 1 : rounds) * timer_count;
    if (timers.fired() != expected) state.SkipWithError("a timer did not do what it should");
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(timer_count));
}

template <typename Timers>
void add_steps(const char* peer) {
    add_micro("timer.insert_ns", peer, one_step<Timers, Step::arm>);
    add_micro("timer.cancel_ns", peer, one_step<Timers, Step::cancel>);
    add_micro("timer.expire_ns", peer, one_step<Timers, Step::expire>);
}

}  // namespace

void add_timer(bool is_quick) {
    timer_count = is_quick ? 100'000 : 1'000'000;
    add_steps<WeirTimers>("weir");
    add_steps<FloorTimers>("floor");
}

}  // namespace weir::bench
