// SPDX-License-Identifier: MIT
//
// The worker that makes very many tasks wait for one thing, and what that thing can be.
#pragma once

#include <string>
#include <vector>

#include "bench/worker.h"

namespace weir::bench {

/// What a waiting task can wait for, by the number that the worker takes.
std::vector<std::string> kinds_of_waiters();

Result<Sample> waiters_weir(const Arguments& arguments);

}  // namespace weir::bench
