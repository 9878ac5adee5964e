// SPDX-License-Identifier: MIT
//
// Programs of tasks for sweeps of memory: those that pass time, and those with scopes. Each throws
// what went wrong, and also what it was told.
#pragma once

#include <weir/runtime/as_completed.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/race.h>
#include <weir/runtime/retry.h>
#include <weir/runtime/shield.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using namespace std::chrono_literals;

inline void require(bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
}

inline constexpr const char* kLongMessage = "a message that is longer than a short string may be";

inline Task<std::string> text_after(Duration delay) {
    co_await sleep_for(delay);
    co_return std::string(kLongMessage);
}

inline Task<Result<std::string>> result_after(Duration delay) {
    co_await sleep_for(delay);
    co_return std::string(kLongMessage);
}

inline Task<Result<std::string>> error_after(Duration delay) {
    co_await sleep_for(delay);
    co_return Error(Errc::limit_reached, std::string(kLongMessage));
}

inline Task<std::string> throws_after(Duration delay) {
    co_await sleep_for(delay);
    throw std::runtime_error(kLongMessage);
}

inline Task<void> yield_once() {
    co_await yield();
}

// --- time ----------------------------------------------------------------------------------------

inline Task<void> sleeps() {
    co_await sleep_for(1ms);
    co_await sleep_for(300ms);
    co_await sleep_for(70s);
}

inline Task<void> many_sleep() {
    co_await with_group([](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < 40; ++i) {
            const auto sleep = [](Duration delay) -> Task<void> {
                co_await sleep_for(delay);
            };
            group.spawn(sleep(i * 17ms));
        }
        co_return;
    });
}

inline Task<void> sleepers_are_cancelled() {
    co_await with_group([](TaskGroup& group) -> Task<void> {
        const auto sleep = []() -> Task<void> {
            co_await sleep_for(1h);
        };
        for (int i = 0; i < 5; ++i)
            group.spawn(sleep());
        co_await sleep_for(1ms);
        group.cancel();
    });
}

inline Task<void> timeouts() {
    const Result<std::string> in_time = co_await timeout(1s, text_after(1ms));
    in_time.value();
    const Result<std::string> late = co_await timeout(1ms, text_after(1s));
    require(late.has_value() || late.error() == Errc::timed_out, "no timeout");
    const Result<std::string> nested =
        co_await timeout(2s, [](Duration limit) -> Task<std::string> {
            const Result<std::string> inner = co_await timeout(limit, text_after(2ms));
            co_return inner.value();
        }(1s));
    nested.value();
}

// --- scopes --------------------------------------------------------------------------------------

inline Task<void> group_of_tasks() {
    co_await with_group([](TaskGroup& group) -> Task<void> {
        const auto work = [](Duration delay) -> Task<void> {
            co_await text_after(delay);
        };
        for (int i = 0; i < 4; ++i)
            group.spawn(work(i * 1ms));
        Child<std::string> child = group.start(text_after(2ms));
        Child<std::string> other = group.start(text_after(1h));
        const Result<std::string> text = co_await child.join();
        text.value();
        other.cancel();
        const Result<std::string> none = co_await other.join();
        require(!none.has_value(), "a cancelled child gave a value");
    });
}

inline Task<void> group_fails() {
    const auto body = [](TaskGroup& group) -> Task<Result<void>> {
        Child<Result<std::string>> child = group.start(error_after(1ms));
        Child<std::string> other = group.start(text_after(1h));
        const Result<std::string> text = co_await child.join();
        co_return text.error();
    };
    const Result<void> ended = co_await with_group(body);
    require(!ended.has_value(), "no failure");
    if (ended.error() != Errc::limit_reached) ended.value();
}

inline Task<void> gathers() {
    std::vector<Task<std::string>> tasks;
    for (int i = 0; i < 3; ++i)
        tasks.push_back(text_after(i * 1ms));
    const std::vector<std::string> texts = co_await gather(std::move(tasks));
    require(texts.size() == 3, "gather() lost a value");

    std::vector<Task<Result<std::string>>> failing;
    failing.push_back(error_after(1ms));
    failing.push_back(result_after(1h));
    const Result<std::vector<std::string>> failed = co_await gather(std::move(failing));
    require(!failed.has_value(), "no failure");
    if (failed.error() != Errc::limit_reached) failed.value();
}

inline Task<void> gathers_settled() {
    std::vector<Task<std::string>> tasks;
    tasks.push_back(text_after(1ms));
    tasks.push_back(throws_after(1ms));
    tasks.push_back(throws_after(2ms));
    const std::vector<Result<std::string>> results = co_await gather_settled(std::move(tasks));
    results[0].value();
    for (std::size_t i = 1; i < 3; ++i) {
        if (results[i].error() != Errc::task_threw) results[i].value();
        try {
            results[i].value();
        } catch (const std::runtime_error&) {
        }
    }
}

inline Task<void> races() {
    const std::string first = co_await race(text_after(1ms), text_after(1h));
    std::vector<Task<std::string>> tasks;
    for (int i = 0; i < 3; ++i)
        tasks.push_back(text_after(1ms + i * 1h));
    const std::string again = co_await race(std::move(tasks));
    require(first == again, "a race gave something else");
}

inline Task<void> takes_as_completed() {
    co_await with_group([](TaskGroup& group) -> Task<void> {
        std::vector<Task<std::string>> tasks;
        for (int i = 0; i < 40; ++i)
            tasks.push_back(text_after(i * 1ms));
        tasks.push_back(text_after(1h));
        AsCompleted<std::string> texts = as_completed(group, std::move(tasks));
        for (int i = 0; i < 40; ++i) {
            const std::optional<Completed<std::string>> next = co_await texts.next();
            next->result.value();
        }
    });
}

inline Task<void> shields() {
    const std::string text = co_await shield(text_after(1ms));
    const std::string same = co_await finally(text_after(1ms), yield_once());
    require(text == same, "a shield gave something else");
}

inline Task<void> retries() {
    int attempts = 0;
    const auto attempt = [&]() -> Task<Result<std::string>> {
        if (++attempts < 3) return error_after(1ms);
        return result_after(1ms);
    };
    const Result<std::string> text = co_await retry(RetryPolicy(), attempt);
    text.value();
}

}  // namespace weir::test
