// SPDX-License-Identifier: MIT
//
// `weir chat`: one question to a model, its answer on stdout as it comes.
#pragma once

#include <string>

#include "llm/cli/endpoint_options.h"

namespace CLI {
class App;
}

namespace weir::cli {

class ChatOptions {
public:
    ChatOptions() = default;

    std::string prompt;  // "-": stdin
    std::string system;
    int max_tokens = 0;  // as many as the model likes
    EndpointOptions endpoint;
};

void add_chat_command(CLI::App& app, int& exit_code);

int run_chat(const ChatOptions& options);

}  // namespace weir::cli
