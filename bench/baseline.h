// SPDX-License-Identifier: MIT
//
// The figures of an earlier run, to see what has got worse since. Ratios to the floor are compared,
// as they hardly depend on the machine; what has no floor is compared only in memory.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "bench/report.h"

namespace weir::bench {

class Baseline {
public:
    /// Reads what Report::json_lines() has written; errors name the file and the line.
    static Result<Baseline> read(const std::string& path);

    /// A line for each figure that both runs have, and how many got worse.
    struct Comparison {
        std::string text;
        int worse = 0;
    };
    Comparison compare(const Report& now) const;

private:
    using Key = std::pair<std::string, std::string>;  // metric and backend
    std::map<Key, double> values_;
};

}  // namespace weir::bench
