// SPDX-License-Identifier: MIT
//
// What a piece of work leaves behind for whoever waits for it, perhaps on another thread: its
// value, or the exception that ended it. Not a lock: one side fills it, tells, and keeps away.
#pragma once

#include <weir/runtime/outcome.h>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir::detail {

template <typename T>
class Crossing {
public:
    static_assert(!std::is_reference_v<T>, "give a value, not a reference: it changes threads");

    /// Calls `work` and keeps what comes of it.
    template <typename F>
    void fill_from(F& work) noexcept {
        try {
            if constexpr (std::is_void_v<T>) {
                work();
                value_.emplace();
            } else {
                value_.emplace(work());
            }
        } catch (...) {
            exception_ = std::current_exception();
        }
    }
    /// Takes what `root`, the frame of a finished Task<T>, has left.
    void fill_from_task(PromiseBase& root) noexcept {
        if (root.has_exception()) {
            exception_ = root.take_exception();
        } else if constexpr (std::is_void_v<T>) {
            value_.emplace();
        } else {
            value_.emplace(static_cast<TaskPromise<T>&>(root).value());
        }
    }

    template <typename... Values>
    void fill(Values&&... value) {
        value_.emplace(std::forward<Values>(value)...);
    }
    void fill_with(std::exception_ptr exception) noexcept { exception_ = std::move(exception); }

    bool is_filled() const noexcept { return value_.has_value() || exception_ != nullptr; }

    /// Throws the exception, or gives the value. Precondition: is_filled(). The exception leaves
    /// with it, so that its last owner is the thread that caught it.
    T take() {
        if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
        if constexpr (!std::is_void_v<T>) return std::move(*value_);
    }

private:
    std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value_;
    std::exception_ptr exception_;
};

}  // namespace weir::detail
