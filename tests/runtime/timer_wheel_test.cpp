// SPDX-License-Identifier: MIT
//
// The wheel against a model that cannot be wrong: a multimap by tick, which keeps equal keys in
// the order in which they came.
#include <weir/runtime/timer_wheel.h>

#include <gtest/gtest.h>
#include <weir/runtime/base/random.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using detail::Timer;
using detail::TimerWheel;

namespace {

constexpr Instant kStart{1'000s};

class Alarm final : public detail::TimerCallback {
public:
    explicit Alarm(std::vector<int>& fired, int number = 0) : fired_(fired), number_(number) {
        timer.set_target(static_cast<detail::TimerCallback&>(*this));
    }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    void on_timer() noexcept override {
        fired_.push_back(number_);
        if (also) also();
    }
    int number() const noexcept { return number_; }

    Timer timer;
    std::function<void()> also;  // what else to do when it fires

private:
    std::vector<int>& fired_;
    int number_;
};

class TimerWheelTest : public testing::Test {
protected:
    void TearDown() override {
        for (Alarm& alarm : alarms) {
            if (alarm.timer.is_armed()) wheel.disarm(alarm.timer);
        }
    }

    /// A new alarm, armed at `deadline` after the start; its number is the count of those before.
    Alarm& arm(Duration deadline) {
        Alarm& alarm = alarms.emplace_back(fired, static_cast<int>(alarms.size()));
        wheel.arm(alarm.timer, kStart + deadline, now);
        return alarm;
    }
    void advance(Duration since_start) {
        now = kStart + since_start;
        wheel.advance(now);
    }

    std::vector<int> fired;
    std::deque<Alarm> alarms;
    TimerWheel wheel{kStart};
    Instant now = kStart;
};

TEST_F(TimerWheelTest, FiresByDeadline) {
    arm(30ms);
    arm(10ms);
    arm(20ms);
    advance(100ms);
    EXPECT_EQ(fired, (std::vector{1, 2, 0}));
    EXPECT_EQ(wheel.armed(), 0u);
}

TEST_F(TimerWheelTest, FiresEqualDeadlinesInTheOrderOfArming) {
    for (int i = 0; i < 1000; ++i)
        arm(500ms);  // on a coarser level, in many chunks
    advance(400ms);
    for (int i = 0; i < 1000; ++i)
        arm(500ms);  // some on the finest
    advance(500ms);
    ASSERT_EQ(fired.size(), 2000u);
    for (int i = 0; i < 2000; ++i)
        ASSERT_EQ(fired[static_cast<std::size_t>(i)], i);
}

TEST_F(TimerWheelTest, NeverFiresEarly) {
    arm(1500us);
    advance(1ms);
    EXPECT_TRUE(fired.empty());
    advance(1999us);
    EXPECT_TRUE(fired.empty());
    advance(2ms);
    EXPECT_EQ(fired.size(), 1u);
}

TEST_F(TimerWheelTest, FiresWhatIsDueAlreadyAtTheNextTick) {
    advance(10ms);
    arm(3ms);
    advance(10ms);
    EXPECT_TRUE(fired.empty());
    advance(11ms);
    EXPECT_EQ(fired.size(), 1u);
}

TEST_F(TimerWheelTest, GoesThroughAllLevels) {
    const std::vector<Duration> deadlines = {1ms,          255ms,        256ms,    257ms,
                                             65'535ms,     65'536ms,     65'537ms, 16'777'215ms,
                                             16'777'216ms, 16'777'217ms, 24h,      23 * 24h};
    for (const Duration deadline : deadlines)
        arm(deadline);
    for (std::size_t i = 0; i < deadlines.size(); ++i) {
        advance(deadlines[i] - 1ms);
        EXPECT_EQ(fired.size(), i);
        advance(deadlines[i]);
        EXPECT_EQ(fired.size(), i + 1);
    }
}

TEST_F(TimerWheelTest, GoesOnWhenTicksWrapAround) {
    // Ticks are counted modulo 2^32, which is some 50 days.
    for (int day = 0; day < 120; day += 20) {
        const Duration deadline = (day + 20) * 24h;
        arm(deadline);
        advance(deadline - 1ms);
        EXPECT_EQ(fired.size(), static_cast<std::size_t>(day / 20));
        advance(deadline);
        EXPECT_EQ(fired.size(), static_cast<std::size_t>(day / 20 + 1));
    }
}

TEST_F(TimerWheelTest, CutsWaitsThatAreTooLong) {
    wheel.arm(alarms.emplace_back(fired).timer, kNever, now);
    advance(TimerWheel::kLongestWait - 1ms);
    EXPECT_TRUE(fired.empty());
    advance(TimerWheel::kLongestWait);
    EXPECT_EQ(fired.size(), 1u);
}

TEST_F(TimerWheelTest, DoesNotFireWhatWasDisarmed) {
    Alarm& first = arm(10ms);
    arm(10ms);
    Alarm& last = arm(10ms);
    wheel.disarm(first.timer);
    wheel.disarm(last.timer);
    EXPECT_FALSE(first.timer.is_armed());
    EXPECT_EQ(wheel.armed(), 1u);
    advance(20ms);
    EXPECT_EQ(fired, std::vector{1});
}

TEST_F(TimerWheelTest, KeepsOrderWhenItSweepsDisarmedTimersAway) {
    for (int i = 0; i < 2000; ++i)
        arm(5s);
    for (int i = 0; i < 2000; ++i) {
        if (i % 10 != 0) wheel.disarm(alarms[static_cast<std::size_t>(i)].timer);
    }
    for (int i = 2000; i < 2100; ++i)
        arm(5s);
    advance(5s);
    ASSERT_EQ(fired.size(), 300u);
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(fired[static_cast<std::size_t>(i)], i * 10);
    for (int i = 200; i < 300; ++i)
        ASSERT_EQ(fired[static_cast<std::size_t>(i)], i + 1800);
}

TEST_F(TimerWheelTest, ATimerThatFiresMayDisarmOthers) {
    Alarm& first = arm(5ms);
    Alarm& same_tick = arm(5ms);
    Alarm& later = arm(6ms);
    Alarm& much_later = arm(1h);
    first.also = [&] {
        for (Alarm* other : {&same_tick, &later, &much_later})
            wheel.disarm(other->timer);
    };
    advance(2h);
    EXPECT_EQ(fired, std::vector{0});
    EXPECT_EQ(wheel.armed(), 0u);
}

TEST_F(TimerWheelTest, ATimerThatFiresMayArmItselfAgain) {
    Alarm& alarm = arm(1ms);
    alarm.also = [&] {
        wheel.arm(alarm.timer, kStart, now);
    };  // due already: at the next tick
    for (int tick = 1; tick <= 5; ++tick) {
        advance(tick * 1ms);
        EXPECT_EQ(fired.size(), static_cast<std::size_t>(tick));
    }
}

TEST_F(TimerWheelTest, SaysWhenItHasSomethingToDo) {
    EXPECT_EQ(wheel.next_event(), kNever);
    Alarm& alarm = arm(7ms);
    EXPECT_EQ(wheel.next_event(), kStart + 7ms);
    wheel.disarm(alarm.timer);
    EXPECT_EQ(wheel.next_event(), kNever);
    Alarm& far = arm(1h);
    EXPECT_GT(wheel.next_event(), now);
    EXPECT_LE(wheel.next_event(), kStart + 1h);
    wheel.disarm(far.timer);
}

// --- random programs -----------------------------------------------------------------------------

/// A wheel and its model, and a generator that drives both.
class Comparison {
public:
    explicit Comparison(std::uint64_t seed) : random_(seed) {
        for (int i = 0; i < 200; ++i)
            alarms_.emplace_back(fired_, i);
        positions_.resize(alarms_.size());
    }
    ~Comparison() {
        for (Alarm& alarm : alarms_) {
            if (alarm.timer.is_armed()) wheel_.disarm(alarm.timer);
        }
    }
    Comparison(const Comparison&) = delete;
    Comparison& operator=(const Comparison&) = delete;

    void step() {
        Alarm& alarm = alarms_[random_.below(alarms_.size())];
        switch (random_.below(4)) {
            case 0:
                return advance(now_ + random_span() / 4);
            case 1:
                if (alarm.timer.is_armed()) disarm(alarm);
                return;
            default:
                if (!alarm.timer.is_armed()) arm(alarm, now_ + random_span());
        }
    }
    /// Fires everything that is left, event by event.
    void finish() {
        while (wheel_.next_event() != kNever)
            advance(wheel_.next_event());
        EXPECT_TRUE(model_.empty());
    }

private:
    // Of all magnitudes: nanoseconds to days, and round ones, so that deadlines are equal often.
    Duration random_span() {
        const Duration unit =
            std::vector<Duration>{1ns, 1us, 1ms, 1ms, 256ms, 1s, 1min, 1h}[random_.below(8)];
        return unit * static_cast<std::int64_t>(random_.below(300));
    }
    std::int64_t tick_of(Instant deadline) const {
        const auto rounded_up = (deadline - kStart + TimerWheel::kTick - 1ns) / TimerWheel::kTick;
        const auto present = (now_ - kStart) / TimerWheel::kTick;
        return std::max(rounded_up, present + 1);
    }
    void arm(Alarm& alarm, Instant deadline) {
        wheel_.arm(alarm.timer, deadline, now_);
        positions_[static_cast<std::size_t>(alarm.number())] =
            model_.emplace(tick_of(deadline), alarm.number());
        check_next_event();
    }
    void disarm(Alarm& alarm) {
        wheel_.disarm(alarm.timer);
        model_.erase(positions_[static_cast<std::size_t>(alarm.number())]);
        check_next_event();
    }
    void advance(Instant to) {
        now_ = to;
        std::vector<int> expected;
        const auto end = model_.upper_bound((now_ - kStart) / TimerWheel::kTick);
        for (auto due = model_.begin(); due != end; ++due)
            expected.push_back(due->second);
        model_.erase(model_.begin(), end);
        fired_.clear();
        wheel_.advance(now_);
        EXPECT_EQ(fired_, expected);
        check_next_event();
    }
    void check_next_event() const {
        EXPECT_EQ(wheel_.armed(), model_.size());
        if (model_.empty()) {
            EXPECT_EQ(wheel_.next_event(), kNever);
            return;
        }
        EXPECT_GT(wheel_.next_event(), now_);
        EXPECT_LE(wheel_.next_event(), kStart + TimerWheel::kTick * model_.begin()->first);
    }

    Random random_;
    std::vector<int> fired_;
    std::deque<Alarm> alarms_;
    std::multimap<std::int64_t, int> model_;
    std::vector<std::multimap<std::int64_t, int>::iterator> positions_;
    TimerWheel wheel_{kStart};
    Instant now_ = kStart;
};

TEST(TimerWheelSoak, FiresWhatItsModelFires) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Comparison comparison(seed);
        for (int i = 0; i < 1500; ++i)
            comparison.step();
        comparison.finish();
        if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
