// SPDX-License-Identifier: MIT
//
// race(a, b, ...): the first task to end wins, by a value or by a failure. The others are cancelled
// at that very moment, and the caller goes on when they are gone.
#pragma once

#include <weir/runtime/child_set.h>
#include <weir/runtime/outcome.h>
#include <weir/runtime/task.h>
#include <array>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace weir {
namespace detail {

template <typename T, typename... Others>
inline constexpr bool all_same = (std::is_same_v<T, Others> && ...);

/// A task's value as an alternative of a variant.
template <typename T>
using race_alternative =
    std::conditional_t<std::is_same_v<outcome_value<T>, Nothing>, std::monostate, outcome_value<T>>;

/// T where all tasks are of one type; else a variant of their values, inside a Result where any
/// of the tasks has one.
template <typename T, typename... Others>
struct RaceValue {
    using Variant = std::variant<race_alternative<T>, race_alternative<Others>...>;
    static constexpr bool kHasResult = (is_result<T> || ... || is_result<Others>);
    using type = std::conditional_t<all_same<T, Others...>, T,
                                    std::conditional_t<kHasResult, Result<Variant>, Variant>>;
};

template <typename... Ts>
class RaceAwaiter final : public ChildSet {
public:
    using Value = typename RaceValue<Ts...>::type;

    explicit RaceAwaiter(std::tuple<Task<Ts>...> tasks) noexcept : tasks_(std::move(tasks)) {}
    ~RaceAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
        if (!begin(waiting, children_)) return;
        std::apply([this](Task<Ts>&... task) { (add(task.release().promise()), ...); }, tasks_);
    }

    Value await_resume() { return deliver_outcome<Value>(value_, failure_); }

private:
    const char* name() const noexcept override { return "race"; }
    void child_done(PromiseBase& root) noexcept override {
        const std::size_t index = root.tag();
        const bool is_first = !value_ && !failure_;
        take(root, index, std::index_sequence_for<Ts...>());
        if (is_first) cancel_others(index);
        child_unwound(index);
    }

    template <std::size_t... Is>
    void take(PromiseBase& root, std::size_t index, std::index_sequence<Is...>) {
        ((index == Is ? take_as<Is>(root) : static_cast<void>(0)), ...);
    }
    template <std::size_t I>
    void take_as(PromiseBase& root) {
        using T = std::tuple_element_t<I, std::tuple<Ts...>>;
        if (value_ || failure_) return drop_outcome<T>(root);
        if constexpr (all_same<Ts...>) {
            take_outcome<T>(root, value_, failure_);
        } else {
            std::optional<outcome_value<T>> value;
            take_outcome<T>(root, value, failure_);
            if (!value) return;
            if constexpr (std::is_same_v<outcome_value<T>, Nothing>) {
                value_.emplace(std::in_place_index<I>);
            } else {
                value_.emplace(std::in_place_index<I>, std::move(*value));
            }
        }
    }

    std::tuple<Task<Ts>...> tasks_;
    std::array<PromiseBase*, sizeof...(Ts)> children_{};
    std::optional<outcome_value<Value>> value_;
    Failure failure_;
};

template <typename T>
class RaceManyAwaiter final : public TaskVector<T> {
public:
    explicit RaceManyAwaiter(std::vector<Task<T>> tasks) : TaskVector<T>(std::move(tasks)) {
        WEIR_CHECK_HINT(this->size() > 0, "a race of no tasks would never end");
    }
    ~RaceManyAwaiter() {}

    bool await_ready() noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
        return this->begin_all(waiting);
    }

    T await_resume() { return deliver_outcome<T>(value_, failure_); }

private:
    const char* name() const noexcept override { return "race"; }
    void child_done(PromiseBase& root) noexcept override {
        const std::size_t index = root.tag();
        if (value_ || failure_) {
            drop_outcome<T>(root);
        } else {
            take_outcome<T>(root, value_, failure_);
            this->cancel_others(index);
        }
        this->child_unwound(index);
    }

    std::optional<outcome_value<T>> value_;
    Failure failure_;
};

}  // namespace detail

/// What race() of some tasks returns; co_await it.
template <typename... Ts>
class [[nodiscard]] RaceRequest {
public:
    using weir_request = void;
    explicit RaceRequest(Task<Ts>... tasks) noexcept : tasks_(std::move(tasks)...) {}
    detail::RaceAwaiter<Ts...> start() && noexcept {
        return detail::RaceAwaiter<Ts...>(std::move(tasks_));
    }

private:
    std::tuple<Task<Ts>...> tasks_;
};

/// What race() of a vector of tasks returns; co_await it.
template <typename T>
class [[nodiscard]] RaceManyRequest {
public:
    using weir_request = void;
    explicit RaceManyRequest(std::vector<Task<T>> tasks) noexcept : tasks_(std::move(tasks)) {}
    detail::RaceManyAwaiter<T> start() && { return detail::RaceManyAwaiter<T>(std::move(tasks_)); }

private:
    std::vector<Task<T>> tasks_;
};

/// The winner's value, in the winner's own type T where all tasks are Task<T>. Tasks of different
/// types give std::variant of their values, at the winner's place (std::monostate for void), as a
/// Result where any of them gives a Result. A failure wins as a value does: it is thrown, or is the
/// Result's error. What a loser had come to is dropped. Tasks begin in the order of the arguments.
template <typename... Ts>
    requires(sizeof...(Ts) > 1)
RaceRequest<Ts...> race(Task<Ts>... tasks) noexcept {
    return RaceRequest<Ts...>(std::move(tasks)...);
}

/// The same for any number of tasks of one type, but at least one.
template <typename T>
RaceManyRequest<T> race(std::vector<Task<T>> tasks) noexcept {
    return RaceManyRequest<T>(std::move(tasks));
}

}  // namespace weir
