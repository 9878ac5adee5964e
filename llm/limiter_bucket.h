// SPDX-License-Identifier: MIT
//
// One limit: a bucket that is refilled all the time, as the server's is, and what is believed to be
// in it. Each answer's headers say what the server's bucket held when it took that call in; the
// difference to what was believed at that moment is the error of the belief, whatever was sent
// since. What others take from a bucket shared with them shows as such an error again and again.
#pragma once

#include <weir/llm/wire/rate_limit.h>
#include <weir/runtime/base/time.h>
#include <optional>

namespace weir::llm::detail {

class Bucket {
public:
    Bucket() noexcept {}
    /// `configured` may be empty. It begins full.
    Bucket(const RateLimit& configured, double headroom) noexcept;

    /// Refills it. Time never runs backward here: an older instant does nothing.
    void advance(Instant now) noexcept;

    bool is_limited() const noexcept { return limit_ > 0; }
    double limit() const noexcept { return limit_; }
    double level() const noexcept { return level_; }
    /// No full bucket could serve this.
    bool is_too_much(double amount) const noexcept { return is_limited() && amount > limit_; }
    bool fits(double amount) const noexcept;
    /// How long until it fits; zero if it does, and never less than it takes.
    Duration time_until(double amount) const noexcept;

    /// Takes it, down to below zero if need be. Gives what learn() will need: the level, in terms
    /// that later corrections do not change.
    double take(double amount) noexcept;
    /// What was never sent, or refused by the server.
    void put_back(double amount) noexcept { add(amount); }
    /// A call took `actual` instead of `reserved`. What it did not use comes back here, unless the
    /// server's headers are followed: then they say whether it does.
    void settle(double reserved, double actual) noexcept;

    /// What the server said of the call that was sent at `sent`, when take() gave `mark`.
    /// Precondition: advance(now) has been called.
    void learn(const RateLimit& found, double mark, Instant sent) noexcept;

    /// The server refused that call, and did not say what it has: so little that it was empty then.
    void learn_empty(double mark) noexcept;

private:
    void add(double amount) noexcept;
    bool follows() const noexcept { return learned_ > 0 && limit_ == learned_; }
    double refill() const noexcept { return rate_ - others_; }
    void set_limit(double limit, Duration window) noexcept;

    double configured_ = 0;  // 0: none
    double learned_ = 0;     // 0: nothing yet
    double headroom_ = 0;    // as a part of the limit
    double limit_ = 0;       // the lower of the two
    double capacity_ = 0;    // without the headroom
    double rate_ = 0;        // a second
    double others_ = 0;      // what others take, a second, as far as headers show it
    double level_ = 0;       // without a limit: minus what was taken so far
    double correction_ = 0;  // the sum of all
    Instant now_{};
    std::optional<Instant>
        heard_of_;  // when the call was sent whose headers were the last believed
};

}  // namespace weir::llm::detail
