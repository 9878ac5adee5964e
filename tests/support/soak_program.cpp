// SPDX-License-Identifier: MIT
#include "tests/support/soak_program.h"

#include <gtest/gtest.h>
#include <weir/runtime/as_completed.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/race.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/retry.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/timeout.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace weir::test {
namespace {

constexpr int kDepth = 4;

}  // namespace

SoakProgram::SoakProgram(std::uint64_t seed, Duration longest, SoakTally& tally)
    : random_(seed),
      longest_(longest),
      tally_(tally),
      semaphore_(1 + random_.below(2)),
      permits_(semaphore_.available()),
      channel_(random_.below(4)) {}

Duration SoakProgram::span(std::uint64_t below_ms) {
    const Duration whole = std::chrono::milliseconds(random_.below(below_ms));
    return whole + 250us * random_.below(4);
}

Task<void> SoakProgram::main() {
    Result<TcpListener> listener = TcpListener::bind(Endpoint::loopback(0));
    if (!listener) co_return;  // out of descriptors
    server_ = listener->local_endpoint();
    Ending ending = Ending::cancelled;
    try {
        co_await with_group(
            [&](TaskGroup& group) -> Task<void> { return body(group, *listener, ending); });
    } catch (const std::exception&) {
        ending = Ending::thrown;
    }
    if (ending == Ending::returned) ++tally_.returned;
    if (ending == Ending::thrown) ++tally_.thrown;
    if (ending == Ending::cancelled) ++tally_.cancelled;
    check_that_nothing_is_left();
}

Task<void> SoakProgram::body(TaskGroup& group, TcpListener& listener, Ending& ending) {
    group.spawn(serve(listener, group));
    group.spawn(cancel_later(group, span(200)));
    group.spawn(cancel_later(group, longest_));
    static_cast<void>(co_await tree(kDepth));
    ending = Ending::returned;
    group.cancel();
}

void SoakProgram::check_that_nothing_is_left() {
    EXPECT_EQ(semaphore_.available(), permits_) << "a permit was lost or doubled";
    EXPECT_FALSE(mutex_.is_locked()) << "a lock was lost";
    EXPECT_EQ(parcels_, static_cast<long>(channel_.size())) << "a parcel was lost or doubled";
    EXPECT_EQ(objects_, 0) << "a local did not die, or died twice";
    EXPECT_EQ(cleanups_begun_, cleanups_done_) << "a clean-up was cut short";
    EXPECT_FALSE(is_unwinding());
}

// --- the tree ------------------------------------------------------------------------------------

Task<int> SoakProgram::tree(int depth) {
    const Counted local(objects_);
    const std::string text(30 + random_.below(40), 'x');
    const std::uint64_t steps = 1 + random_.below(4);
    int sum = 0;
    for (std::uint64_t i = 0; i < steps; ++i) {
        if (one_in(60)) throw std::runtime_error(text);
        if (depth == 0 || one_in(3)) {
            sum += co_await wait_somehow();
        } else {
            sum += co_await combine(depth - 1);
        }
    }
    co_return sum + static_cast<int>(text.size());
}

Task<int> SoakProgram::wait_somehow() {
    const Counted local(objects_);
    switch (random_.below(12)) {
        case 0:
            co_await sleep_for(span(12));
            break;
        case 1:
            co_await yield();
            break;
        case 2:
            co_await hold_a_permit();
            break;
        case 3:
            co_await talk_to_the_server();
            break;
        case 4:
            co_await accept_once();
            break;
        case 5:
            co_await hold_the_lock();
            break;
        case 6:
            co_await wait_for_a_token();
            break;
        case 7:
            co_await wait_for_the_event();
            break;
        case 8:
            co_await send_parcels();
            break;
        case 9:
            co_await receive_parcels();
            break;
        case 10:
            co_await use_other_threads();
            break;
        default:
            co_await send_without_a_reader();
    }
    co_return 1;
}

Task<int> SoakProgram::combine(int depth) {
    const Counted local(objects_);
    switch (random_.below(11)) {
        case 0:
            co_return co_await tree(depth);
        case 1:
            co_return co_await gathered(depth, false);
        case 2:
            co_return co_await gathered(depth, true);
        case 3:
            co_return co_await limited(depth);
        case 4:
            co_return co_await scope(depth);
        case 5:
            co_return co_await raced(depth);
        case 6:
            co_return co_await completed(depth);
        case 7:
            co_return co_await cleaned(depth);
        case 8:
            co_return co_await shielded();
        case 9:
            co_return co_await retried(depth);
        default:
            co_return co_await caught(depth);
    }
}

