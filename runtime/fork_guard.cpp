// SPDX-License-Identifier: MIT
#include <weir/runtime/fork_guard.h>

#include <pthread.h>

#include <weir/runtime/ready_queue.h>

namespace weir::detail {
namespace {

// The frames of the parent's tasks stay where they are, in memory that is the child's own copy:
// they are leaked, since destroying them would close streams on the parent's behalf.
void in_child() {
    this_loop = LoopState();
    forget_pool_after_fork();
}

}  // namespace

void watch_forks() {
    static const int registered = ::pthread_atfork(nullptr, nullptr, &in_child);
    static_cast<void>(registered);
}

}  // namespace weir::detail
