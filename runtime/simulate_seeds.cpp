// SPDX-License-Identifier: MIT
#include <weir/runtime/simulate_seeds.h>

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace weir::detail {

Result<std::optional<std::uint64_t>> seed_from_environment() {
    const char* asked = std::getenv("WEIR_SIM_SEED");
    const std::string_view text = asked == nullptr ? "" : asked;
    if (text.empty()) return std::optional<std::uint64_t>();
    std::uint64_t seed = 0;
    const char* end = text.data() + text.size();
    const auto [stop, reason] = std::from_chars(text.data(), end, seed);
    if (reason == std::errc() && stop == end) return std::optional<std::uint64_t>(seed);
    return Error(Errc::bad_argument, "WEIR_SIM_SEED is \"" + std::string(text) +
                                         "\": it must be a decimal number below 2^64");
}

Error in_world_of_seed(std::uint64_t seed, Error error) {
    const std::string number = std::to_string(seed);
    return std::move(error).with_context("in the simulated world of seed " + number +
                                         " (WEIR_SIM_SEED=" + number + " runs it alone)");
}

}  // namespace weir::detail
