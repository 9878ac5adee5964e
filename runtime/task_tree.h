// SPDX-License-Identifier: MIT
//
// Who waits for what: all tasks of this thread's loop as an indented text, for people. It reads
// what the loop keeps anyway, so it costs nothing until it is called. Not for programs to parse.
#pragma once

#include <string>

namespace weir {

/// The tasks of this thread's loop, a line each, children below their parent:
///
///     main: group
///       worker > fetch: receive on fd 7
///       worker: sleep, 1.5 s left
///       ... and 9,998 more like it
///
/// A line names the task's outermost function and, where they differ and it is known, its innermost
/// one; then what it waits for, and until when. Tasks of one parent that do the same are told once
/// or twice and counted. At most a thousand lines. The task that calls this is "running". Names
/// need the program's symbols: a stripped one shows addresses. This thread only; not from a signal
/// handler.
std::string task_tree();

}  // namespace weir
