// SPDX-License-Identifier: MIT
//
// What the loop does, as a timeline: a file of Chrome's JSON trace events, which ui.perfetto.dev
// and chrome://tracing open. See also ReactorOptions::trace(), which traces a loop's whole life.
#pragma once

#include <weir/runtime/base/result.h>
#include <cstddef>
#include <string>

namespace weir {

/// Of this thread's loop. The file has turns, steps of tasks that wait (named by function), waits
/// with what for, ended operations with descriptor and result, and how much is ready, armed and in
/// flight. Tasks that end without having waited are only counted, in their turn: they are too many
/// and too short. A step's beginning is exact if its task had waited before; that of a new task is
/// the end of the last step in the file. In a simulated world the times are virtual, and equal
/// seeds give equal files.
class Trace {
public:
    static constexpr std::size_t kMegabytes = 256;

    /// Begins a trace with the loop's next turn. The file is made anew, and ends with a note when
    /// it has grown to `megabytes`. Errors name the path. Ends a trace that is going on.
    static Result<void> start(const std::string& path, std::size_t megabytes = kMegabytes);
    /// Writes the rest and closes the file; an error where not all could be written. Without a
    /// trace nothing happens. The end of the loop does the same.
    static Result<void> stop();
};

}  // namespace weir
