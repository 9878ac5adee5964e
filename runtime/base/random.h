// SPDX-License-Identifier: MIT
//
// A small seeded generator (splitmix64) for the simulator's choices and for jitter: the same seed
// gives the same numbers on every machine. Not for secrets.
#pragma once

#include <cstdint>

namespace weir {

class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        return mixed ^ (mixed >> 31);
    }

    /// A number in [0, bound). Precondition: bound > 0.
    std::uint64_t below(std::uint64_t bound) noexcept {
        return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
    }

private:
    __extension__ using Wide = unsigned __int128;

    std::uint64_t state_;
};

}  // namespace weir
