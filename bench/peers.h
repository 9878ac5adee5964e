// SPDX-License-Identifier: MIT
//
// The programs of bench/peers, which do with other runtimes what weir's benchmarks do. `./dev bench
// --peers` builds them and says where they are; without it there are none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/worker.h"

namespace weir::bench {

/// One of them, built.
class Peer {
public:
    Peer(std::string name, std::string path, std::string version)
        : name_(std::move(name)), path_(std::move(path)), version_(std::move(version)) {}

    const std::string& name() const noexcept { return name_; }
    /// In its own words: "tokio 1.24.2, rustc 1.63.0".
    const std::string& version() const noexcept { return version_; }
    /// A peer that is slow at something gets a part of it to do, so that a run ends while people
    /// wait; figures are for one item each, and stay comparable.
    std::size_t scaled(std::string_view metric, std::size_t count) const noexcept;
    Command command(std::string metric) const { return Command(path_, name_, std::move(metric)); }

private:
    std::string name_;
    std::string path_;
    std::string version_;
};

/// Those that were left out when the ones in `folder` were built, with why: "hyper (it needs ...)".
std::vector<std::string> absent_peers(const std::string& folder);

/// All that lie in `folder`; an error where there is none, or where one cannot be started.
Result<std::vector<Peer>> find_peers(const std::string& folder);

}  // namespace weir::bench
