// SPDX-License-Identifier: MIT
//
// Keeps calls within what a server allows: requests and tokens a minute, calls and tokens at a
// time. A call waits in acquire() until its demand fits, is woken exactly then, and tells in
// settle() what it really took. What the server allows is configured, or learnt from its headers.
// One limiter stands for one target: what shares a server's limits shares a limiter.
#pragma once

#include <weir/llm/limiter_options.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/task.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::llm {

class Limiter;

namespace detail {

class LimiterCore;

inline constexpr std::size_t kBuckets = 4;  // requests, tokens, input tokens, output tokens

/// What an admitted call has reserved, and how its buckets stood then.
class Grant {
public:
    Grant() noexcept {}

    Instant sent{};
    std::uint64_t number = 0;
    std::int64_t tokens = 0;
    std::array<double, kBuckets> amounts{};
    std::array<double, kBuckets> marks{};
};

}  // namespace detail

/// The right to send one call, and what was reserved for it. Move-only; must not outlive its
/// limiter, and is used by tasks only. Dropped without settle(), as by a call that was cancelled,
/// it makes room for another call but leaves the reservation spent: the server may have counted it.
class [[nodiscard]] CallPermit {
public:
    CallPermit(CallPermit&& other) noexcept
        : core_(std::exchange(other.core_, nullptr)), grant_(other.grant_) {}
    CallPermit& operator=(CallPermit&& other) noexcept {
        if (this != &other) {
            drop();
            core_ = std::exchange(other.core_, nullptr);
            grant_ = other.grant_;
        }
        return *this;
    }
    ~CallPermit() { drop(); }

    /// What the head of the answer said; for streams, whose end comes much later. Does nothing
    /// after settle().
    void learn(const RateLimitState& limits) noexcept;
    /// The call is over: makes room for the next, and corrects the reservation by what it used.
    /// Does nothing the second time.
    void settle(const CallOutcome& outcome) noexcept;

private:
    friend class Limiter;
    CallPermit(detail::LimiterCore& core, const detail::Grant& grant) noexcept
        : core_(&core), grant_(grant) {}
    void drop() noexcept;

    detail::LimiterCore* core_;
    detail::Grant grant_;
};

/// A call that waits, and what for.
class WaitingCall {
public:
    WaitingCall(const Demand& its_demand, Duration how_long, std::string why)
        : demand(its_demand), waited(how_long), reason(std::move(why)) {}

    Demand demand;
    Duration waited;
    std::string reason;  ///< "needs 1,200 input tokens, 400 are free: due in 1.3 s"
};

class LimiterStats {
public:
    LimiterStats() noexcept {}

    std::size_t waiting = 0;
    std::size_t in_flight = 0;
    std::int64_t tokens_in_flight = 0;
    std::size_t concurrency = 0;  ///< how many calls may be in flight now
    std::uint64_t admitted = 0;
    std::uint64_t refused = 0;  ///< answers with 429, 503 or 529
};

/// Any number of loops may use it: it must outlive all their tasks that do. All of it may be called
/// from every task; a lock is held for as long as it takes to serve those who need not wait.
class Limiter {
public:
    explicit Limiter(const LimiterOptions& options = LimiterOptions());
    ~Limiter();
    Limiter(const Limiter&) = delete;
    Limiter& operator=(const Limiter&) = delete;

    /// Waits for its turn and until `demand` fits. Turns go by class, the highest first, and within
    /// a class by the order of coming; every eighth goes to whoever has waited longest, so no class
    /// starves. Nobody overtakes the one whose turn it is. Errc::limit_reached at once, or when the
    /// limit is learnt, for a demand that no empty minute could serve. May be cancelled.
    Task<Result<CallPermit>> acquire(Demand demand);

    /// All that wait, the next first within each class, and why. Takes time for each of them.
    std::vector<WaitingCall> explain() const;
    LimiterStats stats() const;

private:
    std::unique_ptr<detail::LimiterCore> core_;
};

}  // namespace weir::llm
