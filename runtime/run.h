// SPDX-License-Identifier: MIT
//
// The way in from plain code: run(task) makes a reactor on this thread, runs the task to its end,
// and gives its value. All that the task began has ended by then.
#pragma once

#include <weir/runtime/crossing.h>
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

    /// Once.
    T result() { return outcome_.take(); }

private:
    void child_done(PromiseBase& root) noexcept override {
        has_ended_ = true;
        Reactor::current().set_main(nullptr);
        outcome_.fill_from_task(root);
    }
    void child_unwound(std::uintptr_t) noexcept override {
        WEIR_CHECK_HINT(false, "nobody can cancel the outermost task");
    }

    PromiseBase* root_ = nullptr;
    bool has_ended_ = false;
    Crossing<T> outcome_;
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
