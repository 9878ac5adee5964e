// SPDX-License-Identifier: MIT
//
// `weir mock`: the mock server as a program.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace CLI {
class App;
}

namespace weir::cli {

class MockOptions {
public:
    MockOptions() = default;

    std::uint16_t port = 0;
    int first_ms = 200;
    int interval_ms = 20;
    int tokens = 50;
    bool uses_tls = false;
    int status = 0;  // none
    std::string fault;
    std::uint64_t faulty_calls = std::numeric_limits<std::uint64_t>::max();
    bool is_quiet = false;
};

void add_mock_command(CLI::App& app, int& exit_code);

/// Serves until a signal comes; gives the exit code.
int run_mock(const MockOptions& options);

}  // namespace weir::cli
