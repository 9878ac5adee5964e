// SPDX-License-Identifier: MIT
//
// `weir demo`: what weir is for, shown without a key and without a network. A mock server runs as a
// process of its own; a batch goes through it over TLS, then ten thousand streams at once.
#pragma once

#include <string>

#include "llm/cli/endpoint_options.h"

namespace CLI {
class App;
}

namespace weir::cli {

class DemoOptions {
public:
    DemoOptions() = default;

    int calls = 0;  // the usual number
    bool is_quick = false;
    std::string json_file;
    EndpointOptions endpoint;
};

void add_demo_command(CLI::App& app, int& exit_code);

int run_demo(const DemoOptions& options);

}  // namespace weir::cli
