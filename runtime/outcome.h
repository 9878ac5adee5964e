// SPDX-License-Identifier: MIT
//
// How a child ended, for scopes and combinators: with a value, or with a failure. A failure is an
// exception, or a Result that holds an error; both count alike, and the first one wins.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cerrno>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace weir::detail {

struct Nothing {};

/// What a Task<T> leaves behind as a value: T itself, Result<T>'s T, or Nothing for void.
template <typename T>
struct OutcomeValue {
    using type = T;
};
template <typename T>
struct OutcomeValue<Result<T>> : OutcomeValue<T> {};
template <>
struct OutcomeValue<void> {
    using type = Nothing;
};
template <typename T>
using outcome_value = typename OutcomeValue<T>::type;

/// What a combinator gives that itself adds no failure: T for T, Result<U> for Result<U>.
template <typename T, typename Value>
using same_kind = std::conditional_t<is_result<T>, Result<Value>, Value>;

class Failure {
public:
    Failure() noexcept = default;

    Failure(Failure&&) noexcept = default;
    Failure& operator=(Failure&&) noexcept = default;

    explicit operator bool() const noexcept { return state_.index() != 0; }
    /// For a second owner. Where there is no memory for it: that, as an exception.
    Failure copy() const noexcept {
        Failure copy;
        try {
            copy.state_ = state_;
        } catch (...) {
            copy.state_ = std::current_exception();
        }
        return copy;
    }
    /// Keeps the first failure only; later ones are counted.
    void note(std::exception_ptr exception) noexcept {
        if (*this) {
            ++this_loop.failures_dropped;
        } else {
            state_ = std::move(exception);
        }
    }
    void note(Error error) noexcept {
        if (*this) {
            ++this_loop.failures_dropped;
        } else {
            state_ = std::move(error);
        }
    }

    /// Throws what was kept where it is an exception, or where `Reported` has no room for an
    /// error; gives the error otherwise. Precondition: there is a failure.
    Error raise_or_error(bool errors_are_values) {
        if (auto* exception = std::get_if<1>(&state_)) std::rethrow_exception(*exception);
        Error error = std::move(*std::get_if<2>(&state_));
        if (!errors_are_values) throw BadResultAccess(std::move(error));
        return error;
    }

    /// As a value: an exception is carried inside, or lost where there is no memory for the box
    /// around it; the value is ENOMEM then. Precondition: there is a failure.
    Error to_error() && noexcept {
        auto* exception = std::get_if<1>(&state_);
        if (exception == nullptr) return std::move(*std::get_if<2>(&state_));
        try {
            return Error::from_exception(*exception);
        } catch (...) {
            return Error::from_errno(ENOMEM);
        }
    }

private:
    std::variant<std::monostate, std::exception_ptr, Error> state_;
};

/// Takes what `root`, the frame of a finished Task<T>, has left: into `value`, or into `failure`.
template <typename T>
void take_outcome(PromiseBase& root, std::optional<outcome_value<T>>& value, Failure& failure) {
    if (root.has_exception()) {
        failure.note(root.take_exception());
        return;
    }
    if constexpr (std::is_void_v<T>) {
        value.emplace();
    } else if constexpr (is_result<T>) {
        T&& result = static_cast<TaskPromise<T>&>(root).value();
        if (!result) {
            failure.note(std::move(result).error());
        } else if constexpr (std::is_void_v<typename T::value_type>) {
            value.emplace();
        } else {
            value.emplace(*std::move(result));
        }
    } else {
        value.emplace(static_cast<TaskPromise<T>&>(root).value());
    }
}

/// Of a root that comes too late: a failure is counted, a value dies with the frame.
template <typename T>
void drop_outcome(PromiseBase& root) {
    std::optional<outcome_value<T>> ignored;
    Failure late;
    take_outcome<T>(root, ignored, late);
    if (late) ++this_loop.failures_dropped;
}

/// The end of a combinator over one Task<T>: its value, or its failure in the form T has for it.
template <typename T>
T deliver_outcome(std::optional<outcome_value<T>>& value, Failure& failure) {
    if (failure) {
        Error error = failure.raise_or_error(is_result<T>);
        if constexpr (is_result<T>) return error;
    }
    if constexpr (std::is_same_v<T, Result<void>>) {
        return {};
    } else if constexpr (!std::is_void_v<T>) {
        return std::move(*value);
    }
}

/// Result<T> for T, and Result<U> for Result<U>: nobody meets a Result of a Result.
template <typename T>
using flat_result = std::conditional_t<is_result<T>, T, Result<T>>;

/// How one Task<T> ended, as a value whatever it was.
template <typename T>
flat_result<T> settled_outcome(std::optional<outcome_value<T>>& value, Failure& failure) {
    if (failure) return std::move(failure).to_error();
    if constexpr (std::is_void_v<typename flat_result<T>::value_type>) {
        return {};
    } else {
        return std::move(*value);
    }
}

}  // namespace weir::detail
