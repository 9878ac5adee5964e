// SPDX-License-Identifier: MIT
//
// The way in from plain code: run(task) makes a reactor on this thread, runs the task to its end,
// and gives its value. All that the task began has ended by then.
#pragma once

#include <weir/runtime/reactor.h>
#include <weir/runtime/simulation.h>
#include <weir/runtime/task.h>
#include <exception>
#include <optional>
#include <utility>

namespace weir {
namespace detail {

/// Owner of the outermost task.
template <typename T>
class MainOwner final : public Owner {
public:
    explicit MainOwner(Task<T> task) {
        root_ = &task.release().promise();
        root_->become_root(*this);
        make_ready_first(*root_);
    }

    const bool& has_ended() const noexcept { return has_ended_; }
    PromiseBase& root() const noexcept { return *root_; }

    T result() {
        if (exception_) std::rethrow_exception(exception_);
        if constexpr (!std::is_void_v<T>) return std::move(*value_);
    }

private:
    void child_done(PromiseBase& root) noexcept override {
        has_ended_ = true;
        Reactor::current().set_main(nullptr);
        if (root.has_exception()) {
            exception_ = root.take_exception();
        } else if constexpr (!std::is_void_v<T>) {
            value_.emplace(static_cast<TaskPromise<T>&>(root).value());
        }
    }
    void child_unwound(std::uintptr_t) noexcept override {
        WEIR_CHECK_HINT(false, "nobody can cancel the outermost task");
    }

    struct Nothing {};
    PromiseBase* root_ = nullptr;
    bool has_ended_ = false;
    std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value_;
    std::exception_ptr exception_;
};

}  // namespace detail

/// Runs `main` and everything it begins; returns its value or throws its exception. Throws
/// BadResultAccess where the backend that the options or WEIR_BACKEND ask for cannot be had. One
/// run() at a time in a thread.
template <typename T>
T run(Task<T> main, const ReactorOptions& options = {}) {
    const std::unique_ptr<Reactor> reactor = Reactor::make(options).value();
    detail::MainOwner<T> owner(std::move(main));
    reactor->set_main(&owner.root());
    reactor->drive(owner.has_ended());
    return owner.result();
}

/// Runs `main` in a simulated world: time jumps from event to event, the network is in memory, and
/// two runs of one seed do the same at the same virtual times. Aborts, and names the seed, where
/// nothing can ever happen any more. Files, signals and descriptors are still those of the real
/// world: files work, but wait_readable() of a descriptor never ends.
template <typename T>
T run_simulated(Task<T> main, const Simulation& world = {}) {
    return run(std::move(main), ReactorOptions().simulation(world));
}

}  // namespace weir
