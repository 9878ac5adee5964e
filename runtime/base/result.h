// SPDX-License-Identifier: MIT
//
// Result<T>: a value, or the Error that took its place. Member names follow std::expected, which
// C++20 does not have. Nothing here throws but value() on an error.
#pragma once

#include <weir/runtime/base/assert.h>
#include <weir/runtime/base/error.h>
#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace weir {

/// Thrown by Result::value() when there is none.
class BadResultAccess : public std::exception {
public:
    explicit BadResultAccess(Error error) : error_(std::move(error)), message_(error_.message()) {}

    const char* what() const noexcept override { return message_.c_str(); }
    const Error& error() const noexcept { return error_; }

private:
    Error error_;
    std::string message_;
};

namespace detail {

/// What value() does where there is none.
[[noreturn]] inline void throw_error(const Error& error) {
    if (std::exception_ptr exception = error.exception()) std::rethrow_exception(exception);
    throw BadResultAccess(error);
}

}  // namespace detail

/// A T, or an Error. T must not be a reference or an Error.
template <typename T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    template <typename U = T>
        requires(std::constructible_from<T, U> && !std::same_as<std::remove_cvref_t<U>, Error> &&
                 !std::same_as<std::remove_cvref_t<U>, Result>)
    Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    Result(Error error) noexcept : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// The value. Where there is an error instead it throws BadResultAccess, or the exception that
    /// the error carries.
    T& value() & { return require(), *std::get_if<0>(&state_); }
    const T& value() const& { return require(), *std::get_if<0>(&state_); }
    T&& value() && { return require(), std::move(*std::get_if<0>(&state_)); }

    template <typename U>
    T value_or(U&& fallback) && {
        return has_value() ? std::move(**this) : static_cast<T>(std::forward<U>(fallback));
    }

    /// Precondition (checked): has_value().
    T& operator*() & noexcept { return WEIR_CHECK(has_value()), *std::get_if<0>(&state_); }
    const T& operator*() const& noexcept {
        return WEIR_CHECK(has_value()), *std::get_if<0>(&state_);
    }
    T&& operator*() && noexcept {
        return WEIR_CHECK(has_value()), std::move(*std::get_if<0>(&state_));
    }
    T* operator->() noexcept { return &**this; }
    const T* operator->() const noexcept { return &**this; }

    /// Precondition (checked): !has_value().
    Error& error() & noexcept { return WEIR_CHECK(!has_value()), *std::get_if<1>(&state_); }
    const Error& error() const& noexcept {
        return WEIR_CHECK(!has_value()), *std::get_if<1>(&state_);
    }
    Error&& error() && noexcept {
        return WEIR_CHECK(!has_value()), std::move(*std::get_if<1>(&state_));
    }

private:
    void require() const {
        if (!has_value()) detail::throw_error(*std::get_if<1>(&state_));
    }

    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() noexcept = default;
    Result(Error error) noexcept : error_(std::move(error)) {}

    bool has_value() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    void value() const {
        if (error_) detail::throw_error(*error_);
    }

    Error& error() & noexcept { return WEIR_CHECK(error_.has_value()), *error_; }
    const Error& error() const& noexcept { return WEIR_CHECK(error_.has_value()), *error_; }
    Error&& error() && noexcept { return WEIR_CHECK(error_.has_value()), std::move(*error_); }

private:
    std::optional<Error> error_;
};

template <typename T>
inline constexpr bool is_result = false;
template <typename T>
inline constexpr bool is_result<Result<T>> = true;

}  // namespace weir
