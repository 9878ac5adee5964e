// SPDX-License-Identifier: MIT
//
// Short ways to run a test in a simulated world of a certain kind.
#pragma once

#include <weir/runtime/reactor.h>
#include <weir/runtime/simulation.h>
#include <weir/runtime/tcp.h>

#include <chrono>
#include <utility>

#include "tests/conformance/backends.h"

namespace weir::test {

inline Duration since_start() {
    return Reactor::current().now() - Instant(std::chrono::seconds(1));
}

template <typename Body>
void in_world(const Simulation& world, Body body) {
    run_clean(std::move(body), ReactorOptions().simulation(world));
}

/// Runs `body(client, server)` with two connected streams.
template <typename Body>
void between_two(const Simulation& world, Body body) {
    const auto run_body = [&]() -> Task<void> {
        Connected pair = co_await connected();
        co_await body(pair.client, pair.server);
    };
    in_world(world, run_body);
}

}  // namespace weir::test
