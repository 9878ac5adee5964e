// SPDX-License-Identifier: MIT
//
// What a cancellation does to one unit: a chain of frames and the leaf it waits on.
#include <gtest/gtest.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>

#include <memory>
#include <utility>
#include <vector>

#include "tests/support/journal.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

#if defined(WEIR_FRAMES_FROM_MALLOC) || !defined(__OPTIMIZE__)
// Symmetric transfer is a call where the compiler does not make it a jump.
constexpr int kDeepChain = 2'000;
#else
constexpr int kDeepChain = 200'000;
#endif

Task<void> sleeper(Journal& journal, Mark, Duration span) {
    const Mark local(journal, "local");
    co_await sleep_for(span);
    journal.note("woke");
}

Task<void> holder(Semaphore& semaphore, Journal& journal, Duration span) {
    const Permit permit = co_await semaphore.acquire();
    journal.note("held");
    co_await sleep_for(span);
}

TEST(Cancellation, BeforeItsFirstStepATaskNeverRuns) {
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit unit(sleeper(journal, Mark(journal, "argument"), 5ms));
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
    EXPECT_EQ(journal.text(), "~argument");
}

TEST(Cancellation, EndsASleepAtOnce) {
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit unit(sleeper(journal, Mark(journal, "argument"), 1h));
        co_await yield();
        const Instant before = Reactor::current().now();
        unit.cancel();
        EXPECT_FALSE(unit.has_ended());  // cancel only asks
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
        co_await yield();
        EXPECT_TRUE(unit.was_unwound());
        EXPECT_EQ(Reactor::current().now(), before);
    });
    EXPECT_EQ(journal.text(), "~local ~argument");
}

TEST(Cancellation, AskingTwiceIsAskingOnce) {
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit unit(sleeper(journal, Mark(journal, "argument"), 5ms));
        co_await yield();
        unit.cancel();
        unit.cancel();
        co_await yield();
        EXPECT_TRUE(unit.was_unwound());
        unit.cancel();  // and asking what has ended is nothing
    });
    EXPECT_EQ(journal.text(), "~local ~argument");
}

TEST(Cancellation, ReachesATaskThatIsAlreadyReady) {
    Journal journal;
    simulate([&]() -> Task<void> {
        // Both timers fire in one turn; this one was armed first, so the unit is ready behind us.
        const Instant deadline = Reactor::current().now() + 5ms;
        Unit unit([](Journal& log, Instant until) -> Task<void> {
            co_await yield();
            const Mark local(log, "local");
            co_await sleep_until(until);
            log.note("woke");
        }(journal, deadline));
        co_await sleep_until(deadline);
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
        EXPECT_FALSE(unit.has_ended());
        unit.cancel();
        unit.cancel();
        co_await yield();
        EXPECT_TRUE(unit.was_unwound());
    });
    EXPECT_EQ(journal.text(), "~local");
}

TEST(Cancellation, ReachesATaskThatYields) {
    simulate([&]() -> Task<void> {
        Unit unit([]() -> Task<void> {
            for (;;)
                co_await yield();
        }());
        co_await yield_times(3);
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
}

TEST(Cancellation, TakesAWaiterOutOfItsQueue) {
    Journal journal;
    Semaphore semaphore(1);
    simulate([&]() -> Task<void> {
        Unit first(holder(semaphore, journal, 5ms));
        Unit second(holder(semaphore, journal, 5ms));
        Unit third(holder(semaphore, journal, 5ms));
        co_await yield();
        second.cancel();
        co_await third.join();
        EXPECT_TRUE(second.was_unwound());
        EXPECT_FALSE(first.was_unwound() || third.was_unwound());
    });
    EXPECT_EQ(journal.text(), "held held");
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Cancellation, HandsOnAPermitThatWasGrantedAlready) {
    Journal journal;
    Semaphore semaphore(0);
    simulate([&]() -> Task<void> {
        Unit first(holder(semaphore, journal, 5ms));
        Unit second(holder(semaphore, journal, 5ms));
        co_await yield();
        semaphore.release();  // to the first, which is ready now
        first.cancel();
        co_await second.join();
        EXPECT_TRUE(first.was_unwound());
        EXPECT_FALSE(second.was_unwound());
    });
    EXPECT_EQ(journal.text(), "held");
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Cancellation, StopsALoopThatNeverReallyWaits) {
    Semaphore semaphore(1);
    long rounds = 0;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.cancel();
            for (; rounds < 1000; ++rounds) {
                const Permit permit = co_await semaphore.acquire();
            }
        });
    });
    EXPECT_EQ(rounds, 0);
    EXPECT_EQ(semaphore.available(), 1u);
}

