// SPDX-License-Identifier: MIT
//
// Several loops, each on a thread of its own, for work that one core cannot do. They share
// nothing: tasks stay where they begin, and values cross by move. A server makes one listener in
// each of them.
#pragma once

#include <weir/runtime/reactor.h>
#include <weir/runtime/remote_run.h>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

class ReactorGroupOptions {
public:
    ReactorGroupOptions() noexcept {}

    /// How many. Default, and 0: one for each core that this process may use.
    ReactorGroupOptions& reactors(std::size_t count) noexcept { return count_ = count, *this; }
    /// Keeps each thread on one core, the first on the first that this process may use, and so on.
    ReactorGroupOptions& pin_to_cores(bool pin) noexcept { return pin_ = pin, *this; }
    /// How each reactor is made. Where it is to be traced, each has a file of its own: the path
    /// with
    /// ".0", ".1" and so on behind it. Where it has a seed, that is the first one's, the next has
    /// the next. What on_slow_step() was given is called on the thread of each.
    ReactorGroupOptions& reactor(const ReactorOptions& options) noexcept {
        return reactor_ = options, *this;
    }

private:
    friend class ReactorGroup;
    ReactorOptions for_member(std::size_t index) const;

    std::size_t count_ = 0;
    bool pin_ = false;
    ReactorOptions reactor_;
};

/// Owned by plain code, outside of tasks: its end blocks. Its members may be used from any thread.
class ReactorGroup {
public:
    /// Returns when all of them run. Their threads take no signals. Errc::unsupported in a
    /// simulated world, which has one thread; otherwise what the kernel refuses, such as
    /// descriptors or threads.
    static Result<ReactorGroup> make(const ReactorGroupOptions& options = {});
    ReactorGroup(ReactorGroup&&) noexcept;
    ReactorGroup& operator=(ReactorGroup&&) = delete;
    /// Ends all of them: what runs there is cancelled, who waits for it gets Errc::reactor_ended,
    /// and the threads are joined. Not from a task that others of the group may wait for.
    ~ReactorGroup();

    std::size_t size() const noexcept { return members_.size(); }
    /// Precondition (checked): index < size().
    const Remote& remote(std::size_t index) const noexcept;

    /// `co_await group.run_on(i, factory)`: as Remote::run(), from a task on any loop.
    template <typename F>
    RemoteRunRequest<F> run_on(std::size_t index, F factory) const {
        return RemoteRunRequest<F>(remote(index), std::move(factory));
    }
    /// `co_await group.any(factory)`: the same on each in turn.
    template <typename F>
    RemoteRunRequest<F> any(F factory) const {
        return RemoteRunRequest<F>(remote(next_index()), std::move(factory));
    }
    /// The same from plain code, on a thread without a loop, which is blocked meanwhile.
    template <typename F>
    auto run(std::size_t index, F factory) const {
        return run_blocking(remote(index), std::move(factory));
    }

private:
    class Member;

    ReactorGroup() noexcept;
    std::size_t next_index() const noexcept;

    std::vector<std::unique_ptr<Member>> members_;
    // In a box, so that the group can be moved.
    std::unique_ptr<std::atomic<std::size_t>> turn_;
};

}  // namespace weir
