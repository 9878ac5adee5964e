// SPDX-License-Identifier: MIT
//
// Random programs over all that the runtime has, in simulated worlds, quiet and faulty, with ready
// tasks in order and shuffled. WEIR_SOAK_SEEDS says how many; a failure names its seed, and
// WEIR_SIM_SEED runs that one alone.
#include <gtest/gtest.h>
#include <unistd.h>
#include <weir/runtime/run.h>
#include <weir/runtime/simulation.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/soak_program.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeedsByDefault = 2'000;

volatile std::sig_atomic_t seed_now = 0;

// An abort, as of WEIR_CHECK, gives GoogleTest no time to say where it was.
void name_seed(int) {
    char text[64];
    const int size =
        std::snprintf(text, sizeof text, "soak: aborted at seed %d\n", static_cast<int>(seed_now));
    static_cast<void>(::write(STDERR_FILENO, text, static_cast<std::size_t>(size)) + 1);
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* asked = std::getenv(variable);
    return asked == nullptr ? otherwise : std::strtoull(asked, nullptr, 10);
}

// Every fourth world is quiet, every second one shuffles.
Simulation world(std::uint64_t seed) {
    Simulation simulation;
    simulation.seed(seed).shuffle(seed % 2 == 1);
    if (seed % 4 == 1) simulation.faults(Faults::light());
    if (seed % 4 >= 2) simulation.faults(Faults::heavy());
    return simulation;
}

Task<void> run_program(std::uint64_t seed, SoakTally& tally) {
    SoakProgram program(seed, 1h, tally);
    co_await program.main();
    EXPECT_EQ(Reactor::current().timers_armed(), 0u);
    EXPECT_EQ(Reactor::current().buffers().leased(), 0u);
}

TEST(Soak, RandomProgramsLeaveNothingBehind) {
    const auto previous = std::signal(SIGABRT, name_seed);
    const std::size_t frames = detail::frames_live();
    const std::uint64_t only = number_from("WEIR_SIM_SEED", 0);
    const std::uint64_t count = number_from("WEIR_SOAK_SEEDS", kSeedsByDefault);
    const std::uint64_t first = only != 0 ? only : 1;
    const std::uint64_t last = only != 0 ? only : count;
    SoakTally tally;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        seed_now = static_cast<std::sig_atomic_t>(seed);
        run_simulated(run_program(seed, tally), world(seed));
        EXPECT_EQ(detail::frames_live(), frames) << "a frame or a slot was left behind";
        if (testing::Test::HasFailure()) break;
    }
    std::signal(SIGABRT, previous);
    std::printf(
        "%ld returned, %ld failed, %ld cancelled; %ld timeouts, %ld races, %ld clean-ups, "
        "%ld shields, %ld joins, %ld completions, %ld retries, %ld values, "
        "%ld notifications, %ld jobs, %ld bytes\n",
        tally.returned, tally.thrown, tally.cancelled, tally.timeouts, tally.races, tally.cleanups,
        tally.shields, tally.joins, tally.completions, tally.retries, tally.values,
        tally.notifications, tally.jobs, tally.bytes);
    if (only != 0 || count < kSeedsByDefault) return;
    for (const long each :
         {tally.returned, tally.thrown, tally.cancelled, tally.timeouts, tally.races,
          tally.cleanups, tally.shields, tally.joins, tally.completions, tally.retries,
          tally.values, tally.notifications, tally.jobs, tally.bytes}) {
        EXPECT_GT(each, 100);
    }
}

}  // namespace
