// SPDX-License-Identifier: MIT
#include "llm/limiter_core.h"

#include <weir/runtime/base/assert.h>
#include <algorithm>

namespace weir::llm::detail {
namespace {

/// One admission in so many goes to whoever has waited longest, of whatever class.
constexpr std::uint64_t kTurnOfTheOldest = 8;

std::array<double, kBuckets> amounts_of(const Demand& demand) noexcept {
    const auto input = static_cast<double>(demand.input_tokens);
    const auto output = static_cast<double>(demand.output_tokens);
    return {1, input + output, input, output};
}

std::array<const RateLimit*, kBuckets> members_of(const RateLimitState& state) noexcept {
    return {&state.requests, &state.tokens, &state.input_tokens, &state.output_tokens};
}

/// What a call took, in the order of the buckets, as far as it is known to differ from its
/// reservation.
std::array<double, kBuckets> taken_by(const Grant& grant, const CallOutcome& outcome) noexcept {
    if (const std::optional<Usage>& usage = outcome.usage()) {
        return {1, static_cast<double>(usage->input_tokens + usage->output_tokens),
                static_cast<double>(usage->input_tokens),
                static_cast<double>(usage->output_tokens)};
    }
    // Refused for what it is, before a model saw it: it counts as a request, and not for more.
    const int status = outcome.status();
    if (status >= 400 && status < 500 && status != 408 && status != 429) return {1, 0, 0, 0};
    return grant.amounts;
}

}  // namespace

LimiterCore::LimiterCore(const LimiterOptions& options) noexcept
    : learns_(options.learns()), concurrency_(options) {
    const RateLimitState& limits = options.limits();
    for (std::size_t i = 0; i < kBuckets; ++i)
        buckets_[i] = Bucket(*members_of(limits)[i], options.headroom());
}

LimiterCore::~LimiterCore() {
    for (const Queue& queue : queues_)
        WEIR_CHECK_HINT(queue.empty(), "a limiter must outlive the tasks that wait for it");
    WEIR_CHECK_HINT(concurrency_.in_flight() == 0, "a limiter must outlive its permits");
}

void LimiterCore::learn(const Grant& grant, const RateLimitState& limits) noexcept {
    const Instant now = Reactor::current().now();
    Wakes wakes;
    {
        const std::lock_guard lock(mutex_);
        advance(now);
        for (std::size_t i = 0; i < kBuckets && learns_; ++i) {
            const RateLimit& found = *members_of(limits)[i];
            if (!found.is_empty()) buckets_[i].learn(found, grant.marks[i], grant.sent);
        }
        serve(now, wakes);
    }
    wakes.send();
}

void LimiterCore::settle(const Grant& grant, const CallOutcome& outcome) noexcept {
    const Instant now = Reactor::current().now();
    Wakes wakes;
    {
        const std::lock_guard lock(mutex_);
        advance(now);
        settle_buckets(grant, outcome);
        if (outcome.is_refused()) {
            ++refused_;
            concurrency_.refused(grant.number, admitted_);
        } else if (outcome.status() >= 200 && outcome.status() < 300) {
            concurrency_.succeeded(grant.tokens);
        }
        concurrency_.leave(grant.tokens);
        if (outcome.retry_after() > Duration::zero()) {
            paused_until_ = std::max(paused_until_, saturating_add(now, outcome.retry_after()));
        }
        serve(now, wakes);
    }
    wakes.send();
}

void LimiterCore::settle_buckets(const Grant& grant, const CallOutcome& outcome) noexcept {
    const std::array<double, kBuckets> taken = taken_by(grant, outcome);
    const std::array<const RateLimit*, kBuckets> found = members_of(outcome.limits());
    const bool is_told = learns_ && std::any_of(found.begin(), found.end(), [](const auto* limit) {
                             return limit->remaining.has_value();
                         });
    for (std::size_t i = 0; i < kBuckets; ++i) {
        double mark = grant.marks[i];
        if (outcome.status() == 429) {  // then nothing was taken
            buckets_[i].put_back(grant.amounts[i]);
            mark += grant.amounts[i];
            if (!is_told) buckets_[i].learn_empty(mark);
        } else {
            buckets_[i].settle(grant.amounts[i], taken[i]);
        }
        if (learns_ && !found[i]->is_empty()) buckets_[i].learn(*found[i], mark, grant.sent);
    }
}

void LimiterCore::abandon(const Grant& grant) noexcept {
    const Instant now = Reactor::current().now();
    Wakes wakes;
    {
        const std::lock_guard lock(mutex_);
        concurrency_.leave(grant.tokens);
        serve(now, wakes);
    }
    wakes.send();
}

LimiterStats LimiterCore::stats() const {
    const std::lock_guard lock(mutex_);
    LimiterStats stats;
    for (const std::size_t size : sizes_)
        stats.waiting += size;
    stats.in_flight = concurrency_.in_flight();
    stats.tokens_in_flight = concurrency_.tokens_in_flight();
    stats.concurrency = concurrency_.window();
    stats.admitted = admitted_;
    stats.refused = refused_;
    return stats;
}

Ticket* LimiterCore::next() noexcept {
    Ticket* first = nullptr;
    const bool is_turn_of_oldest = admitted_ % kTurnOfTheOldest == kTurnOfTheOldest - 1;
    for (Queue& queue : queues_) {
        if (queue.empty()) continue;
        Ticket& front = queue.front();
        if (first == nullptr || front.arrival_ < first->arrival_) first = &front;
        if (!is_turn_of_oldest) break;
    }
    return first;
}

void LimiterCore::advance(Instant now) noexcept {
    // Loops read their clocks at different moments; this one only goes forward.
    now_ = std::max(now_, now);
    for (Bucket& bucket : buckets_)
        bucket.advance(now_);
}

bool LimiterCore::is_too_much(const Ticket& ticket) const noexcept {
    for (std::size_t i = 0; i < kBuckets; ++i) {
        if (buckets_[i].is_too_much(ticket.grant_.amounts[i])) return true;
    }
    return false;
}

bool LimiterCore::fits(const Ticket& ticket) const noexcept {
    if (!concurrency_.has_room() || !concurrency_.has_room_for(ticket.grant_.tokens)) return false;
    return due(ticket) <= now_;
}

/// When time alone would let it in.
Instant LimiterCore::due(const Ticket& ticket) const noexcept {
    Duration wait = Duration::zero();
    for (std::size_t i = 0; i < kBuckets; ++i)
        wait = std::max(wait, buckets_[i].time_until(ticket.grant_.amounts[i]));
    return std::max(paused_until_, saturating_add(now_, wait));
}

/// When it must look again by itself. Where it waits for other calls to end, they will wake it.
Instant LimiterCore::wakes_at(const Ticket& ticket) const noexcept {
    const Instant instant = due(ticket);
    return instant > now_ ? instant : kNever;
}

void LimiterCore::admit(Ticket& ticket) noexcept {
    Grant& grant = ticket.grant_;
    for (std::size_t i = 0; i < kBuckets; ++i)
        grant.marks[i] = buckets_[i].take(grant.amounts[i]);
    grant.sent = now_;
    grant.number = admitted_++;
    concurrency_.enter(grant.tokens);
}

/// Lets in all that need not wait. The loop ends with the queue: each round takes one out, or is
/// the last.
void LimiterCore::serve(Instant now, Wakes& wakes) noexcept {
    advance(now);
    for (Ticket* ticket = next(); ticket != nullptr; ticket = next()) {
        const bool is_hopeless = is_too_much(*ticket);
        if (!is_hopeless && !fits(*ticket)) {
            // It may have armed its timer for later, or had none while others were before it.
            if (wakes_at(*ticket) < ticket->wakes_at_) wake(*ticket, wakes);
            return;
        }
        ticket->unlink();
        --sizes_[static_cast<std::size_t>(ticket->demand_.priority)];
        ticket->state_ = is_hopeless ? Ticket::State::too_much : Ticket::State::granted;
        if (!is_hopeless) admit(*ticket);
        wake(*ticket, wakes);
    }
}

void LimiterCore::wake(Ticket& ticket, Wakes& wakes) noexcept {
    if (ticket.waiting_ == nullptr) return;
    TicketWait& wait = *std::exchange(ticket.waiting_, nullptr);
    ticket.wakes_at_ = kNever;
    if (wait.loop_ == weir::detail::this_loop.reactor) {
        wait.wake_here();
    } else {
        wakes.add(wait);
    }
}

Ticket::Ticket(LimiterCore& core, const Demand& demand)
    : core_(core), demand_(demand), since_(Reactor::current().now()) {
    grant_.amounts = amounts_of(demand);
    grant_.tokens = demand.input_tokens + demand.output_tokens;
    Wakes wakes;
    {
        const std::lock_guard lock(core_.mutex_);
        arrival_ = core_.arrivals_++;
        core_.queue_of(*this).push_back(*this);
        ++core_.sizes_[static_cast<std::size_t>(demand.priority)];
        core_.serve(since_, wakes);
    }
    wakes.send();
}

Ticket::~Ticket() {
    const Instant now = Reactor::current().now();
    Wakes wakes;
    {
        const std::lock_guard lock(core_.mutex_);
        if (state_ == State::taken || state_ == State::too_much) return;
        if (state_ == State::queued) {
            unlink();
            --core_.sizes_[static_cast<std::size_t>(demand_.priority)];
        } else {
            for (std::size_t i = 0; i < kBuckets; ++i)
                core_.buckets_[i].put_back(grant_.amounts[i]);
            core_.concurrency_.leave(grant_.tokens);
        }
        core_.serve(now, wakes);
    }
    wakes.send();
}

bool Ticket::is_decided() {
    const Instant now = Reactor::current().now();
    bool decided = false;
    Wakes wakes;
    {
        const std::lock_guard lock(core_.mutex_);
        if (state_ == State::queued) core_.serve(now, wakes);
        decided = state_ != State::queued;
    }
    wakes.send();
    return decided;
}

Result<Grant> Ticket::take() {
    const std::lock_guard lock(core_.mutex_);
    WEIR_CHECK(state_ == State::granted || state_ == State::too_much);
    if (state_ == State::too_much) return Error(Errc::limit_reached, core_.too_much(*this));
    state_ = State::taken;
    return grant_;
}

}  // namespace weir::llm::detail
