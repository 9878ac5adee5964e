// SPDX-License-Identifier: MIT
#include "http/supervised.h"

#include <gtest/gtest.h>
#include <weir/runtime/timeout.h>

#include "tests/http/world.h"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace weir;
using namespace weir::http;
using namespace std::chrono_literals;

namespace {

/// Notes the time of its end.
class EndOf {
public:
    explicit EndOf(Instant& instant) noexcept : instant_(instant) {}
    ~EndOf() { instant_ = Reactor::current().now(); }
    EndOf(const EndOf&) = delete;
    EndOf& operator=(const EndOf&) = delete;

private:
    Instant& instant_;
};

/// Its watch takes some time, and then lets the task end or go on.
class Watched final : public Supervisor {
public:
    Watched(Duration takes, bool ends) noexcept : takes_(takes), ends_(ends) {}

    Task<bool> watch() override {
        const EndOf noted(watch_ended);
        ++watches;
        co_await sleep_for(takes_);
        co_return ends_;
    }

    int watches = 0;
    Instant watch_ended{};

private:
    Duration takes_;
    bool ends_;
};

Task<int> sleeper(Duration span, Instant& ended) {
    const EndOf noted(ended);
    co_await sleep_for(span);
    co_return 7;
}

Task<void> thrower() {
    co_await sleep_for(1s);
    throw std::runtime_error("bug");
}

Instant after(Duration span) {
    return Reactor::current().now() + span;
}

TEST(Supervised, GivesTheValueAndNeverBeginsAWatchThatIsNotDue) {
    alone([]() -> Task<void> {
        Watched supervisor(1h, true);
        Instant ended{};
        Result<int> value =
            co_await supervised(supervisor, after(2s), after(1500ms), sleeper(1s, ended));
        EXPECT_EQ(value.value(), 7);
        EXPECT_EQ(supervisor.watches, 0);
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    });
}

TEST(Supervised, EndsTheTaskAtItsDeadline) {
    alone([]() -> Task<void> {
        Watched supervisor(1h, true);
        const Instant start = Reactor::current().now();
        Instant ended{};
        Result<int> value =
            co_await supervised(supervisor, after(2s), after(1s), sleeper(1h, ended));
        EXPECT_EQ(value.error(), Error::timed_out);
        EXPECT_EQ(supervisor.watches, 1);
        EXPECT_LT(ended - start, 2100ms);
        EXPECT_EQ(supervisor.watch_ended, ended);
    });
}

TEST(Supervised, EndsTheTaskWhenItsWatchSaysSo) {
    alone([]() -> Task<void> {
        Watched supervisor(1s, true);
        const Instant start = Reactor::current().now();
        Instant ended{};
        Result<int> value = co_await supervised(supervisor, kNever, after(1s), sleeper(1h, ended));
        EXPECT_EQ(value.error(), Error::cancelled);
        EXPECT_GE(ended - start, 2s);
        EXPECT_LT(ended - start, 2100ms);
    });
}

TEST(Supervised, GoesOnWhenItsWatchSaysSo) {
    alone([]() -> Task<void> {
        Watched supervisor(1s, false);
        Instant ended{};
        Result<int> value = co_await supervised(supervisor, kNever, after(1s), sleeper(1h, ended));
        EXPECT_EQ(value.value(), 7);
        EXPECT_EQ(supervisor.watches, 1);
    });
}

TEST(Supervised, CancelsTheWatchOfATaskThatHasEnded) {
    alone([]() -> Task<void> {
        Watched supervisor(1h, true);
        const Instant start = Reactor::current().now();
        bool was_thrown = false;
        try {
            static_cast<void>(co_await supervised(supervisor, kNever, after(100ms), thrower()));
        } catch (const std::runtime_error&) {
            was_thrown = true;
        }
        EXPECT_TRUE(was_thrown);
        EXPECT_EQ(supervisor.watches, 1);
        EXPECT_LT(since(start), 1100ms);
    });
}

TEST(Supervised, IsInterruptedByWhoeverHoldsItsSupervisor) {
    alone([]() -> Task<void> {
        Watched supervisor(1h, true);
        supervisor.interrupt();  // nothing runs: nothing happens
        Instant ended{};
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            const auto interrupt_later = [](Supervisor& target) -> Task<void> {
                co_await sleep_for(1s);
                target.interrupt();
            };
            group.spawn(interrupt_later(supervisor));
            Result<int> value =
                co_await supervised(supervisor, after(2s), kNever, sleeper(1h, ended));
            EXPECT_EQ(value.error(), Error::cancelled);
        });
        EXPECT_EQ(supervisor.running, nullptr);
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    });
}

TEST(Supervised, CancelledFromOutsideTaskAndWatchEndFirst) {
    alone([]() -> Task<void> {
        Watched supervisor(1h, true);
        Instant ended{};
        const auto run = [&]() -> Task<Result<int>> {
            co_return co_await supervised(supervisor, kNever, after(1s), sleeper(1h, ended));
        };
        const Instant start = Reactor::current().now();
        Result<int> value = co_await timeout(3s, run());
        EXPECT_EQ(value.error(), Error::timed_out);
        EXPECT_GE(ended - start, 3s);
        EXPECT_EQ(supervisor.watch_ended, ended);
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    });
}

}  // namespace
