// SPDX-License-Identifier: MIT
//
// Many worlds, one after the other: which one failed is named, and can be run alone.
#include <weir/runtime/simulate_seeds.h>

#include <gtest/gtest.h>
#include <weir/runtime/tcp.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/backends.h"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

class SimulateSeeds : public testing::Test {
protected:
    void SetUp() override { ::unsetenv("WEIR_SIM_SEED"); }
    void TearDown() override { ::unsetenv("WEIR_SIM_SEED"); }
};

Task<Result<void>> fail_if(bool fails) {
    if (fails) co_return Error(Errc::limit_reached, "too much");
    co_return Result<void>();
}

Task<void> throw_if(bool throws) {
    if (throws) throw std::runtime_error("thrown");
    co_return;
}

TEST_F(SimulateSeeds, RunsEachSeedOnce) {
    std::vector<std::uint64_t> seeds;
    const auto all = simulate_seeds(4, Simulation().seed(10), [&](std::uint64_t seed) {
        seeds.push_back(seed);
        return fail_if(false);
    });
    EXPECT_TRUE(all.has_value());
    EXPECT_EQ(seeds, (std::vector<std::uint64_t>{10, 11, 12, 13}));
}

TEST_F(SimulateSeeds, NamesTheSeedThatReturnedAFailure) {
    const auto all =
        simulate_seeds(100, Simulation(), [](std::uint64_t seed) { return fail_if(seed == 17); });
    ASSERT_FALSE(all.has_value());
    EXPECT_TRUE(all.error() == Errc::limit_reached);
    EXPECT_EQ(all.error().message(),
              "in the simulated world of seed 17 (WEIR_SIM_SEED=17 runs it alone): too much");
}

TEST_F(SimulateSeeds, NamesTheSeedThatThrew) {
    const auto all =
        simulate_seeds(100, Simulation(), [](std::uint64_t seed) { return throw_if(seed == 23); });
    ASSERT_FALSE(all.has_value());
    EXPECT_TRUE(all.error() == Errc::task_threw);
    EXPECT_NE(all.error().message().find("seed 23 "), std::string::npos);
    EXPECT_NE(all.error().message().find("thrown"), std::string::npos);
}

TEST_F(SimulateSeeds, RunsOnlyTheSeedThatTheEnvironmentNames) {
    ::setenv("WEIR_SIM_SEED", "42", 1);
    std::vector<std::uint64_t> seeds;
    const auto all = simulate_seeds(100, Simulation(), [&](std::uint64_t seed) {
        seeds.push_back(seed);
        return throw_if(false);
    });
    EXPECT_TRUE(all.has_value());
    EXPECT_EQ(seeds, std::vector<std::uint64_t>{42});
}

TEST_F(SimulateSeeds, RefusesASeedThatIsNoNumber) {
    ::setenv("WEIR_SIM_SEED", "42x", 1);
    const auto all = simulate_seeds(1, Simulation(), [] { return throw_if(false); });
    EXPECT_TRUE(!all && all.error() == Errc::bad_argument);
}

TEST_F(SimulateSeeds, KeepsTheTraceOfTheSeedThatFailed) {
    std::vector<std::string> lines;
    const auto world = Simulation().latency(1ms, 5ms).record(lines);
    const auto connect = [](bool fails) -> Task<Result<void>> {
        TcpListener listener = listen_here();
        const auto stream = co_await TcpStream::connect(listener.local_endpoint());
        if (fails) co_return Error(Errc::limit_reached);
        co_return Result<void>();
    };
    const auto all =
        simulate_seeds(5, world, [&](std::uint64_t seed) { return connect(seed == 3); });
    EXPECT_FALSE(all.has_value());
    const std::vector<std::string> kept = std::exchange(lines, {});
    EXPECT_FALSE(kept.empty());
    EXPECT_FALSE(run_simulated(connect(true), Simulation(world).seed(3)).has_value());
    EXPECT_EQ(kept, lines);
}

TEST(SimulationDeath, AFailedCheckNamesTheSeedAndHowToReplayIt) {
    const auto fail = []() -> Task<void> {
        co_await sleep_for(1ms);
        WEIR_CHECK_HINT(false, "a bug of the program");
    };
    EXPECT_DEATH(run_simulated(fail(), Simulation().seed(98)),
                 "simulated world of seed 98 .*WEIR_SIM_SEED=98(.|\n)*a bug of the program");
}

TEST(SimulationDeath, AnExceptionThatNothingCatchesNamesTheSeed) {
    const auto fail = []() -> Task<void> {
        const auto throw_it = [] {
            throw std::runtime_error("thrown all the same");
        };
        const auto must_not_throw = [&]() noexcept {
            throw_it();
        };
        must_not_throw();
        co_return;
    };
    EXPECT_DEATH(run_simulated(fail(), Simulation().seed(97)),
                 "simulated world of seed 97 (.|\n)*thrown all the same");
}

TEST(SimulationDeath, ABugAfterTheWorldsEndNamesNoSeed) {
    const auto fail_late = [] {
        const auto nothing = []() -> Task<void> {
            co_return;
        };
        run_simulated(nothing(), Simulation().seed(96));
        WEIR_CHECK_HINT(false, "a bug of the program");
    };
    EXPECT_DEATH(fail_late(), "^weir: broken contract");
}

TEST(SimulationDeath, ADeadlockNamesTheSeed) {
    const auto wait_for_nobody = []() -> Task<void> {
        TcpListener listener = listen_here();
        const auto stream = co_await listener.accept();
    };
    EXPECT_DEATH(run_simulated(wait_for_nobody(), Simulation().seed(99)),
                 "simulated world of seed 99(.|\n)*deadlock");
}

}  // namespace
