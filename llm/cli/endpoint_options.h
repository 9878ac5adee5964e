// SPDX-License-Identifier: MIT
//
// The options that say which model to ask and how to get in: the same for every command that calls
// one. What is not given comes from the environment.
#pragma once

#include <weir/llm/client.h>
#include <weir/runtime/base/error.h>
#include <weir/runtime/base/result.h>
#include <string>

namespace CLI {
class App;
}

namespace weir::cli {

class EndpointOptions {
public:
    EndpointOptions() = default;

    /// Adds --base-url, --api-key, --model, --ca-file and --timeout to a command. This object must
    /// outlive the parsing.
    void add_to(CLI::App& command);

    bool has_base_url() const noexcept { return !base_url_.empty(); }

    /// Errors are about the CA file.
    Result<llm::ClientOptions> client_options() const;

private:
    std::string base_url_;
    std::string api_key_;
    std::string model_;
    std::string dialect_;
    std::string ca_file_;
    bool key_over_plain_http_ = false;
    double timeout_seconds_ = 600;
};

/// The error's message, and what to do about it where the user can do something.
std::string explain(const Error& error);

}  // namespace weir::cli
