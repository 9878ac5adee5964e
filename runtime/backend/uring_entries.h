// SPDX-License-Identifier: MIT
//
// An operation as an entry of the submission queue: what the kernel is asked to do for it.
#pragma once

#include <liburing.h>
#include <weir/runtime/operation.h>
#include <cstddef>

namespace weir::detail {

/// How receives are asked for.
struct UringReceiving {
    std::size_t buffer_size;
    bool may_go_on;  // may be asked to receive whatever comes, from a stream's third read on
};

/// Fills in all but the user data. A receive that goes on is armed from now on.
void prepare_entry(io_uring_sqe* entry, Operation& operation, UringReceiving receiving) noexcept;

}  // namespace weir::detail