Task<int> SoakProgram::gathered(int depth, bool settled) {
    std::vector<Task<int>> tasks;
    for (std::uint64_t i = random_.below(5); i > 0; --i)
        tasks.push_back(tree(depth));
    if (settled) {
        const std::vector<Result<int>> results = co_await gather_settled(std::move(tasks));
        co_return static_cast<int>(results.size());
    }
    const std::vector<int> values = co_await gather(std::move(tasks));
    co_return static_cast<int>(values.size());
}

Task<int> SoakProgram::raced(int depth) {
    int value = 0;
    if (one_in(2)) {
        value = co_await race(tree(depth), short_work());
    } else {
        std::vector<Task<int>> tasks;
        for (std::uint64_t i = 1 + random_.below(4); i > 0; --i)
            tasks.push_back(tree(depth));
        value = co_await race(std::move(tasks));
    }
    ++tally_.races;
    co_return int(value);
}

Task<int> SoakProgram::limited(int depth) {
    const Result<int> value = co_await timeout(span(15), tree(depth));
    if (!value) ++tally_.timeouts;
    co_return value ? *value : 0;
}

Task<int> SoakProgram::completed(int depth) {
    int taken = 0;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        std::vector<Task<int>> tasks;
        for (std::uint64_t i = random_.below(5); i > 0; --i)
            tasks.push_back(tree(depth));
        AsCompleted<int> results = as_completed(group, std::move(tasks));
        for (;;) {
            const std::optional<Completed<int>> each = co_await results.next();
            if (!each) co_return;
            ++taken;
            ++tally_.completions;
            if (one_in(4)) co_return;
        }
    });
    co_return int(taken);
}

Task<int> SoakProgram::scope(int depth) {
    const std::uint64_t children = random_.below(5);
    const std::uint64_t canceller = random_.below(8);
    int value = 0;
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        const Counted local(objects_);
        std::vector<Child<int>> handles;
        for (std::uint64_t i = 0; i < children; ++i) {
            if (one_in(2)) {
                handles.push_back(group.start(tree(depth)));
            } else {
                group.spawn(child(depth, group, i == canceller));
            }
            if (one_in(3)) co_await sleep_for(span(5));
        }
        if (one_in(5)) group.cancel();
        if (one_in(12)) throw std::runtime_error("from a body");
        for (Child<int>& handle : handles) {
            if (one_in(3)) handle.cancel();
            if (one_in(4)) continue;
            const Result<int> joined = co_await handle.join();
            if (joined || joined.error() == Errc::cancelled) ++tally_.joins;
        }
        value = 1;
    });
    co_return int(value);
}

Task<int> SoakProgram::cleaned(int depth) {
    const int value = co_await finally(tree(depth), clean_up());
    ++tally_.cleanups;
    co_return int(value);
}
Task<void> SoakProgram::clean_up() {
    const Counted local(objects_);
    ++cleanups_begun_;
    co_await sleep_for(span(3));
    if (one_in(3)) static_cast<void>(co_await timeout(span(4), take_a_permit()));
    ++cleanups_done_;
}

Task<int> SoakProgram::shielded() {
    const int value = co_await shield(short_work());
    ++tally_.shields;
    co_return int(value);
}
Task<int> SoakProgram::short_work() {
    const Counted local(objects_);
    co_await sleep_for(span(4));
    co_return 1;
}

Task<int> SoakProgram::retried(int depth) {
    const auto make = [&]() {
        return tree(depth);
    };
    const RetryPolicy policy = RetryPolicy().attempts_max(2).first_delay(span(3));
    const int value = co_await retry(policy, make);
    ++tally_.retries;
    co_return int(value);
}

Task<int> SoakProgram::caught(int depth) {
    int value = 0;
    try {
        Task<int> named = tree(depth);
        const Counted late(objects_);
        value = co_await std::move(named);
    } catch (const std::exception&) {
        value = -1;
    }
    co_return int(value);
}

Task<void> SoakProgram::child(int depth, TaskGroup& group, bool cancels) {
    const Counted local(objects_);
    static_cast<void>(co_await tree(depth));
    if (cancels) group.cancel();
    if (one_in(6)) group.spawn(sleeper());
}
Task<void> SoakProgram::sleeper() {
    const Counted local(objects_);
    co_await sleep_for(span(9));
}
Task<void> SoakProgram::cancel_later(TaskGroup& group, Duration when) {
    co_await sleep_for(when);
    group.cancel();
}

}  // namespace weir::test
