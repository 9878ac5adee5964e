// SPDX-License-Identifier: MIT
#include "bench/peers.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace weir::bench {
namespace {

constexpr std::size_t kSlowDoes = 20;     // one part in so many
constexpr std::size_t kSleepersDoes = 4;  // likewise: they must all be spawned before one wakes

}  // namespace

std::size_t Peer::scaled(std::string_view metric, std::size_t count) const noexcept {
    const bool is_interpreted =
        name_ == "asyncio" || name_ == "uvloop" || name_ == "aiohttp" || name_ == "aiohttp_uvloop";
    std::size_t parts = 1;
    if (metric.starts_with("sleepers")) {
        if (is_interpreted || name_ == "go" || name_ == "node") parts = kSleepersDoes;
    } else if (is_interpreted || (name_ == "node" && metric == "cancel")) {
        parts = kSlowDoes;
    }
    return std::max<std::size_t>(count / parts, 1);
}

std::vector<std::string> absent_peers(const std::string& folder) {
    std::vector<std::string> names;
    std::ifstream file(folder + "/absent.txt");
    for (std::string line; std::getline(file, line);)
        names.push_back(line);
    return names;
}

Result<std::vector<Peer>> find_peers(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
        const auto mode = entry.status().permissions();
        const bool is_program = (mode & std::filesystem::perms::owner_exec) != decltype(mode){};
        if (entry.is_regular_file() && is_program) names.push_back(entry.path().filename());
    }
    if (names.empty()) {
        return Error(Errc::bad_argument,
                     "there are no peers in " + folder + ": build them by `./dev bench --peers`");
    }
    std::sort(names.begin(), names.end());
    std::vector<Peer> peers;
    for (const std::string& name : names) {
        const std::string path = folder + "/" + name;
        Result<Child> child = Child::start(Command(path, name, "--version"));
        if (!child) return std::move(child).error();
        Result<std::string> version = child->read_line();
        if (!version) return std::move(version).error();
        peers.emplace_back(name, path, std::move(*version));
    }
    return peers;
}

}  // namespace weir::bench
