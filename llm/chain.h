// SPDX-License-Identifier: MIT
//
// Chains of steps: what goes in, a task, what comes out.
//
//     Step<PromptValues, Answer> ask = prompt_step(text).then(model).then(parse_answer);
//     Result<std::vector<Answer>> answers = co_await map(ask, std::move(inputs), 8);
//
// A model is any function from a prompt to Task<Result<std::string>>; this file knows no client.
#pragma once

#include <weir/llm/prompt.h>
#include <weir/runtime/base/assert.h>
#include <weir/runtime/gather.h>
#include <weir/runtime/task.h>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::llm {
namespace detail {

/// The Out of a function that gives Out, Result<Out> or Task<Result<Out>>.
template <typename T>
struct StepOutput {
    using type = T;
};
template <typename T>
struct StepOutput<Result<T>> : StepOutput<T> {};
template <typename T>
struct StepOutput<Task<T>> : StepOutput<T> {};
template <typename F, typename In>
using step_output = typename StepOutput<std::remove_cvref_t<std::invoke_result_t<F&, In>>>::type;

}  // namespace detail

/// One step, or several that were joined: a function that takes an In by value and gives an Out, a
/// Result<Out> or a Task<Result<Out>>. It owns the function and all that this has captured, so the
/// function may be a coroutine lambda with captures. Move-only. Any number of tasks of one loop may
/// run it at a time; it must outlive them, and may be moved meanwhile.
template <typename In, typename Out>
class Step {
public:
    using input_type = In;
    using output_type = Out;

    template <typename F>
        requires(!std::same_as<std::remove_cvref_t<F>, Step> &&
                 std::invocable<std::remove_cvref_t<F>&, In>)
    explicit Step(F function)
        : function_(std::make_unique<Function<std::remove_cvref_t<F>>>(std::move(function))) {}

    /// The first error of any step ends it; the later ones do not begin.
    Task<Result<Out>> run(In input) {
        WEIR_CHECK_HINT(function_ != nullptr, "this step was moved from");
        return function_->run(std::move(input));
    }

    /// This step, and then `next` with what it gave: another Step, or a function.
    template <typename Next>
    Step<In, typename Next::output_type> then(Next next) &&
        requires std::same_as<typename Next::input_type, Out>
    {
        using Joined = Pipe<typename Next::output_type>;
        return Step<In, typename Next::output_type>(Joined(std::move(*this), std::move(next)));
    }
    template <typename F>
        requires std::invocable<F&, Out>
    Step<In, detail::step_output<F, Out>> then(F next) && {
        return std::move(*this).then(Step<Out, detail::step_output<F, Out>>(std::move(next)));
    }

private:
    // At one address for all its life, since the tasks point to it.
    class Base {
    public:
        virtual ~Base() = default;
        virtual Task<Result<Out>> run(In input) = 0;
    };

    template <typename F>
    class Function final : public Base {
    public:
        explicit Function(F function) : function_(std::move(function)) {}

        Task<Result<Out>> run(In input) override {
            if constexpr (std::same_as<std::invoke_result_t<F&, In>, Task<Result<Out>>>) {
                return function_(std::move(input));
            } else {
                return call(std::move(input));
            }
        }

    private:
        Task<Result<Out>> call(In input) { co_return Result<Out>(function_(std::move(input))); }

        F function_;
    };

    template <typename Last>
    class Pipe {
    public:
        Pipe(Step first, Step<Out, Last> second)
            : first_(std::move(first)), second_(std::move(second)) {}

        Task<Result<Last>> operator()(In input) {
            Result<Out> between = co_await first_.run(std::move(input));
            if (!between) co_return std::move(between).error();
            co_return co_await second_.run(*std::move(between));
        }

    private:
        Step first_;
        Step<Out, Last> second_;
    };

    std::unique_ptr<Base> function_;
};

/// Fills in a template: the first step of most chains. Name the values before co_await: g++ 12
/// miscompiles a list in braces there.
inline Step<PromptValues, std::string> prompt_step(PromptTemplate text) {
    auto render = [text = std::move(text)](const PromptValues& values) {
        return text.render(values);
    };
    return Step<PromptValues, std::string>(std::move(render));
}

namespace detail {

/// What the workers of one map share; it lies in the frame that waits for them.
template <typename In, typename Out>
class MapWork {
public:
    MapWork(Step<In, Out>& step, std::vector<In> values, bool ends_on_failure)
        : step_(step),
          inputs_(std::move(values)),
          results_(inputs_.size()),
          ends_on_failure_(ends_on_failure) {}

    std::vector<Task<Result<void>>> workers(std::size_t window) {
        WEIR_CHECK_HINT(window > 0, "map() with a window of 0 would never run anything");
        std::vector<Task<Result<void>>> workers;
        for (std::size_t count = std::min(window, inputs_.size()); count > 0; --count)
            workers.push_back(work());
        return workers;
    }
    std::vector<std::optional<Result<Out>>>& results() noexcept { return results_; }

private:
    // Takes the next input that nobody has taken, until there is none.
    Task<Result<void>> work() {
        while (next_ < inputs_.size()) {
            const std::size_t index = next_++;
            std::optional<Result<Out>>& result = results_[index];
            try {
                result.emplace(co_await step_.run(std::move(inputs_[index])));
            } catch (...) {
                if (ends_on_failure_) throw;
                result.emplace(Error::from_exception(std::current_exception()));
            }
            if (ends_on_failure_ && !*result) co_return result->error();
        }
        co_return Result<void>();
    }

    Step<In, Out>& step_;
    std::vector<In> inputs_;
    std::vector<std::optional<Result<Out>>> results_;
    std::size_t next_ = 0;
    bool ends_on_failure_;
};

}  // namespace detail

/// Runs `step` for each input, at most `window` (at least 1) at a time; what comes out is in the
/// order of the inputs. The first failure cancels the rest and is given instead. `step` must
/// outlive the task.
template <typename In, typename Out>
Task<Result<std::vector<Out>>> map(Step<In, Out>& step, std::vector<In> inputs,
                                   std::size_t window) {
    detail::MapWork<In, Out> work(step, std::move(inputs), true);
    std::vector<Task<Result<void>>> workers = work.workers(window);
    Result<void> ended = co_await gather(std::move(workers));
    if (!ended) co_return std::move(ended).error();
    std::vector<Out> outputs;
    for (std::optional<Result<Out>>& result : work.results())
        outputs.push_back(**std::move(result));
    co_return outputs;
}

/// The same, but lets all come to their end and gives a result for each input. An exception is
/// carried inside its error.
template <typename In, typename Out>
Task<std::vector<Result<Out>>> map_settled(Step<In, Out>& step, std::vector<In> inputs,
                                           std::size_t window) {
    detail::MapWork<In, Out> work(step, std::move(inputs), false);
    std::vector<Task<Result<void>>> workers = work.workers(window);
    static_cast<void>(co_await gather(std::move(workers)));
    std::vector<Result<Out>> results;
    for (std::optional<Result<Out>>& result : work.results())
        results.push_back(*std::move(result));
    co_return results;
}

}  // namespace weir::llm
