// SPDX-License-Identifier: MIT
#include <weir/llm/limiter.h>

#include "llm/limiter_core.h"

namespace weir::llm {

void CallPermit::learn(const RateLimitState& limits) noexcept {
    if (core_ != nullptr) core_->learn(grant_, limits);
}

void CallPermit::settle(const CallOutcome& outcome) noexcept {
    if (core_ != nullptr) std::exchange(core_, nullptr)->settle(grant_, outcome);
}

void CallPermit::drop() noexcept {
    if (core_ != nullptr) std::exchange(core_, nullptr)->abandon(grant_);
}

Limiter::Limiter(const LimiterOptions& options)
    : core_(std::make_unique<detail::LimiterCore>(options)) {}

Limiter::~Limiter() = default;

Task<Result<CallPermit>> Limiter::acquire(Demand demand) {
    detail::Ticket ticket(*core_, demand);
    do {
        co_await detail::TicketRequest(ticket);  // even if it need not wait: it may be cancelled
    } while (!ticket.is_decided());
    const Result<detail::Grant> grant = ticket.take();
    if (!grant) co_return grant.error();
    co_return CallPermit(*core_, *grant);
}

std::vector<WaitingCall> Limiter::explain() const {
    return core_->explain();
}

LimiterStats Limiter::stats() const {
    return core_->stats();
}

}  // namespace weir::llm
