// SPDX-License-Identifier: MIT
//
// Ten thousand values through a channel while its senders and receivers are cancelled at random.
// Each value must be received once, or else have died with the sender that still held it.
#include <gtest/gtest.h>
#include <weir/runtime/base/random.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/channel.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;

namespace {

constexpr int kValues = 10'000;
constexpr std::size_t kSides = 3;

struct Fate {
    int confirmed = 0;  // send() has returned
    int received = 0;
    int given_up = 0;  // died on its way
};

// A value that knows whether it died before somebody opened it.
class Parcel {
public:
    Parcel(std::vector<Fate>& fates, int number) noexcept : fates_(&fates), number_(number) {}
    Parcel(Parcel&& other) noexcept
        : fates_(other.fates_), number_(std::exchange(other.number_, -1)) {}
    Parcel& operator=(Parcel&&) = delete;
    ~Parcel() {
        if (number_ >= 0) ++fate().given_up;
    }

    int open() noexcept {
        ++fate().received;
        return std::exchange(number_, -1);
    }

private:
    Fate& fate() noexcept { return (*fates_)[static_cast<std::size_t>(number_)]; }

    std::vector<Fate>* fates_;
    int number_;
};

class World {
public:
    World(std::size_t capacity, std::uint64_t seed)
        : channel_(capacity), random_(seed), fates_(static_cast<std::size_t>(kValues)) {}

    Task<void> run() {
        for (std::size_t i = 0; i < kSides; ++i) {
            senders_[i] = std::make_unique<Unit>(send(i));
            receivers_[i] = std::make_unique<Unit>(receive());
        }
        while (next_ < kValues) {
            co_await yield_times(static_cast<int>(random_.below(4)));
            const std::size_t at = random_.below(kSides);
            if (random_.below(2) == 0) {
                co_await restart(senders_[at], true, at);
            } else {
                co_await restart(receivers_[at], false, at);
            }
        }
        for (auto& sender : senders_)
            co_await sender->join();
        channel_.close();
        for (auto& receiver : receivers_)
            co_await receiver->join();
        EXPECT_EQ(channel_.size(), 0u);
    }

    void check() const {
        for (int i = 0; i < kValues; ++i) {
            const Fate& fate = fates_[static_cast<std::size_t>(i)];
            ASSERT_EQ(fate.received + fate.given_up, 1) << "value " << i;
            ASSERT_LE(fate.confirmed, fate.received) << "value " << i << " was lost";
        }
        EXPECT_GT(cancelled_, kValues / 100);
    }

private:
    Task<void> restart(std::unique_ptr<Unit>& unit, bool is_sender, std::size_t at) {
        unit->cancel();
        // Now and then two at a time, so that promises pass through several hands.
        if (random_.below(3) == 0) receivers_[(at + 1) % kSides]->cancel();
        while (!unit->has_ended())
            co_await yield();
        for (auto& receiver : receivers_) {
            if (receiver == unit && is_sender) continue;
            if (receiver->has_ended()) receiver = std::make_unique<Unit>(receive());
        }
        if (is_sender) unit = std::make_unique<Unit>(send(at));
        ++cancelled_;
    }

    // Each sender's values ascend, and so must they when they come out.
    Task<void> send(std::size_t lane) {
        while (next_ < kValues) {
            const int number = next_++;
            lanes_[static_cast<std::size_t>(number) % kLanes] = lane;
            const Result<void> sent = co_await channel_.send(Parcel(fates_, number));
            if (sent) ++fates_[static_cast<std::size_t>(number)].confirmed;
            if (random_.below(4) == 0) co_await yield();
        }
    }

    Task<void> receive() {
        for (;;) {
            std::optional<Parcel> parcel = co_await channel_.receive();
            if (!parcel) break;
            const int number = parcel->open();
            int& newest = newest_[lanes_[static_cast<std::size_t>(number) % kLanes]];
            EXPECT_LT(newest, number) << "overtaken by a later value of its own sender";
            newest = number;
            if (random_.below(4) == 0) co_await yield();
        }
    }

    // More than are ever under way.
    static constexpr std::size_t kLanes = 1024;

    Channel<Parcel> channel_;
    Random random_;
    std::vector<Fate> fates_;
    std::array<std::size_t, kLanes> lanes_{};
    std::array<int, kSides> newest_{-1, -1, -1};
    std::array<std::unique_ptr<Unit>, kSides> senders_;
    std::array<std::unique_ptr<Unit>, kSides> receivers_;
    int next_ = 0;
    int cancelled_ = 0;
};

class ChannelSoak : public testing::TestWithParam<std::size_t> {};

TEST_P(ChannelSoak, EachValueIsReceivedOnceOrDiesWithItsSender) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        World world(GetParam(), seed);
        simulate([&]() -> Task<void> { co_await world.run(); });
        world.check();
    }
}

INSTANTIATE_TEST_SUITE_P(Capacities, ChannelSoak, testing::Values(0u, 1u, 3u, 100u));

}  // namespace