TEST(Cancellation, StopsALoopOverGathersOfNothing) {
    long rounds = 0;
    simulate([&]() -> Task<void> {
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.cancel();
            for (; rounds < 1000; ++rounds) {
                std::vector<Task<int>> none;
                static_cast<void>(co_await gather(std::move(none)));
            }
        });
    });
    EXPECT_EQ(rounds, 0);
}

TEST(Cancellation, IsNotSeenByCatchAll) {
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit unit([](Journal& log) -> Task<void> {
            try {
                co_await sleep_for(5ms);
            } catch (...) {
                log.note("caught");
            }
            log.note("after");
        }(journal));
        co_await yield();
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
        EXPECT_EQ(unit.failure(), "");
    });
    EXPECT_EQ(journal.text(), "");
}

Task<void> inner(Journal& journal, Mark) {
    const Mark local(journal, "inner-local");
    co_await sleep_for(9ms);
}

Task<void> outer(Journal& journal) {
    const Mark before(journal, "before");
    Task<void> named = inner(journal, Mark(journal, "inner-argument"));
    const Mark after(journal, "after");
    co_await std::move(named);
}

TEST(Cancellation, UnwindsInnermostFirst) {
    Journal journal;
    simulate([&]() -> Task<void> {
        Unit unit(outer(journal));
        co_await yield();
        unit.cancel();
        co_await unit.join();
    });
    // The awaited task dies before what its caller made after it, though its handle was older.
    EXPECT_EQ(journal.text(), "~inner-local ~inner-argument ~after ~before");
}

Task<int> deep(int levels) {
    if (levels == 0) {
        co_await sleep_for(5ms);
        co_return 0;
    }
    const int below = co_await deep(levels - 1);
    co_return below + 1;
}

TEST(Cancellation, UnwindsADeepChainWithoutRecursion) {
    simulate([&]() -> Task<void> {
        Unit unit([]() -> Task<void> {
            static_cast<void>(co_await deep(kDeepChain));
        }());
        co_await yield();
        EXPECT_GT(detail::frames_live(), static_cast<std::size_t>(kDeepChain));
        unit.cancel();
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
}

TEST(Cancellation, ADeepChainReturnsWithoutRecursion) {
    int depth = 0;
    simulate([&]() -> Task<void> { depth = co_await deep(kDeepChain); });
    EXPECT_EQ(depth, kDeepChain);
}

// A leaf as the kernel has them: asked to stop, it takes some turns more, and may then succeed.
class Lingering final : public detail::Composite {
public:
    Lingering(Journal& journal, std::unique_ptr<Unit>& kernel, int turns)
        : journal_(journal), kernel_(kernel), turns_(turns) {}
    Lingering(const Lingering&) = delete;
    Lingering& operator=(const Lingering&) = delete;
    ~Lingering() { journal_.note("~leaf"); }

    bool await_ready() noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
        auto* leaf = static_cast<detail::Composite*>(this);
        if (detail::begin_wait(waiting, leaf, detail::LeafKind::composite)) {
            waiting_ = detail::to_handle(waiting);
        }
    }
    void await_resume() noexcept {}

private:
    const char* name() const noexcept override { return "lingering"; }
    void cancel_children() noexcept override {
        journal_.note("asked");
        kernel_ = std::make_unique<Unit>(complete_later());
    }
    Task<void> complete_later() {
        co_await yield_times(turns_);
        journal_.note("completed");
        detail::make_ready(waiting_);
    }

    Journal& journal_;
    std::unique_ptr<Unit>& kernel_;
    int turns_;
    detail::Handle waiting_{};
};

class LingerRequest {
public:
    using weir_request = void;
    LingerRequest(Journal& journal, std::unique_ptr<Unit>& kernel, int turns)
        : journal_(journal), kernel_(kernel), turns_(turns) {}
    Lingering start() { return Lingering(journal_, kernel_, turns_); }

private:
    Journal& journal_;
    std::unique_ptr<Unit>& kernel_;
    int turns_;
};

TEST(Cancellation, NoFrameDiesBeforeItsLeafHasLetGo) {
    Journal journal;
    std::unique_ptr<Unit> kernel;
    simulate([&]() -> Task<void> {
        Unit unit([](Journal& log, std::unique_ptr<Unit>& completer) -> Task<void> {
            const Mark local(log, "local");
            LingerRequest linger(log, completer, 5);
            co_await linger;
            log.note("resumed");
        }(journal, kernel));
        co_await yield();
        unit.cancel();
        co_await yield_times(3);
        EXPECT_FALSE(unit.has_ended());
        co_await unit.join();
        EXPECT_TRUE(unit.was_unwound());
    });
    EXPECT_EQ(journal.text(), "asked completed ~leaf ~local");
}

}  // namespace
