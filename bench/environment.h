// SPDX-License-Identifier: MIT
//
// Where the figures come from: without it they mean little.
#pragma once

#include <string>

namespace weir::bench {

struct Environment {
    std::string machine;  // processor, number of CPUs, memory
    std::string kernel;
    std::string compiler;   // of this program and of weir
    std::string backend;    // what a reactor takes here when nobody asks, and why
    std::string peers{};    // their versions; empty where none are measured
    std::string weather{};  // how busy the machine was with other things, once that is known
};

/// How busy the machine is with what is not ours, from when this is made: only with that in sight
/// can a difference of a few percent be believed.
class Weather {
public:
    Weather();
    /// "quiet: ...", or "too noisy to tell small differences: ...", with the shares of the
    /// machine's time that others took, as processes here or as other guests of the host.
    std::string report() const;

private:
    struct Times {
        double all = 0;
        double busy = 0;
        double stolen = 0;
        double ours = 0;
    };
    static Times times();

    Times begin_;
};

Environment find_environment();

/// As lines for a person.
std::string to_text(const Environment& environment);

}  // namespace weir::bench
