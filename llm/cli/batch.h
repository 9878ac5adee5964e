// SPDX-License-Identifier: MIT
//
// `weir batch`: a file of requests in, a file of answers out.
#pragma once

namespace CLI {
class App;
}

namespace weir::cli {

/// Adds the command to `app`. When it has run, its exit code is in `exit_code`, which must live as
/// long as `app`.
void add_batch_command(CLI::App& app, int& exit_code);

}  // namespace weir::cli
