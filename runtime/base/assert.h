// SPDX-License-Identifier: MIT
//
// Two checks for facts that only a bug can break. WEIR_CHECK stays on in every build: it guards
// memory safety and contracts. WEIR_ASSERT is for facts too costly to test in release builds.
// Failures of the outside world are never checked this way: they are values (result.h).
#pragma once

namespace weir::detail {

/// Prints the broken fact and where it was stated to stderr, then aborts.
[[noreturn]] void check_failed(const char* fact, const char* hint, const char* file,
                               int line) noexcept;

}  // namespace weir::detail

/// Aborts with the fact and its place unless `fact` holds.
#define WEIR_CHECK(fact)                            \
    (static_cast<bool>(fact) ? static_cast<void>(0) \
                             : ::weir::detail::check_failed(#fact, nullptr, __FILE__, __LINE__))

/// As WEIR_CHECK, with a sentence for the user whose program broke the contract.
#define WEIR_CHECK_HINT(fact, hint)                 \
    (static_cast<bool>(fact) ? static_cast<void>(0) \
                             : ::weir::detail::check_failed(#fact, hint, __FILE__, __LINE__))

#ifdef NDEBUG
#define WEIR_ASSERT(fact) static_cast<void>(0)
#else
#define WEIR_ASSERT(fact) WEIR_CHECK(fact)
#endif
