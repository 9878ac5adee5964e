// SPDX-License-Identifier: MIT
//
// Two checks for facts that only a bug can break. WEIR_CHECK stays on in every build: it guards
// memory safety and contracts. WEIR_ASSERT is for facts too costly to test in release builds.
// Failures of the outside world are never checked this way: they are values (result.h).
#pragma once

namespace weir::detail {

/// Something that a person must know to make sense of a failure on this thread, as the seed of a
/// simulated world. While it lives, a check of this thread that fails prints it first, and so does
/// std::terminate(). It dies on the thread that made it.
class FailureNote {
public:
    FailureNote() noexcept;
    FailureNote(const FailureNote&) = delete;
    FailureNote& operator=(const FailureNote&) = delete;

    /// Writes it to stderr. The program is about to abort: no lock, and no memory that is not
    /// there.
    virtual void print() const noexcept = 0;

    /// Prints all notes of this thread, the newest first.
    static void print_all() noexcept;

protected:
    ~FailureNote();

private:
    FailureNote* older_;
};

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
