// SPDX-License-Identifier: MIT
//
// The format is for people and may change; these tests say what it tells of each kind of wait.
#include <weir/runtime/task_tree.h>

#include <gtest/gtest.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/race.h>
#include <weir/runtime/run.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/channel.h>
#include <weir/runtime/sync/condition.h>
#include <weir/runtime/sync/event.h>
#include <weir/runtime/sync/mutex.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/tcp.h>
#include <weir/runtime/timeout.h>

#include <regex>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace waits {

Task<void> sleeper() {
    co_await sleep_for(1510ms);
}
Task<void> outer() {
    co_await sleeper();
}
Task<void> on_semaphore() {
    Semaphore semaphore(0);
    static_cast<void>(co_await semaphore.acquire());
}
Task<void> on_mutex() {
    Mutex mutex;
    const MutexLock lock = co_await mutex.lock();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        const auto second = [](Mutex& held) -> Task<void> {
            static_cast<void>(co_await held.lock());
        };
        group.spawn(second(mutex));
        co_return;
    });
}
Task<void> on_event() {
    Event event;
    co_await event.wait();
}
Task<void> on_condition() {
    Condition condition;
    co_await condition.wait();
}
Task<void> on_accept() {
    TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
    static_cast<void>(co_await listener.accept());
}
Task<void> on_receive() {
    TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
    Result<TcpStream> stream = co_await TcpStream::connect(listener.local_endpoint());
    static_cast<void>(co_await stream->read());
}
Task<void> on_send() {
    TcpListener listener = TcpListener::bind(Endpoint::loopback(0)).value();
    Result<TcpStream> stream = co_await TcpStream::connect(listener.local_endpoint());
    const std::string much(50'000'000, 'x');
    static_cast<void>(co_await stream->write_all(as_bytes(much)));
}
Task<void> on_gather() {
    std::vector<Task<void>> tasks;
    tasks.push_back(sleeper());
    co_await gather(std::move(tasks));
}
Task<void> on_race() {
    std::vector<Task<void>> tasks;
    tasks.push_back(sleeper());
    co_await race(std::move(tasks));
}
Task<void> on_timeout() {
    static_cast<void>(co_await timeout(500ms, sleeper()));
}
Task<void> on_shield() {
    co_await shield(sleeper());
}
Task<void> yields_for_ever() {
    for (;;)
        co_await yield();
}
Task<void> always_ready() {
    co_await yields_for_ever();
}
Task<void> on_full_channel() {
    Channel<int> channel(1);
    static_cast<void>(co_await channel.send(1));
    static_cast<void>(co_await channel.send(2));
}
Task<void> on_empty_channel() {
    Channel<int> channel(1);
    static_cast<void>(co_await channel.receive());
}

}  // namespace waits

namespace {

/// The tree of a task that has spawned `make()`, and looks when 10 ms have passed.
std::string tree_with(Task<void> (*make)(), int count = 1) {
    std::string tree;
    const auto main = [&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < count; ++i)
                group.spawn(make());
            co_await sleep_for(10ms);
            tree = task_tree();
            group.cancel();
        });
    };
    run_simulated(main());
    return tree;
}

/// The lines from that of `task` on, without what stands before it.
std::string from(const std::string& tree, const std::string& task) {
    const std::size_t at = tree.find("\n  waits::" + task);
    return at == std::string::npos ? "not found in\n" + tree : tree.substr(at + 3);
}

/// The one line that tells of `task`.
std::string line_of(const std::string& tree, const std::string& task) {
    const std::size_t at = tree.find("waits::" + task);
    if (at == std::string::npos) return "not found in\n" + tree;
    return tree.substr(at, tree.find('\n', at) - at);
}

std::string wait_of(Task<void> (*make)(), const std::string& task) {
    return line_of(tree_with(make), task);
}

}  // namespace

namespace waits {

Task<void> two_levels(std::string& tree) {
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(sleeper());
        co_await sleep_for(10ms);
        tree = task_tree();
        group.cancel();
    });
}

}  // namespace waits

TEST(TaskTree, IndentsChildrenBelowTheirParent) {
    std::string tree;
    run_simulated(waits::two_levels(tree));
    EXPECT_EQ(tree,
              "waits::two_levels: group\n"
              "  waits::sleeper: sleep, 1.5 s left\n"
              "  waits::two_levels::lambda: running\n");
}

TEST(TaskTree, NamesOutermostAndInnermostFunction) {
    EXPECT_EQ(wait_of(waits::outer, "outer"), "waits::outer > waits::sleeper: sleep, 1.5 s left");
}

