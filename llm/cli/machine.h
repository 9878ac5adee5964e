// SPDX-License-Identifier: MIT
//
// What this process may use and has used, as the kernel counts it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::cli {

/// Raises the limit on open descriptors as far as it goes without privileges, and gives it.
std::size_t raise_descriptor_limit();

/// Memory of this process that is in use now, in bytes; zero where the kernel does not tell.
std::int64_t resident_bytes();

/// Gives the kernel back what the heap does not use, so that the next growth is seen.
void give_back_free_memory();

/// Processor time of this process so far, user and system.
double cpu_seconds();

}  // namespace weir::cli
