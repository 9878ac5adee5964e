// SPDX-License-Identifier: MIT
#include "llm/call.h"

#include <weir/runtime/reactor.h>

#include <utility>

namespace weir::llm {

std::string request_id_of(const http::Headers& headers) {
    const auto id = headers.get("x-request-id");
    return std::string(id ? *id : headers.get("request-id").value_or(""));
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
    report_.timeline.repeating = times_.begun - begun_;
}

void Call::on_head(const http::ResponseHead& head) {
    report_.status = head.status;
    report_.request_id = request_id_of(head.headers);
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
