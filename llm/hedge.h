// SPDX-License-Identifier: MIT
//
// A call that is made a second time, beside the first, when that is slow to begin. What comes first
// is taken; a failure only when the other has failed, too, or was never made.
#pragma once

#include <weir/runtime/base/error.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/race.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task.h>
#include <chrono>
#include <optional>
#include <utility>

namespace weir::llm {

/// How the two stand. It lives in the frame of hedged().
class HedgeState {
public:
    explicit HedgeState(Duration wait) noexcept : after(wait) {}

    Duration after;
    bool is_second_under_way = false;
    std::optional<Error> first_failure;
};

inline Task<void> wait_for_ever() {
    for (;;)
        co_await sleep_for(std::chrono::hours(24));
}

template <typename T>
Task<Result<T>> hedged_first(HedgeState& state, Task<Result<T>> call) {
    Result<T> answer = co_await std::move(call);
    if (answer || !state.is_second_under_way) co_return answer;
    state.first_failure = std::move(answer).error();
    co_await wait_for_ever();
    co_return answer;
}

/// `has_begun(first)`: an answer to the first is on its way, so that there need be no second.
template <typename T, typename First>
Task<Result<T>> hedged_second(HedgeState& state, Task<Result<T>> call, const First& first,
                              bool (*has_begun)(const First&)) {
    co_await sleep_for(state.after);
    if (has_begun(first)) co_await wait_for_ever();
    state.is_second_under_way = true;
    Result<T> answer = co_await std::move(call);
    if (answer) co_return answer;
    state.is_second_under_way = false;
    if (state.first_failure) co_return *std::move(state.first_failure);
    co_await wait_for_ever();
    co_return answer;
}

/// `first_state` must live as long as `first` runs.
template <typename T, typename First>
Task<Result<T>> hedged(Duration after, Task<Result<T>> first, Task<Result<T>> second,
                       const First& first_state, bool (*has_begun)(const First&)) {
    HedgeState state(after);
    co_return co_await race(hedged_first(state, std::move(first)),
                            hedged_second(state, std::move(second), first_state, has_begun));
}

}  // namespace weir::llm
