// SPDX-License-Identifier: MIT
//
// Where the figures come from: without it they mean little.
#pragma once

#include <string>

namespace weir::bench {

struct Environment {
    std::string machine;  // processor, number of CPUs, memory
    std::string kernel;
    std::string compiler;  // of this program and of weir
    std::string backend;   // what a reactor takes here when nobody asks, and why
};

Environment find_environment();

/// As lines for a person.
std::string to_text(const Environment& environment);

}  // namespace weir::bench
