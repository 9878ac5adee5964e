// SPDX-License-Identifier: MIT
//
// How a channel ends, and how those who wait in it do: by its closing, or by being cancelled.
#include <gtest/gtest.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/channel.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;

namespace {

// Notes "name:value", or "name:end".
Task<void> receive_one(Channel<int>& channel, Journal& journal, std::string name) {
    const std::optional<int> value = co_await channel.receive();
    journal.note(name + ":" + (value ? std::to_string(*value) : "end"));
}

// Notes "value", or "value:closed".
Task<void> send_one(Channel<int>& channel, Journal& journal, int value) {
    const Result<void> sent = co_await channel.send(value);
    if (!sent) {
        EXPECT_EQ(sent.error(), Errc::channel_closed);
    }
    journal.note(std::to_string(value) + (sent ? "" : ":closed"));
}

TEST(Channel, PromiseToACancelledReceiverPassesToTheNext) {
    Channel<int> channel(4);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(receive_one(channel, journal, "first"));
        Unit second(receive_one(channel, journal, "second"));
        co_await yield();
        EXPECT_TRUE(channel.try_send(1));
        first.cancel();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
    });
    EXPECT_EQ(journal.text(), "second:1");
}

TEST(Channel, PromiseToACancelledReceiverLeavesTheValueInItsPlace) {
    for (const std::size_t capacity : {0u, 4u}) {
        Channel<int> channel(capacity);
        Journal journal;
        simulate([&]() -> Task<void> {
            Unit first(receive_one(channel, journal, "first"));
            Unit second(receive_one(channel, journal, "second"));
            co_await yield();
            EXPECT_TRUE(channel.try_send(1));
            EXPECT_TRUE(channel.try_send(2));
            first.cancel();
            second.cancel();
            co_await yield();
            EXPECT_TRUE(first.was_unwound());
            EXPECT_TRUE(second.was_unwound());
            EXPECT_EQ(channel.size(), 2u);
            EXPECT_EQ(channel.try_receive(), 1);
            EXPECT_EQ(channel.try_receive(), 2);
        });
    }
}

TEST(Channel, CancelledReceiverLeavesTheQueue) {
    Channel<int> channel(0);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(receive_one(channel, journal, "first"));
        Unit second(receive_one(channel, journal, "second"));
        co_await yield();
        first.cancel();
        EXPECT_TRUE(channel.try_send(1));
        EXPECT_FALSE(channel.try_send(2));
        co_await second.join();
    });
    EXPECT_EQ(journal.text(), "second:1");
}

TEST(Channel, CancelledSenderTakesItsValueAlongAndGivesItsTurnToTheNext) {
    Channel<int> channel(1);
    Journal journal;
    simulate([&]() -> Task<void> {
        EXPECT_TRUE(channel.try_send(1));
        Unit two(send_one(channel, journal, 2));
        Unit three(send_one(channel, journal, 3));
        co_await yield();
        two.cancel();
        EXPECT_EQ(channel.try_receive(), 1);
        EXPECT_EQ(channel.try_receive(), 3);
        EXPECT_EQ(channel.try_receive(), std::nullopt);
        co_await three.join();
    });
    EXPECT_EQ(journal.text(), "3");
}

TEST(Channel, ASendIsDoneWhenTheValueHasEntered) {
    Channel<int> channel(1);
    Journal journal;
    simulate([&]() -> Task<void> {
        EXPECT_TRUE(channel.try_send(1));
        Unit sender(send_one(channel, journal, 2));
        co_await yield();
        EXPECT_EQ(channel.try_receive(), 1);  // lets the second in
        sender.cancel();
        co_await sender.join();
        EXPECT_TRUE(sender.was_unwound());
        EXPECT_EQ(channel.try_receive(), 2);
    });
    EXPECT_EQ(journal.text(), "");
}

TEST(Channel, ClosedItStillGivesWhatHasEnteredAndThenItsEnd) {
    Channel<int> channel(2);
    Journal journal;
    simulate([&]() -> Task<void> {
        EXPECT_TRUE(channel.try_send(1));
        EXPECT_TRUE(channel.try_send(2));
        channel.close();
        channel.close();
        EXPECT_TRUE(channel.is_closed());
        EXPECT_FALSE(channel.try_send(3));
        co_await send_one(channel, journal, 4);
        co_await receive_one(channel, journal, "a");
        co_await receive_one(channel, journal, "b");
        co_await receive_one(channel, journal, "c");
        EXPECT_EQ(channel.try_receive(), std::nullopt);
    });
    EXPECT_EQ(journal.text(), "4:closed a:1 b:2 c:end");
}

TEST(Channel, CloseEndsReceiversThatWait) {
    Channel<int> channel(2);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit a(receive_one(channel, journal, "a"));
        Unit b(receive_one(channel, journal, "b"));
        co_await yield();
        channel.close();
        co_await b.join();
    });
    EXPECT_EQ(journal.text(), "a:end b:end");
}

TEST(Channel, CloseEndsSendersThatWaitAndTheirValuesAreGivenUp) {
    Channel<int> channel(1);
    Journal journal;
    simulate([&]() -> Task<void> {
        EXPECT_TRUE(channel.try_send(1));
        Unit two(send_one(channel, journal, 2));
        Unit three(send_one(channel, journal, 3));
        co_await yield();
        channel.close();
        co_await three.join();
        co_await receive_one(channel, journal, "a");
        co_await receive_one(channel, journal, "b");
    });
    EXPECT_EQ(journal.text(), "2:closed 3:closed a:1 b:end");
}

TEST(Channel, ItsEndWaitsForThoseThatWerePromisedTheLastValues) {
    Channel<int> channel(2);
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit first(receive_one(channel, journal, "first"));
        Unit second(receive_one(channel, journal, "second"));
        Unit third(receive_one(channel, journal, "third"));
        co_await yield();
        EXPECT_TRUE(channel.try_send(1));
        channel.close();
        first.cancel();  // its value is the second's now
        co_await third.join();
    });
    EXPECT_EQ(journal.text(), "second:1 third:end");
}

TEST(Channel, EachValueDiesOnce) {
    long live = 0;
    {
        Channel<Counted> channel(2);
        simulate([&]() -> Task<void> {
            const auto produce = [&]() -> Task<void> {
                for (int i = 0; i < 9; ++i)
                    static_cast<void>(co_await channel.send(Counted(live)));
            };
            Unit producer(produce());
            for (int i = 0; i < 4; ++i)
                static_cast<void>(co_await channel.receive());
            co_await yield_times(3);
            producer.cancel();  // it waits with a value of its own
            co_await producer.join();
        });
        EXPECT_EQ(live, 2);  // what lies in the channel dies with it
    }
    EXPECT_EQ(live, 0);
}

}  // namespace