TEST(TaskTree, TellsWhatEachQueueIsFor) {
    EXPECT_EQ(wait_of(waits::on_semaphore, "on_semaphore"), "waits::on_semaphore: semaphore");
    EXPECT_EQ(wait_of(waits::on_event, "on_event"), "waits::on_event: event");
    EXPECT_EQ(wait_of(waits::on_condition, "on_condition"), "waits::on_condition: condition");
    EXPECT_EQ(wait_of(waits::on_full_channel, "on_full"),
              "waits::on_full_channel: channel, to send");
    EXPECT_EQ(wait_of(waits::on_empty_channel, "on_empty"),
              "waits::on_empty_channel: channel, to receive");
    const std::string mutex = tree_with(waits::on_mutex);
    EXPECT_NE(mutex.find("lambda: mutex\n"), std::string::npos) << mutex;
}

TEST(TaskTree, TellsOperationAndDescriptor) {
    const auto matches = [](const std::string& line, const char* pattern) {
        EXPECT_TRUE(std::regex_match(line, std::regex(pattern))) << line;
    };
    matches(wait_of(waits::on_accept, "on_accept"), "waits::on_accept: accept on fd \\d+");
    matches(wait_of(waits::on_receive, "on_receive"), "waits::on_receive: receive on fd \\d+");
    matches(wait_of(waits::on_send, "on_send"), "waits::on_send: send on fd \\d+");
}

TEST(TaskTree, TellsCombinatorsWithTheirChildren) {
    const std::string child = "    waits::sleeper: sleep, 1.5 s left\n";
    const auto begins = [](Task<void> (*make)(), const std::string& task,
                           const std::string& expected) {
        const std::string text = from(tree_with(make), task);
        EXPECT_TRUE(text.starts_with(expected)) << text;
    };
    begins(waits::on_gather, "on_gather", "waits::on_gather: gather\n" + child);
    begins(waits::on_race, "on_race", "waits::on_race: race\n" + child);
    begins(waits::on_shield, "on_shield", "waits::on_shield: shield\n" + child);
}

TEST(TaskTree, TellsHowLongATimeoutHasLeft) {
    const std::string text = from(tree_with(waits::on_timeout), "on_timeout");
    EXPECT_TRUE(
        text.starts_with("waits::on_timeout: timeout, 490 ms left\n"
                         "    waits::sleeper: sleep, 1.5 s left\n"))
        << text;
}

TEST(TaskTree, TellsWhoIsReady) {
    std::string tree;
    const auto main = [&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(waits::always_ready());
            tree = task_tree();
            co_await yield();
            tree += task_tree();
            group.cancel();
        });
    };
    run_simulated(main());
    // Before its first step, and after it, when an inner frame is what is queued.
    EXPECT_NE(tree.find("\n  waits::always_ready: ready\n"), std::string::npos) << tree;
    EXPECT_NE(tree.find("\n  waits::always_ready > waits::yields_for_ever: ready\n"),
              std::string::npos)
        << tree;
}

TEST(TaskTree, TellsWhoIsCancelled) {
    std::string tree;
    const auto main = [&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(waits::on_shield());
            co_await sleep_for(1ms);
            group.cancel();
            tree = task_tree();
        });
    };
    run_simulated(main());
    EXPECT_EQ(line_of(tree, "on_shield"), "waits::on_shield: shield, cancelled");
}

TEST(TaskTree, FoldsManyAlike) {
    const std::string text = tree_with(waits::sleeper, 10'000);
    EXPECT_NE(text.find("group\n"
                        "  waits::sleeper: sleep, 1.5 s left\n"
                        "  waits::sleeper: sleep, 1.5 s left\n"
                        "  ... and 9,998 more like it\n"),
              std::string::npos)
        << text;
}

TEST(TaskTree, TellsThreeAlikeInFull) {
    const std::string text = tree_with(waits::sleeper, 3);
    EXPECT_EQ(text.find("more like it"), std::string::npos) << text;
}

TEST(TaskTree, FoldsSubtreesThatDoTheSame) {
    const std::string text = tree_with(waits::on_timeout, 50);
    EXPECT_NE(text.find("  ... and 48 more like it\n"), std::string::npos) << text;
}

TEST(TaskTree, SaysThatNoLoopRuns) {
    EXPECT_EQ(task_tree(), "no loop runs on this thread\n");
}

TEST(DeadlockDeathTest, TellsWhoWaitsForWhatInTheSimulator) {
    EXPECT_DEATH(run_simulated(waits::on_event()), "waits::on_event: event\n(.|\n)*deadlock");
}

TEST(DeadlockDeathTest, TellsWhoWaitsForWhatOnARealLoop) {
    EXPECT_DEATH(run(waits::on_semaphore(), ReactorOptions().backend(BackendKind::epoll)),
                 "waits::on_semaphore: semaphore\n(.|\n)*deadlock");
}
