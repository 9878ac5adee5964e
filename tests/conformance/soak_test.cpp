// SPDX-License-Identifier: MIT
//
// The random programs of tests/support/soak_program.h on real sockets and in real time, many side
// by side. WEIR_REAL_SOAK_SEEDS says how many; they leave no descriptor, no frame, no lease.
#include <gtest/gtest.h>
#include <weir/runtime/sync/semaphore.h>
#include <weir/runtime/task_group.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "tests/conformance/backends.h"
#include "tests/support/soak_program.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeedsByDefault = 100;
constexpr std::uint64_t kAtATime = 20;

class SoakConformance : public Conformance {};

std::uint64_t seeds() {
    const char* asked = std::getenv("WEIR_REAL_SOAK_SEEDS");
    return asked == nullptr ? kSeedsByDefault : std::strtoull(asked, nullptr, 10);
}

Task<void> run_program(std::uint64_t seed, SoakTally& tally) {
    SoakProgram program(seed, 300ms, tally);
    co_await program.main();
}

// What programs share, the loop's timers and leases, is looked at when a batch of them has ended.
Task<void> run_batch(std::uint64_t first, std::uint64_t last, SoakTally& tally) {
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        for (std::uint64_t seed = first; seed < last; ++seed)
            group.spawn(run_program(seed, tally));
        co_return;
    });
    EXPECT_EQ(Reactor::current().timers_armed(), 0u) << "seeds from " << first;
    EXPECT_EQ(Reactor::current().buffers().leased(), 0u) << "seeds from " << first;
    co_await until_slots(0);
}

TEST_P(SoakConformance, RandomProgramsLeaveNothingBehind) {
    if (is_simulated()) GTEST_SKIP() << "tests/runtime/soak_test.cpp has it";
    SoakTally tally;
    run_here([&]() -> Task<void> {
        for (std::uint64_t first = 0; first < seeds() && !testing::Test::HasFailure();
             first += kAtATime) {
            co_await run_batch(first, std::min(first + kAtATime, seeds()), tally);
        }
    });
    EXPECT_GT(tally.returned + tally.thrown + tally.cancelled, 0);
}

INSTANTIATE_TEST_SUITE_P(Backends, SoakConformance, all_backends(), backend_name);

}  // namespace
