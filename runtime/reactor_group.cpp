// SPDX-License-Identifier: MIT
#include <weir/runtime/reactor_group.h>

#include <pthread.h>
#include <sched.h>

#include <future>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "runtime/signals_blocked.h"

namespace weir {
namespace {

Error simulated_refused() {
    return Error(Errc::unsupported,
                 "a group of reactors cannot be simulated: a simulated world has one thread");
}

std::vector<int> usable_cores() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    std::vector<int> cores;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        for (int core = 0; core < CPU_SETSIZE; ++core) {
            if (CPU_ISSET(core, &allowed)) cores.push_back(core);
        }
    }
    if (cores.empty()) cores.push_back(0);
    return cores;
}

Result<void> pin_this_thread(int core) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    const int status = ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
    if (status != 0) {
        return Error::from_errno(status, "keeping a thread on core " + std::to_string(core));
    }
    return {};
}

}  // namespace

// What no two loops can share: the file of a trace, and a seed.
ReactorOptions ReactorGroupOptions::for_member(std::size_t index) const {
    ReactorOptions options = reactor_;
    if (!options.trace_path_.empty()) options.trace_path_ += "." + std::to_string(index);
    if (options.seed_) *options.seed_ += index;
    return options;
}

/// One thread and its loop.
class ReactorGroup::Member {
public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() {
        if (remote_) remote_->post([this] { is_done_ = true; });
        if (thread_.joinable()) thread_.join();
    }

    /// Returns when the loop runs, or cannot.
    Result<void> start(const ReactorOptions& options, std::optional<int> core) {
        std::promise<Result<Remote>> started;
        std::future<Result<Remote>> answer = started.get_future();
        try {
            const detail::AllSignalsBlocked blocked;
            thread_ = std::thread([this, &options, core, begun = std::move(started)]() mutable {
                serve(options, core, std::move(begun));
            });
        } catch (const std::system_error& error) {
            return Error(error.code(),
                         "starting a thread for a reactor: " + error.code().message() +
                             " (ask for fewer, or raise the limit of threads)");
        }
        Result<Remote> remote = answer.get();
        if (!remote) return std::move(remote).error();
        remote_.emplace(*std::move(remote));
        return {};
    }

    const Remote& remote() const noexcept { return *remote_; }

private:
    void serve(const ReactorOptions& options, std::optional<int> core,
               std::promise<Result<Remote>> started) {
        if (core) {
            if (Result<void> pinned = pin_this_thread(*core); !pinned) {
                return started.set_value(std::move(pinned).error());
            }
        }
        Result<std::unique_ptr<Reactor>> reactor = Reactor::make(options);
        if (!reactor) return started.set_value(std::move(reactor).error());
        if ((*reactor)->backend_kind() == BackendKind::simulated) {
            return started.set_value(simulated_refused());
        }
        started.set_value((*reactor)->remote());
        (*reactor)->drive(is_done_);
    }

    std::optional<Remote> remote_;
    std::thread thread_;
    bool is_done_ = false;  // touched by its thread only
};

ReactorGroup::ReactorGroup() noexcept = default;
ReactorGroup::ReactorGroup(ReactorGroup&&) noexcept = default;
ReactorGroup::~ReactorGroup() = default;

Result<ReactorGroup> ReactorGroup::make(const ReactorGroupOptions& options) {
    const Reactor* here = detail::this_loop.reactor;
    if (here != nullptr && here->backend_kind() == BackendKind::simulated) {
        return simulated_refused();
    }
    const std::vector<int> cores = usable_cores();
    const std::size_t count = options.count_ == 0 ? cores.size() : options.count_;
    ReactorGroup group;
    group.turn_ = std::make_unique<std::atomic<std::size_t>>(0);
    for (std::size_t i = 0; i < count; ++i) {
        auto member = std::make_unique<Member>();
        std::optional<int> core;
        if (options.pin_) core = cores[i % cores.size()];
        if (Result<void> begun = member->start(options.for_member(i), core); !begun) {
            return std::move(begun).error();
        }
        group.members_.push_back(std::move(member));
    }
    return group;
}

const Remote& ReactorGroup::remote(std::size_t index) const noexcept {
    WEIR_CHECK_HINT(index < members_.size(), "no reactor of the group has this index");
    return members_[index]->remote();
}

std::size_t ReactorGroup::next_index() const noexcept {
    return turn_->fetch_add(1, std::memory_order_relaxed) % members_.size();
}

}  // namespace weir
