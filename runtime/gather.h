// SPDX-License-Identifier: MIT
//
// gather(tasks): runs many tasks of one type at once and gives their values in the order of the
// tasks, not of their ends. The first failure cancels the rest and is given instead.
// gather_settled(tasks): the same, but lets all come to their end, and gives a result for each.
#pragma once

#include <weir/runtime/child_set.h>
#include <weir/runtime/outcome.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace weir {
namespace detail {

/// What gather() of Task<T> gives: vector<T>, Result<vector<U>> for T = Result<U>, and void or
/// Result<void> where there are no values.
template <typename T>
using gather_value = std::conditional_t<std::is_same_v<outcome_value<T>, Nothing>, T,
                                        same_kind<T, std::vector<outcome_value<T>>>>;

template <typename T>
class GatherAwaiter final : public TaskVector<T> {
public:
    explicit GatherAwaiter(std::vector<Task<T>> tasks) : TaskVector<T>(std::move(tasks)) {}
    ~GatherAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        values_.resize(this->size());
        return this->begin_all(waiting);
    }

    gather_value<T> await_resume() {
        if (failure_) {
            Error error = failure_.raise_or_error(is_result<T>);
            if constexpr (is_result<T>) return error;
        }
        if constexpr (std::is_same_v<T, Result<void>>) {
            return {};
        } else if constexpr (!std::is_void_v<T>) {
            std::vector<outcome_value<T>> values;
            values.reserve(values_.size());
            for (auto& value : values_)
                values.push_back(std::move(*value));
            return values;
        }
    }

private:
    const char* name() const noexcept override { return "gather"; }
    void child_done(PromiseBase& root) noexcept override {
        const std::size_t index = root.tag();
        const bool had_failed = static_cast<bool>(failure_);
        take_outcome<T>(root, values_[index], failure_);
        if (failure_ && !had_failed) this->cancel_others(index);
        this->child_unwound(index);
    }

    std::vector<std::optional<outcome_value<T>>> values_;
    Failure failure_;
};

template <typename T>
class GatherSettledAwaiter final : public TaskVector<T> {
public:
    explicit GatherSettledAwaiter(std::vector<Task<T>> tasks) : TaskVector<T>(std::move(tasks)) {}
    ~GatherSettledAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        results_.resize(this->size());
        return this->begin_all(waiting);
    }

    std::vector<flat_result<T>> await_resume() {
        std::vector<flat_result<T>> results;
        results.reserve(results_.size());
        for (auto& result : results_)
            results.push_back(std::move(*result));
        return results;
    }

private:
    const char* name() const noexcept override { return "gather_settled"; }
    void child_done(PromiseBase& root) noexcept override {
        const std::size_t index = root.tag();
        std::optional<outcome_value<T>> value;
        Failure failure;
        take_outcome<T>(root, value, failure);
        results_[index] = settled_outcome<T>(value, failure);
        this->child_unwound(index);
    }

    std::vector<std::optional<flat_result<T>>> results_;
};

}  // namespace detail

/// What gather() returns; co_await it.
template <typename T>
class [[nodiscard]] GatherRequest {
public:
    using weir_request = void;
    explicit GatherRequest(std::vector<Task<T>> tasks) noexcept : tasks_(std::move(tasks)) {}
    detail::GatherAwaiter<T> start() && { return detail::GatherAwaiter<T>(std::move(tasks_)); }

private:
    std::vector<Task<T>> tasks_;
};

/// Gives std::vector<T> for Task<T>, Result<std::vector<U>> for Task<Result<U>>, and nothing or
/// Result<void> for tasks without values. Of no tasks: an empty vector, at once.
template <typename T>
GatherRequest<T> gather(std::vector<Task<T>> tasks) noexcept {
    return GatherRequest<T>(std::move(tasks));
}

/// What gather_settled() returns; co_await it.
template <typename T>
class [[nodiscard]] GatherSettledRequest {
public:
    using weir_request = void;
    explicit GatherSettledRequest(std::vector<Task<T>> tasks) noexcept : tasks_(std::move(tasks)) {}
    detail::GatherSettledAwaiter<T> start() && {
        return detail::GatherSettledAwaiter<T>(std::move(tasks_));
    }

private:
    std::vector<Task<T>> tasks_;
};

/// Gives std::vector<Result<T>>, in the order of the tasks, when the last has ended;
/// Task<Result<T>> gives the same type. A failure cancels nobody. An exception is carried inside
/// its error: Errc::task_threw, and Result::value() throws it again.
template <typename T>
GatherSettledRequest<T> gather_settled(std::vector<Task<T>> tasks) noexcept {
    return GatherSettledRequest<T>(std::move(tasks));
}

}  // namespace weir
