// SPDX-License-Identifier: MIT
#include "llm/call.h"

#include <weir/runtime/reactor.h>

#include <utility>

namespace weir::llm {

namespace {

// Rough, and from above rather than below: what is reserved too much comes back with the usage.
Demand estimate(const http::Request& request, const Chat& chat) {
    constexpr std::size_t kBytesOfToken = 4;
    constexpr int kOutputTokens = 1024;
    const auto input = static_cast<std::int64_t>(request.body().size() / kBytesOfToken + 1);
    return Demand(input, chat.max_tokens().value_or(kOutputTokens));
}

}  // namespace

std::string request_id_of(const http::Headers& headers) {
    const auto id = headers.get("x-request-id");
    return std::string(id ? *id : headers.get("request-id").value_or(""));
}

Call::Call(http::Request request, const Chat& chat, Protocol protocol, const RetryPolicy& policy,
           RetryBudget& budget)
    : request_(std::move(request)),
      policy_(policy),
      budget_(budget),
      demand_(estimate(request_, chat)),
      protocol_(protocol),
      choices_(chat.choices().value_or(1)) {}

std::unique_ptr<Call> Call::make_hedge() const {
    const Chat shape = Chat("").choices(choices_);
    auto hedge = std::make_unique<Call>(request_, shape, protocol_, policy_, budget_);
    hedge->demand_ = demand_;
    hedge->report_.is_hedge = true;
    return hedge;
}

void Call::admit(CallPermit permit, Duration waited) noexcept {
    permit_ = std::move(permit);
    limited_ = waited;
}

void Call::settle(const std::optional<Usage>& usage, Duration retry_after) noexcept {
    if (!permit_) return;
    CallOutcome outcome(report_.status);
    if (usage) outcome.usage(*usage);
    if (report_.rate_limits) outcome.limits(*report_.rate_limits);
    permit_->settle(outcome.retry_after(retry_after));
    permit_.reset();
}

void Call::begin(Duration limit) {
    begun_ = Reactor::current().now();
    deadline_ = saturating_add(begun_, limit);
    budget_.on_call();
}

void Call::begin_attempt() {
    ++report_.attempts;
    report_.status = 0;
    times_ = http::RequestTimes();
    times_.begun = Reactor::current().now();
    report_.timeline = Timeline();
    report_.timeline.limited = std::exchange(limited_, Duration::zero());
    report_.timeline.repeating = times_.begun - begun_ - report_.timeline.limited;
}

void Call::on_head(const http::ResponseHead& head) {
    report_.status = head.status;
    report_.request_id = request_id_of(head.headers);
    const RateLimitState limits = rate_limit_state(head.headers);
    report_.rate_limits =
        limits == RateLimitState() ? nullptr : std::make_shared<const RateLimitState>(limits);
    if (permit_ && report_.rate_limits && head.is_success()) permit_->learn(limits);
    const Instant connected = times_.connected.value_or(times_.begun);
    report_.timeline.connecting = connected - times_.begun;
    report_.timeline.answering = times_.answered - connected;
}

void Call::on_end() {
    report_.timeline.receiving = Reactor::current().now() - times_.answered;
}

std::optional<Instant> Call::next_attempt(const Error& error) {
    Reactor& reactor = Reactor::current();
    const double chance = static_cast<double>(reactor.random().below(1 << 20)) / (1 << 20);
    const std::optional<Duration> delay = policy_.delay_after(report_.attempts, error, chance);
    if (!delay) return std::nullopt;
    // A silent server would cost the full wait each time, and perhaps a bill.
    if (error == Errc::timed_out && std::exchange(has_timed_out_, true)) return std::nullopt;
    const Instant next = saturating_add(reactor.now(), *delay);
    if (next >= deadline_) {
        given_up_ = "not tried again: the call's deadline comes before the next attempt may";
        return std::nullopt;
    }
    if (!budget_.try_repeat()) {
        given_up_ = "not tried again: too many calls to this server had to be (retry_budget)";
        return std::nullopt;
    }
    return next;
}

Error Call::last_word(Error error) const {
    if (given_up_ != nullptr) error = std::move(error).with_context(given_up_);
    if (report_.attempts <= 1) return error;
    return std::move(error).with_context("after " + std::to_string(report_.attempts) + " attempts");
}

}  // namespace weir::llm
