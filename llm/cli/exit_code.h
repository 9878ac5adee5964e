// SPDX-License-Identifier: MIT
//
// What the program's exit codes mean; the same for every command.
#pragma once

namespace weir::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;         ///< some call failed
inline constexpr int kExitUsage = 2;          ///< bad arguments, or files that cannot be used
inline constexpr int kExitCannotStart = 3;    ///< no port, no backend, no child process
inline constexpr int kExitInterrupted = 130;  ///< SIGINT or SIGTERM, as shells report it

inline constexpr const char* kExitCodesHelp =
    "Exit codes: 0 all went well, 1 some call failed, 2 bad arguments or files, 3 it could not "
    "start, 130 it was interrupted.";

}  // namespace weir::cli
