// SPDX-License-Identifier: MIT
//
// A sweep: a program of tasks is run with its first allocation failing, with its second, and so on
// until none fails any more. Each time it must end, by saying that there is no memory; leave
// nothing behind; and run to its end in the same loop, once there is memory again.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <weir/runtime/frame_pool.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <iterator>
#include <new>
#include <string>
#include <utility>

#include "tests/support/failing_memory.h"

namespace weir::test {

/// A program, by name. It throws what went wrong; it must not use EXPECT, which needs memory.
class Scenario {
public:
    using Program = Task<void> (*)();
    constexpr Scenario(const char* text, Program body) noexcept : name(text), program(body) {}
    /// It has an answer to some failures, and need not tell of them.
    constexpr Scenario recovers() const noexcept {
        Scenario scenario = *this;
        scenario.may_recover = true;
        return scenario;
    }

    const char* name;
    Program program;
    bool may_recover = false;
};

inline std::string scenario_name(const testing::TestParamInfo<Scenario>& info) {
    return info.param.name;
}

/// How a run with too little memory went. No strings: it is filled while there is no memory.
class Attempt {
public:
    Attempt() noexcept {}

    std::size_t failures = 0;
    bool has_ended_well = false;
    bool has_run_out = false;  // it said so
    std::exception_ptr other;  // it said something else
    ReactorStats before;
    ReactorStats after;
    int turns = 0;           // until it had settled
    bool is_usable = false;  // the second run, with memory, ended well
};

namespace sweep {

inline Task<void> attempt(Scenario::Program program, Attempt& result) {
    try {
        co_await program();
        result.has_ended_well = true;
    } catch (const std::bad_alloc&) {
        result.has_run_out = true;
    } catch (const BadResultAccess& failed) {
        result.has_run_out = failed.error() == std::errc::not_enough_memory;
        if (!result.has_run_out) result.other = std::current_exception();
    } catch (...) {
        result.other = std::current_exception();
    }
}

// Sockets that were closed may wait for the kernel to let go of them: up to a second.
inline bool is_settled(Attempt& result) {
    result.after = Reactor::current().stats();
    return result.after.sockets == result.before.sockets || ++result.turns > 1000;
}

inline Task<void> program_twice(Scenario::Program program, std::size_t number, Lack lack,
                                Attempt& result) {
    result.before = Reactor::current().stats();
    Task<void> first = attempt(program, result);
    {
        FailingMemory memory(number, lack);
        co_await std::move(first);
        memory.end();
        result.failures = memory.failures();
    }
    while (!is_settled(result))
        co_await sleep_for(std::chrono::milliseconds(1));
    co_await program();
    result.is_usable = true;
}

inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

inline std::string what(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& caught) {
        return caught.what();
    } catch (...) {
        return "no std::exception";
    }
}

inline void expect_honest(const Attempt& result, const Scenario& scenario) {
    if (result.other) ADD_FAILURE() << "it said instead: " << what(result.other);
    EXPECT_TRUE(result.has_run_out || (result.has_ended_well && scenario.may_recover))
        << "it did not say that there was no memory";
}

inline void expect_nothing_left(const Attempt& result) {
    EXPECT_EQ(result.after.frames, result.before.frames) << "a frame or a slot";
    EXPECT_EQ(result.after.timers_armed, result.before.timers_armed);
    EXPECT_EQ(result.after.leases, result.before.leases);
    EXPECT_EQ(result.after.operations, result.before.operations);
    EXPECT_EQ(result.after.sockets, result.before.sockets);
    EXPECT_TRUE(result.is_usable);
}

}  // namespace sweep

/// Makes the n-th allocation fail, and where that is `lasting` all later ones, for each n.
/// `counts_blocks`: nothing of the process but the scenario allocates meanwhile.
inline void sweep_memory(const Scenario& scenario, Lack lack, const ReactorOptions& options,
                         bool counts_blocks) {
    constexpr std::size_t kMost = 3000;
    Attempt warm_up;  // what is made once and kept
    run(sweep::program_twice(scenario.program, 0, lack, warm_up), options);
    ASSERT_TRUE(warm_up.has_ended_well) << "with all the memory it wants";
    for (std::size_t number = 1;; ++number) {
        SCOPED_TRACE(std::string(scenario.name) + ", allocation " + std::to_string(number) +
                     (lack == Lack::once ? " alone" : " and all later ones"));
        ASSERT_LT(number, kMost) << "the sweep does not end";
        const std::size_t descriptors = sweep::open_descriptors();
        const std::size_t blocks = FailingMemory::blocks_live();
        Attempt result;
        run(sweep::program_twice(scenario.program, number, lack, result), options);
        const std::size_t blocks_after = FailingMemory::blocks_live();
        EXPECT_EQ(sweep::open_descriptors(), descriptors) << "a descriptor was left open";
        if (result.failures > 0) sweep::expect_honest(result, scenario);
        sweep::expect_nothing_left(result);
        result.other = nullptr;
        EXPECT_TRUE(!counts_blocks || blocks_after == blocks) << "memory was left behind";
        if (testing::Test::HasFailure()) return;
        if (result.failures == 0) {
            EXPECT_GT(number, 1u) << "the scenario needs no memory: it shows nothing";
            return;
        }
    }
}

#ifndef WEIR_FRAMES_FROM_MALLOC
/// Frames come from a pool, which asks the kernel for memory once in a while: here for none, when
/// so many bytes of frames have been made.
inline void sweep_frames(const Scenario& scenario, const ReactorOptions& options) {
    constexpr std::size_t kMost = 64 << 10;
    for (std::size_t room = 0;; room += 2 * detail::FramePool::kStep) {
        SCOPED_TRACE(std::string(scenario.name) + ", " + std::to_string(room) +
                     " bytes for frames");
        ASSERT_LT(room, kMost) << "the sweep does not end";
        Attempt result;
        const auto program = [&]() -> Task<void> {
            Task<void> first = sweep::attempt(scenario.program, result);
            result.before = Reactor::current().stats();
            const detail::FramePool pool = detail::frame_pool;
            for (void*& block : detail::frame_pool.free_blocks)
                block = nullptr;
            detail::frame_pool.limit = detail::frame_pool.cursor + room;
            rlimit space{};
            ::getrlimit(RLIMIT_AS, &space);
            const rlimit none{1, space.rlim_max};
            ::setrlimit(RLIMIT_AS, &none);
            co_await std::move(first);
            ::setrlimit(RLIMIT_AS, &space);
            result.failures = result.has_ended_well ? 0 : 1;
            while (!sweep::is_settled(result))
                co_await sleep_for(std::chrono::milliseconds(1));
            ++result.after.frames;  // that of attempt() is gone
            const std::size_t frames = detail::frame_pool.frames_live;
            detail::frame_pool = pool;
            detail::frame_pool.frames_live = frames;
            co_await scenario.program();
            result.is_usable = true;
        };
        const std::size_t descriptors = sweep::open_descriptors();
        run(program(), options);
        EXPECT_EQ(sweep::open_descriptors(), descriptors) << "a descriptor was left open";
        if (result.failures > 0) sweep::expect_honest(result, scenario);
        sweep::expect_nothing_left(result);
        if (testing::Test::HasFailure()) return;
        if (result.failures == 0) {
            EXPECT_GT(room, 0u) << "the scenario makes no frame";
            return;
        }
    }
}
#endif

}  // namespace weir::test
