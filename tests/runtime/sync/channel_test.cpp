// SPDX-License-Identifier: MIT
//
// The channel: order, bounds, and whose a value is that was promised.
#include <weir/runtime/sync/channel.h>

#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;

namespace {

static_assert(!std::is_aggregate_v<Channel<int>>);
static_assert(sizeof(Channel<int>) <= 96);

// Notes "name:value", or "name:end".
Task<void> receive_one(Channel<int>& channel, Journal& journal, std::string name) {
    const std::optional<int> value = co_await channel.receive();
    journal.note(name + ":" + (value ? std::to_string(*value) : "end"));
}

// Notes the value when it is sent.
Task<void> send_one(Channel<int>& channel, Journal& journal, int value) {
    const Result<void> sent = co_await channel.send(value);
    EXPECT_TRUE(sent);
    journal.note(std::to_string(value));
}

TEST(Channel, ValuesLeaveInTheOrderTheyCame) {
    Channel<int> channel(3);
    std::vector<int> received;
    simulate([&]() -> Task<void> {
        const auto produce = [&]() -> Task<void> {
            for (int i = 0; i < 100; ++i) {
                const Result<void> sent = co_await channel.send(i);
                EXPECT_TRUE(sent);
            }
            channel.close();
        };
        Unit producer(produce());
        for (;;) {
            const std::optional<int> value = co_await channel.receive();
            EXPECT_LE(channel.size(), channel.capacity());
            if (!value) break;
            received.push_back(*value);
        }
        co_await producer.join();
    });
    ASSERT_EQ(received.size(), 100u);
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(received[static_cast<std::size_t>(i)], i);
}

TEST(Channel, SendsWithoutWaitingWhileThereIsRoom) {
    Channel<int> channel(2);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit sender([](Channel<int>& into, Journal& log) -> Task<void> {
            co_await send_one(into, log, 1);
            co_await send_one(into, log, 2);
            co_await send_one(into, log, 3);
        }(channel, journal));
        co_await yield();
        EXPECT_EQ(journal.text(), "1 2");
        EXPECT_EQ(channel.size(), 2u);
        EXPECT_EQ(channel.try_receive(), 1);
        EXPECT_EQ(channel.size(), 2u);  // the third has entered, though its sender has not run
        co_await sender.join();
        EXPECT_EQ(journal.text(), "1 2 3");
    });
    EXPECT_EQ(channel.size(), 2u);
}

TEST(Channel, SendersAndReceiversAreServedInTheOrderOfTheirComing) {
    Channel<int> channel(1);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit a(receive_one(channel, journal, "a"));
        Unit b(receive_one(channel, journal, "b"));
        Unit c(receive_one(channel, journal, "c"));
        co_await yield();
        for (int i = 1; i <= 3; ++i)
            EXPECT_TRUE(channel.try_send(i));
        co_await c.join();
        EXPECT_EQ(journal.text(), "a:1 b:2 c:3");

        EXPECT_TRUE(channel.try_send(4));
        Unit five(send_one(channel, journal, 5));
        Unit six(send_one(channel, journal, 6));
        co_await yield();
        for (int i = 4; i <= 6; ++i) {
            EXPECT_EQ(channel.try_receive(), i);
            co_await yield();
        }
        co_await six.join();
    });
    EXPECT_EQ(journal.text(), "a:1 b:2 c:3 5 6");
}

TEST(Channel, WithoutCapacityASendWaitsForAReceiver) {
    Channel<int> channel(0);
    Journal journal;
    simulate([&]() -> Task<void> {
        EXPECT_FALSE(channel.try_send(0));
        Unit one(send_one(channel, journal, 1));
        Unit two(send_one(channel, journal, 2));
        co_await yield_times(3);
        EXPECT_EQ(journal.text(), "");
        EXPECT_EQ(channel.size(), 0u);
        EXPECT_EQ(channel.try_receive(), 1);
        co_await one.join();
        EXPECT_FALSE(two.has_ended());
        const std::optional<int> second = co_await channel.receive();
        EXPECT_EQ(second, 2);
        co_await two.join();

        Unit receiver(receive_one(channel, journal, "receiver"));
        co_await yield();
        EXPECT_TRUE(channel.try_send(3));
        EXPECT_FALSE(channel.try_send(4));  // nobody else waits
        co_await receiver.join();
    });
    EXPECT_EQ(journal.text(), "1 2 receiver:3");
}

TEST(Channel, WithoutCapacityValuesStillLeaveInTheOrderTheyCame) {
    Channel<int> channel(0);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit woken(receive_one(channel, journal, "woken"));
        co_await yield();
        EXPECT_TRUE(channel.try_send(1));
        Unit sender(send_one(channel, journal, 2));
        Unit late(receive_one(channel, journal, "late"));
        co_await late.join();
        co_await woken.join();
        co_await sender.join();
    });
    EXPECT_EQ(journal.text(), "woken:1 late:2 2");
}

