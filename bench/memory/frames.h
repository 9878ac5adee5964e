// SPDX-License-Identifier: MIT
//
// What a waiting task is made of, coroutine frame by coroutine frame.
#pragma once

#include <string>
#include <vector>

#include "bench/worker.h"

namespace weir::bench {

/// The situations whose frames can be had, in the order of their numbers.
std::vector<std::string> kinds_of_frames();
Result<Sample> frames_weir(const Arguments& arguments);

}  // namespace weir::bench
