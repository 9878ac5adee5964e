// SPDX-License-Identifier: MIT
//
// What fork() does to a process with loops. A child has one thread, and no loop: the parent's ring
// or epoll set is shared with it and must not be touched. So in the child this thread's loop is
// forgotten. run() then works as on a fresh thread; returning into the parent's run() aborts.
#pragma once

namespace weir::detail {

/// From now on forks are noticed. Any thread, as often as one likes.
void watch_forks();

/// offload.cpp: the pool's threads do not exist in the child.
void forget_pool_after_fork() noexcept;

}  // namespace weir::detail
