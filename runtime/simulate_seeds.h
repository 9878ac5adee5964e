// SPDX-License-Identifier: MIT
//
// Runs a program in many simulated worlds that differ in their seed alone, and says in which one
// it failed. A seed that failed fails again: WEIR_SIM_SEED=17 in the environment runs only that.
#pragma once

#include <weir/runtime/run.h>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>

namespace weir {
namespace detail {

/// What WEIR_SIM_SEED says; nothing where it is not set. Errc::bad_argument for what is no number.
Result<std::optional<std::uint64_t>> seed_from_environment();
/// "in the simulated world of seed 17: ...", with how to get there again, of the same code.
Error in_world_of_seed(std::uint64_t seed, Error error);

/// One world. An exception becomes an error.
template <typename MakeTask>
Result<void> simulate_seed(const Simulation& world, MakeTask& make_task) {
    const auto make = [&] {
        if constexpr (std::is_invocable_v<MakeTask&, std::uint64_t>) {
            return make_task(world.seed());
        } else {
            return make_task();
        }
    };
    try {
        using Value = decltype(run_simulated(make(), world));
        if constexpr (is_result<Value>) {
            auto ended = run_simulated(make(), world);
            if (!ended) return in_world_of_seed(world.seed(), std::move(ended).error());
        } else {
            static_cast<void>(run_simulated(make(), world));
        }
    } catch (...) {
        return in_world_of_seed(world.seed(), Error::from_exception(std::current_exception()));
    }
    return {};
}

}  // namespace detail

/// Runs `make_task()`, or `make_task(seed)`, in `count` worlds like `world`: with its seed, the
/// next, and so on. The first that ends by an exception or returns a Result with an error ends it
/// all: its error, whose message begins with the seed. A deadlock aborts, and names the seed on
/// stderr before. What world.record() collects is that of the last seed that ran.
///
/// With WEIR_SIM_SEED=n in the environment only the world of seed n is run.
///
///     const Result<void> all = simulate_seeds(
///         1000, Simulation().faults(Faults::heavy()).shuffle(), make_task);
///     EXPECT_TRUE(all) << all.error().message();
template <typename MakeTask>
Result<void> simulate_seeds(std::size_t count, Simulation world, MakeTask make_task) {
    const Result<std::optional<std::uint64_t>> only = detail::seed_from_environment();
    if (!only) return only.error();
    if (*only) {
        world.seed(**only);
        count = 1;
    }
    for (std::size_t done = 0; done < count; ++done) {
        if (world.trace() != nullptr) world.trace()->clear();
        const Result<void> ended = detail::simulate_seed(world, make_task);
        if (!ended) return ended;
        world.seed(world.seed() + 1);
    }
    return {};
}

}  // namespace weir
