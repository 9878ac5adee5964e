// SPDX-License-Identifier: MIT
//
// How many calls, and how many tokens, may be in flight: found out by trying, as TCP does. Each
// answer adds one call (so a round of answers doubles the window) until the server first refuses;
// from then on a round adds one. A refusal cuts the window, but only once in a round: the calls
// that were sent before the cut cannot know of it.
#pragma once

#include <weir/llm/limiter_options.h>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::llm::detail {

class Concurrency {
public:
    explicit Concurrency(const LimiterOptions& options) noexcept;

    std::size_t window() const noexcept { return static_cast<std::size_t>(window_); }
    std::size_t in_flight() const noexcept { return in_flight_; }
    std::int64_t tokens_in_flight() const noexcept { return tokens_in_flight_; }
    /// How many tokens may be in flight: infinite where nothing limits them yet.
    double token_window() const noexcept { return token_window_; }

    bool has_room() const noexcept { return in_flight_ < window(); }
    /// A call that is larger than the whole window is let in alone.
    bool has_room_for(std::int64_t tokens) const noexcept {
        return in_flight_ == 0 || static_cast<double>(tokens_in_flight_ + tokens) <= token_window_;
    }

    void enter(std::int64_t tokens) noexcept;
    void leave(std::int64_t tokens) noexcept;
    /// A call that is still counted as in flight was answered well.
    void succeeded(std::int64_t tokens) noexcept;
    /// A call that is still counted as in flight was refused. Calls are numbered as they enter;
    /// `next` is the number of the next.
    void refused(std::uint64_t number, std::uint64_t next) noexcept;

private:
    std::size_t least_;
    std::size_t most_;
    double tokens_most_ = std::numeric_limits<double>::infinity();
    double window_;
    double token_window_;
    std::size_t in_flight_ = 0;
    std::int64_t tokens_in_flight_ = 0;
    bool is_starting_ = true;
    std::uint64_t cut_before_ = 0;  // refusals of calls with lower numbers are of an earlier round
};

}  // namespace weir::llm::detail
