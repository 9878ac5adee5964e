// SPDX-License-Identifier: MIT
//
// retry(policy, make_task): calls make_task() for a new task until one succeeds, with growing and
// jittered delays between. A failure is an exception or a Result that holds an error. It plans
// within the deadline around it: an attempt that could only begin too late is not waited for.
#pragma once

#include <weir/runtime/deadline.h>
#include <weir/runtime/outcome.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task.h>
#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace weir {

/// When to try again. The defaults: three attempts, 0.5 s and then 1 s apart, up to half as much
/// again by chance.
class RetryPolicy {
public:
    RetryPolicy() noexcept {}

    /// In all, the first among them; at least one.
    RetryPolicy& attempts_max(int count) noexcept { return attempts_max_ = count, *this; }
    /// Before the second attempt; each later one is `factor` times as long, up to `delay_max`.
    RetryPolicy& first_delay(Duration delay) noexcept { return first_delay_ = delay, *this; }
    RetryPolicy& factor(double times) noexcept { return factor_ = times, *this; }
    RetryPolicy& delay_max(Duration delay) noexcept { return delay_max_ = delay, *this; }
    /// Each delay is made longer by a random part of it, up to this share; so that callers that
    /// failed together do not come back together.
    RetryPolicy& jitter(double share) noexcept { return jitter_ = share, *this; }
    /// Which errors are worth another attempt; exceptions come as Errc::task_threw. Without it:
    /// all but those that are known not to be (Error::worth_retry()).
    RetryPolicy& only_if(bool (*is_worth_it)(const Error&)) noexcept {
        return only_if_ = is_worth_it, *this;
    }

    /// How long to wait after failed attempt number `attempt`, counted from 1; nothing: do not try
    /// again. `chance` is in [0, 1). Not less than what the error itself asks for.
    std::optional<Duration> delay_after(int attempt, const Error& error, double chance) const;

private:
    int attempts_max_ = 3;
    Duration first_delay_ = std::chrono::milliseconds(500);
    Duration delay_max_ = std::chrono::seconds(30);
    double factor_ = 2.0;
    double jitter_ = 0.5;
    bool (*only_if_)(const Error&) = nullptr;
};

namespace detail {

/// One failed attempt: what it came to, as an error, and as thrown where it was.
class FailedAttempt {
public:
    FailedAttempt() {}
    Error error = Error(Errc::cancelled);
    std::exception_ptr exception;
};

/// Waits as long as the policy says. False: give up.
Task<bool> wait_to_retry(const RetryPolicy& policy, int attempt, const Error& error);
/// Says in the message how many attempts there were.
Error after_attempts(Error error, int attempts);

template <typename T, typename Make>
Task<std::optional<T>> attempt(Make& make_task, FailedAttempt& failed) {
    try {
        T value = co_await make_task();
        if constexpr (is_result<T>) {
            if (!value) {
                failed.exception = nullptr;
                failed.error = std::move(value).error();
                co_return std::nullopt;
            }
        }
        co_return std::optional<T>(std::move(value));
    } catch (...) {
        failed.exception = std::current_exception();
        failed.error = Error::from_exception(failed.exception);
    }
    co_return std::nullopt;
}

template <typename Make>
Task<bool> attempt_without_value(Make& make_task, FailedAttempt& failed) {
    try {
        co_await make_task();
        co_return true;
    } catch (...) {
        failed.exception = std::current_exception();
        failed.error = Error::from_exception(failed.exception);
    }
    co_return false;
}

}  // namespace detail

/// Gives what the first attempt that succeeds gave. In the end the last failure: its exception is
/// thrown; its error is the Result's, with the number of attempts in the message. `make_task` is a
/// callable that returns Task<T>; it is kept in the frame, so it may be a coroutine that captures.
/// Captures are by reference (trivially destructible), for g++ 12 destroys others twice.
template <typename Make>
auto retry(RetryPolicy policy, Make make_task) -> std::invoke_result_t<Make&> {
    static_assert(std::is_trivially_destructible_v<Make>,
                  "capture by reference: g++ 12 destroys such a temporary twice");
    using T = typename std::invoke_result_t<Make&>::value_type;
    detail::FailedAttempt failed;
    for (int number = 1;; ++number) {
        if constexpr (std::is_void_v<T>) {
            const bool has_ended = co_await detail::attempt_without_value(make_task, failed);
            if (has_ended) co_return;
        } else {
            std::optional<T> value = co_await detail::attempt<T>(make_task, failed);
            if (value) co_return *std::move(value);
        }
        const bool again = co_await detail::wait_to_retry(policy, number, failed.error);
        if (again) continue;
        if (failed.exception) std::rethrow_exception(failed.exception);
        if constexpr (is_result<T>) {
            co_return detail::after_attempts(std::move(failed.error), number);
        }
    }
}

}  // namespace weir
