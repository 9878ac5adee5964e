// SPDX-License-Identifier: MIT
//
// gather(tasks): runs many tasks of one type at once and gives their values in the order of the
// tasks, not of their ends. The first failure cancels the rest and is given instead.
#pragma once

#include <weir/runtime/outcome.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <memory>
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
class GatherAwaiter final : public Composite, private Owner {
public:
    explicit GatherAwaiter(std::vector<Task<T>> tasks) : tasks_(std::move(tasks)) {}
    GatherAwaiter(const GatherAwaiter&) = delete;
    GatherAwaiter& operator=(const GatherAwaiter&) = delete;
    ~GatherAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        children_.reserve(tasks_.size());
        values_.resize(tasks_.size());
        if (!begin_wait(waiting, static_cast<Composite*>(this), LeafKind::composite)) return true;
        if (tasks_.empty()) {
            end_wait(waiting);
            return false;
        }
        waiting_ = to_handle(waiting);
        live_ = tasks_.size();
        for (Task<T>& task : tasks_) {
            PromiseBase& root = task.release().promise();
            root.become_root(*this);
            root.set_tag(children_.size());
            children_.push_back(&root);
            make_ready_first(root);
        }
        return true;
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
    void cancel_children() noexcept override {
        if (std::exchange(is_cancelled_, true)) return;
        for (PromiseBase* child : children_) {
            if (child != nullptr) cancel(*child);
        }
    }
    void child_done(PromiseBase& root) noexcept override {
        const std::uintptr_t index = root.tag();
        const bool had_failed = static_cast<bool>(failure_);
        take_outcome<T>(root, values_[index], failure_);
        if (failure_ && !had_failed) {
            children_[index] = nullptr;
            cancel_children();
        }
        child_unwound(index);
    }
    void child_unwound(std::uintptr_t index) noexcept override {
        children_[index] = nullptr;
        if (--live_ == 0) make_ready(waiting_);
    }

    std::vector<Task<T>> tasks_;
    std::vector<PromiseBase*> children_;  // null: has ended
    std::vector<std::optional<outcome_value<T>>> values_;
    Failure failure_;
    Handle waiting_{};
    std::size_t live_ = 0;
    bool is_cancelled_ = false;
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

}  // namespace weir
