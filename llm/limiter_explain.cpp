// SPDX-License-Identifier: MIT
//
// What a limiter says of those who wait: LimiterCore's sentences.
#include "llm/limiter_core.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace weir::llm::detail {
namespace {

constexpr std::array<const char*, kBuckets> kNames = {"requests", "tokens", "input tokens",
                                                      "output tokens"};

std::string grouped(double number) {
    const bool is_negative = number < 0;
    std::string digits = std::to_string(static_cast<std::int64_t>(std::floor(std::abs(number))));
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return is_negative && digits != "0" ? "-" + digits : digits;
}

std::string seconds_of(Duration span) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", std::ceil(to_seconds(span) * 10) / 10);
    return text;
}

const char* name_of(Priority priority) noexcept {
    switch (priority) {
        case Priority::high:
            return "high";
        case Priority::normal:
            return "normal";
        case Priority::low:
            return "low";
    }
    return "unknown";
}

void append(std::string& text, const std::string& more) {
    if (!text.empty()) text += "; ";
    text += more;
}

}  // namespace

std::vector<WaitingCall> LimiterCore::explain() {
    const Instant now = Reactor::current().now();
    const std::lock_guard lock(mutex_);
    advance(now);
    std::vector<WaitingCall> calls;
    for (std::size_t number = 0; number < kClasses; ++number) {
        Queue& queue = queues_[number];
        // Round once: a list of waiters has no other way to be looked at.
        for (std::size_t ahead = 0; ahead < sizes_[number]; ++ahead) {
            Ticket& ticket = queue.pop_front();
            queue.push_back(ticket);
            calls.emplace_back(ticket.demand_, std::max(now_ - ticket.since_, Duration::zero()),
                               reason_of(ticket, ahead));
        }
    }
    return calls;
}

std::string LimiterCore::reason_of(const Ticket& ticket, std::size_t ahead_in_class) const {
    std::string text;
    const auto own_class = static_cast<std::size_t>(ticket.demand_.priority);
    for (std::size_t number = 0; number <= own_class; ++number) {
        const std::size_t ahead = number == own_class ? ahead_in_class : sizes_[number];
        if (ahead == 0) continue;
        append(text,
               std::to_string(ahead) + " ahead in class " + name_of(static_cast<Priority>(number)));
    }
    if (!text.empty()) return text;
    if (paused_until_ > now_) {
        append(text, "paused by Retry-After for " + seconds_of(paused_until_ - now_));
    }
    for (std::size_t i = 0; i < kBuckets; ++i) {
        const double amount = ticket.grant_.amounts[i];
        const Duration wait = buckets_[i].time_until(amount);
        if (wait == Duration::zero()) continue;
        append(text, "needs " + grouped(amount) + " " + kNames[i] + ", " +
                         grouped(buckets_[i].level()) + " are free: due in " + seconds_of(wait));
    }
    if (!concurrency_.has_room()) {
        append(text, "concurrency " + std::to_string(concurrency_.in_flight()) + " of " +
                         std::to_string(concurrency_.window()));
    }
    if (!concurrency_.has_room_for(ticket.grant_.tokens)) {
        append(text, grouped(static_cast<double>(concurrency_.tokens_in_flight())) + " of " +
                         grouped(concurrency_.token_window()) + " tokens are in flight, needs " +
                         grouped(static_cast<double>(ticket.grant_.tokens)));
    }
    return text.empty() ? "is about to be served" : text;
}

std::string LimiterCore::too_much(const Ticket& ticket) const {
    for (std::size_t i = 0; i < kBuckets; ++i) {
        const double amount = ticket.grant_.amounts[i];
        if (!buckets_[i].is_too_much(amount)) continue;
        return "this call needs " + grouped(amount) + " " + kNames[i] + ", and the limit is " +
               grouped(buckets_[i].limit()) +
               " in a window: send less text, ask for fewer output tokens, or have the limit "
               "raised";
    }
    return "this call needs more than the limit was when its turn came: try again";
}

}  // namespace weir::llm::detail
