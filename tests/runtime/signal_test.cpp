// SPDX-License-Identifier: MIT
#include <weir/runtime/signal.h>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>
#include <weir/runtime/offload.h>
#include <weir/runtime/sleep.h>

#include <optional>
#include <utility>

#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

// Of the calling thread.
bool is_blocked(int signal) {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return ::sigismember(&mask, signal) == 1;
}

template <typename Body>
void run_on_epoll(Body body) {
    run_clean(std::move(body), ReactorOptions().backend(BackendKind::epoll));
}

TEST(SignalCatcher, GivesSignalsThatCameBeforeAndWhileItWaits) {
    run_on_epoll([]() -> Task<void> {
        SignalCatcher catcher = SignalCatcher::make({SIGINT, SIGUSR1}).value();
        ::kill(::getpid(), SIGUSR1);
        Result<int> first = co_await catcher.next();
        EXPECT_EQ(first.value(), SIGUSR1);
        auto interrupt = [] {
            ::kill(::getpid(), SIGINT);
        };
        co_await offload(interrupt);  // from a thread that has all of them blocked
        Result<int> second = co_await catcher.next();
        EXPECT_EQ(second.value(), SIGINT);
    });
}

TEST(SignalCatcher, SeveralEachGetTheirOwn) {
    run_on_epoll([]() -> Task<void> {
        SignalCatcher one = SignalCatcher::make({SIGUSR1}).value();
        SignalCatcher two = SignalCatcher::make({SIGUSR2}).value();
        int of_one = 0;
        int of_two = 0;
        const auto take = [](SignalCatcher& from, int& into) -> Task<void> {
            Result<int> signal = co_await from.next();
            into = signal.value();
        };
        Unit first(take(one, of_one));
        Unit second(take(two, of_two));
        co_await sleep_for(1ms);
        ::kill(::getpid(), SIGUSR2);
        co_await second.join();
        EXPECT_FALSE(first.has_ended());
        ::kill(::getpid(), SIGUSR1);
        co_await first.join();
        EXPECT_EQ(of_one, SIGUSR1);
        EXPECT_EQ(of_two, SIGUSR2);
    });
}

TEST(SignalCatcher, TheLastOneOfASignalGivesItBack) {
    std::optional<SignalCatcher> first(SignalCatcher::make({SIGUSR1}).value());
    std::optional<SignalCatcher> second(SignalCatcher::make({SIGUSR1, SIGUSR2}).value());
    first.reset();
    EXPECT_TRUE(is_blocked(SIGUSR1));  // it would kill the process otherwise
    second.reset();
    EXPECT_FALSE(is_blocked(SIGUSR1));
    EXPECT_FALSE(is_blocked(SIGUSR2));
}

TEST(SignalCatcher, DropsWhatWasNotTaken) {
    {
        const SignalCatcher catcher = SignalCatcher::make({SIGINT}).value();
        ::kill(::getpid(), SIGINT);
    }
    EXPECT_FALSE(is_blocked(SIGINT));  // and the process lives
}

TEST(SignalCatcher, LeavesBlockedWhatWasBlockedBefore) {
    sigset_t own;
    ::sigemptyset(&own);
    ::sigaddset(&own, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &own, nullptr);
    {
        const SignalCatcher catcher = SignalCatcher::make({SIGUSR1}).value();
    }
    EXPECT_TRUE(is_blocked(SIGUSR1));
    ::pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
}

TEST(SignalCatcher, RefusesWhatCannotBeCaught) {
    for (const int signal : {SIGKILL, SIGSTOP, 0, -1, 65}) {
        const Result<SignalCatcher> refused = SignalCatcher::make({SIGUSR1, signal});
        EXPECT_TRUE(refused.error() == Errc::bad_argument) << signal;
        EXPECT_FALSE(is_blocked(SIGUSR1));
    }
}

TEST(SignalCatcher, ACancelledWaiterLeavesTheSignalToTheNext) {
    run_on_epoll([]() -> Task<void> {
        SignalCatcher catcher = SignalCatcher::make({SIGUSR1}).value();
        const auto take = [](SignalCatcher& from) -> Task<void> {
            static_cast<void>(co_await from.next());
        };
        Unit unit(take(catcher));
        co_await sleep_for(1ms);
        ::kill(::getpid(), SIGUSR1);
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
        Result<int> signal = co_await catcher.next();
        EXPECT_EQ(signal.value(), SIGUSR1);
    });
}

}  // namespace