TEST(Channel, APromisedValueIsNotStolen) {
    Channel<int> channel(4);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit waiter(receive_one(channel, journal, "waiter"));
        co_await yield();
        EXPECT_TRUE(channel.try_send(1));
        EXPECT_EQ(channel.size(), 0u);
        EXPECT_EQ(channel.try_receive(), std::nullopt);
        Unit late(receive_one(channel, journal, "late"));
        co_await waiter.join();
        EXPECT_FALSE(late.has_ended());
        EXPECT_TRUE(channel.try_send(2));
        co_await late.join();
    });
    EXPECT_EQ(journal.text(), "waiter:1 late:2");
}

TEST(Channel, TheOldestValueIsTheNextToLeaveWhoeverTakesIt) {
    Channel<int> channel(4);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit waiter(receive_one(channel, journal, "waiter"));
        co_await yield();
        EXPECT_TRUE(channel.try_send(1));  // one value is promised, not this one
        EXPECT_TRUE(channel.try_send(2));
        EXPECT_EQ(channel.try_receive(), 1);
        EXPECT_EQ(channel.try_receive(), std::nullopt);
        co_await waiter.join();
    });
    EXPECT_EQ(journal.text(), "waiter:2");
}

TEST(Channel, APromisedValueNeedsNoRoom) {
    Channel<int> channel(1);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit waiter(receive_one(channel, journal, "waiter"));
        co_await yield();
        EXPECT_TRUE(channel.try_send(1));
        EXPECT_TRUE(channel.try_send(2));
        EXPECT_FALSE(channel.try_send(3));
        co_await waiter.join();
    });
    EXPECT_EQ(journal.text(), "waiter:1");
    EXPECT_EQ(channel.try_receive(), 2);
}

TEST(Channel, CarriesValuesThatCanOnlyMove) {
    Channel<std::unique_ptr<int>> channel(1);
    int sum = 0;
    simulate([&]() -> Task<void> {
        const auto produce = [&]() -> Task<void> {
            for (int i = 1; i <= 4; ++i) {
                const Result<void> sent = co_await channel.send(std::make_unique<int>(i));
                EXPECT_TRUE(sent);
            }
        };
        Unit producer(produce());
        for (int i = 1; i <= 4; ++i) {
            const std::optional<std::unique_ptr<int>> value = co_await channel.receive();
            if (value && *value) sum += **value;
        }
        co_await producer.join();
        auto kept = std::make_unique<int>(5);
        EXPECT_TRUE(channel.try_send(std::move(kept)));
        kept = std::make_unique<int>(6);
        EXPECT_FALSE(channel.try_send(std::move(kept)));
        EXPECT_NE(kept, nullptr) << "a send that fails leaves the value";
    });
    EXPECT_EQ(sum, 10);
}

TEST(Channel, APairOnALargeOneDoesNotStarveOthers) {
    Channel<int> channel(std::numeric_limits<std::size_t>::max());
    int sent = 0;
    int received = 0;
    int sent_before_other = 0;
    int received_before_other = -1;
    simulate([&]() -> Task<void> {
        const auto produce = [&]() -> Task<void> {
            for (; sent < 10'000; ++sent)
                static_cast<void>(co_await channel.send(sent));
            channel.close();
        };
        const auto consume = [&]() -> Task<void> {
            for (;;) {
                const std::optional<int> value = co_await channel.receive();
                if (!value) break;
                ++received;
            }
        };
        const auto note = [&]() -> Task<void> {
            sent_before_other = sent;
            co_await yield();
            received_before_other = received;
        };
        Unit producer(produce());
        Unit consumer(consume());
        Unit other(note());
        co_await consumer.join();
    });
    EXPECT_EQ(received, 10'000);
    EXPECT_GT(sent_before_other, 0);
    EXPECT_LE(sent_before_other, 128);
    EXPECT_GE(received_before_other, 0);
    EXPECT_LE(received_before_other, 2 * 129);  // two steps of it
}

TEST(Channel, MustOutliveThoseWhoWait) {
    const auto misuse = [](bool is_receiver, bool is_served) -> Task<void> {
        std::optional<Channel<int>> channel(std::in_place, 0u);
        Journal journal;
        Task<void> task =
            is_receiver ? receive_one(*channel, journal, "waiter") : send_one(*channel, journal, 1);
        Unit waiter(std::move(task));
        co_await yield();
        if (is_served) {
            EXPECT_TRUE(channel->try_send(1));
        }
        channel.reset();
    };
    EXPECT_DEATH(run_simulated(misuse(true, false)), "must outlive the tasks that wait");
    EXPECT_DEATH(run_simulated(misuse(true, true)), "must outlive the tasks that wait");
    EXPECT_DEATH(run_simulated(misuse(false, false)), "must outlive the tasks that wait");
}

}  // namespace
