// SPDX-License-Identifier: MIT
//
// `weir mock`: the mock server as a program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace weir::cli {

class MockOptions {
public:
    MockOptions() = default;

    std::uint16_t port = 0;
    std::string first = "200ms";  // paces, as Pace::parse() reads them
    std::string interval = "20ms";
    std::uint64_t seed = 1;
    int tokens = 50;
    int reasoning = 0;
    std::string dialect;
    bool uses_tls = false;
    std::int64_t requests_per_minute = 0;
    std::int64_t tokens_per_minute = 0;
    std::int64_t input_per_minute = 0;
    std::int64_t output_per_minute = 0;
    std::size_t recorded = 0;
    int status = 0;  // none
    std::string retry_after;
    std::vector<std::string> faults;
    std::optional<double> error_rate;
    std::uint64_t faulty_calls = std::numeric_limits<std::uint64_t>::max();
    bool is_quiet = false;
};

void add_mock_command(CLI::App& app, int& exit_code);

/// Serves until a signal comes; gives the exit code.
int run_mock(const MockOptions& options);

}  // namespace weir::cli
