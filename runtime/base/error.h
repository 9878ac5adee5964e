// SPDX-License-Identifier: MIT
//
// What the world can do to us, as a value. An Error is a category and a code (as std::error_code)
// plus, boxed, a sentence for a person and what a caller needs to decide: is a retry worth it, and
// after how long. Each module has a category of its own; runtime failures are listed here.
#pragma once

#include <weir/runtime/base/time.h>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace weir {

/// Failures that weir's runtime itself can report. Those of the kernel come as errno values in
/// std::system_category().
enum class Errc {
    timed_out = 1,       ///< a deadline passed before the work was done
    stream_ended,        ///< the peer closed where more bytes were promised
    stream_poisoned,     ///< an earlier write failed or was cancelled: the stream takes no more
    name_not_found,      ///< a host name that does not resolve
    name_server_failed,  ///< a name service that could not answer now; a retry may help
    bad_argument,        ///< a value that the caller gave cannot be used
    unsupported,         ///< this machine, kernel or build cannot do it
    limit_reached,       ///< a configured limit forbids it
    cancelled,           ///< the task that was waited for has been cancelled by somebody else
    channel_closed,      ///< a send into a channel that takes no more
    reactor_ended,       ///< the loop that was asked has ended
    task_threw,          ///< a task ended by an exception, which the error carries
};

const std::error_category& runtime_category() noexcept;
std::error_code make_error_code(Errc code) noexcept;

}  // namespace weir

template <>
struct std::is_error_code_enum<weir::Errc> : std::true_type {};

namespace weir {

/// One failure: 24 bytes, copyable, cheap to move. Compares with any error-code enumeration:
/// `if (error == Error::timed_out)`, `if (error == std::errc::connection_refused)`.
class [[nodiscard]] Error {
public:
    using enum Errc;

    /// From a code of any module, with the category's own sentence as the message.
    Error(std::error_code code) noexcept : category_(&code.category()), value_(code.value()) {}

    template <typename Code>
        requires std::is_error_code_enum_v<Code>
    Error(Code code) noexcept : Error(make_error_code(code)) {}

    /// With a sentence that says what was wrong, where, and what to do.
    template <typename Code>
        requires std::is_error_code_enum_v<Code>
    Error(Code code, std::string message) : Error(make_error_code(code), std::move(message)) {}
    Error(std::error_code code, std::string message);

    Error(const Error& other);
    Error& operator=(const Error& other);
    Error(Error&&) noexcept = default;
    Error& operator=(Error&&) noexcept = default;
    ~Error() = default;

    /// A kernel's errno value (positive).
    static Error from_errno(int number) noexcept {
        return Error(std::error_code(number, std::system_category()));
    }
    static Error from_errno(int number, std::string_view doing);
    /// Errc::task_threw, with what the exception says as the message.
    static Error from_exception(std::exception_ptr exception);

    std::error_code code() const noexcept { return std::error_code(value_, *category_); }
    const std::error_category& category() const noexcept { return *category_; }

    /// The sentence for a person. Never empty.
    std::string message() const;

    /// Puts "context: " before the message; for callers who know more of what was being done.
    Error&& with_context(std::string_view context) &&;

    /// The exception of Errc::task_threw; null for all other errors.
    std::exception_ptr exception() const noexcept;

    /// What the reporter knows of retries: nothing, worth it, or not worth it.
    std::optional<bool> worth_retry() const noexcept;
    /// How long to wait before a retry, where the other side said so; zero otherwise.
    Duration retry_after() const noexcept;
    Error&& with_retry(bool worth_it, Duration after = Duration::zero()) &&;

    template <typename Code>
        requires(std::is_error_code_enum_v<Code>)
    friend bool operator==(const Error& error, Code code) noexcept {
        return error.code() == make_error_code(code);
    }
    friend bool operator==(const Error& error, std::errc condition) noexcept {
        return error.code() == condition;
    }

private:
    struct Details {
        std::string message;
        std::optional<bool> worth_retry;
        Duration retry_after = Duration::zero();
        std::exception_ptr exception;
    };
    Details& details();

    const std::error_category* category_;
    std::unique_ptr<Details> details_;
    int value_;
};
static_assert(sizeof(Error) <= 24);

}  // namespace weir
