// SPDX-License-Identifier: MIT
//
// For tests of the runtime: run a coroutine in a simulated world and see that nothing is left of
// it; and a task of its own, without a scope, that the test may cancel at any moment it likes.
#pragma once

#include <gtest/gtest.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task.h>

#include <cstddef>
#include <exception>
#include <string>
#include <utility>

namespace weir::test {

/// A root that nobody awaits: begins in the next round of the loop, must end before it dies.
class Unit final : private detail::Owner {
public:
    explicit Unit(Task<void> task) : root_(&task.release().promise()) {
        root_->become_root(*this);
        detail::make_ready_first(*root_);
    }
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;
    ~Unit() { EXPECT_TRUE(has_ended()) << "the test must wait for its unit"; }

    void cancel() noexcept {
        if (root_ != nullptr) detail::cancel(*root_);
    }
    bool has_ended() const noexcept { return root_ == nullptr; }
    /// Ended by destruction; false for one that returned or threw.
    bool was_unwound() const noexcept { return was_unwound_; }
    /// What the exception that ended it says; empty when there was none.
    const std::string& failure() const noexcept { return failure_; }

    /// Waits, turn by turn of the loop, until it has ended. Time goes on meanwhile.
    Task<void> join() {
        while (!has_ended())
            co_await sleep_for(std::chrono::milliseconds(1));
    }

private:
    void child_done(detail::PromiseBase& root) noexcept override {
        root_ = nullptr;
        if (!root.has_exception()) return;
        try {
            std::rethrow_exception(root.take_exception());
        } catch (const std::exception& error) {
            failure_ = error.what();
        }
    }
    void child_unwound(std::uintptr_t) noexcept override {
        root_ = nullptr;
        was_unwound_ = true;
    }

    detail::PromiseBase* root_;
    bool was_unwound_ = false;
    std::string failure_;
};

/// Runs `body()`, a coroutine of type Task<void>, as run() does, and expects that no frame and no
/// timer is left. That no slot and no lease is, the reactor checks when it dies.
template <typename Body>
void run_clean(Body body, const ReactorOptions& options) {
    const std::size_t frames = detail::frames_live();
    const auto checked = [&]() -> Task<void> {
        co_await body();
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    };
    run(checked(), options);
    EXPECT_EQ(detail::frames_live(), frames) << "a frame or a slot was left behind";
}

template <typename Body>
void simulate(Body body) {
    run_clean(std::move(body), ReactorOptions().backend(BackendKind::simulated));
}

/// `count` turns of the ready queue.
inline Task<void> yield_times(int count) {
    for (int i = 0; i < count; ++i)
        co_await yield();
}

}  // namespace weir::test
