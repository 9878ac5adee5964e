// SPDX-License-Identifier: MIT
//
// One call with all its attempts: what is sent, until when, and what has become of it so far. It
// decides whether there is another attempt; the client makes them.
#pragma once

#include <weir/http/call_options.h>
#include <weir/http/client.h>
#include <weir/http/wire/message.h>
#include <weir/llm/limiter.h>
#include <weir/llm/retry_budget.h>
#include <weir/llm/wire/call_report.h>
#include <weir/llm/wire/chat.h>
#include <weir/llm/wire/dialect.h>
#include <weir/runtime/base/error.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/retry.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::llm {

/// The server's x-request-id, or request-id; may be empty.
std::string request_id_of(const http::Headers& headers);

class Call {
public:
    /// Policy and budget are the client's.
    Call(http::Request request, const Chat& chat, Protocol protocol, const RetryPolicy& policy,
         RetryBudget& budget);
    /// The same call once more, beside it.
    std::unique_ptr<Call> make_hedge() const;

    Protocol protocol() const noexcept { return protocol_; }
    int choices() const noexcept { return choices_; }
    /// What the limiter is to reserve: an estimate.
    const Demand& demand() const noexcept { return demand_; }
    /// The limiter lets the next attempt go.
    void admit(CallPermit permit, Duration waited) noexcept;
    std::optional<CallPermit> take_permit() noexcept { return std::exchange(permit_, {}); }
    /// Tells the limiter how the attempt ended.
    void settle(const std::optional<Usage>& usage, Duration retry_after) noexcept;

    /// The call begins now and must be over after `limit`.
    void begin(Duration limit);
    void begin_attempt();
    /// To be sent by this attempt.
    http::Request request() const { return request_; }
    http::CallOptions options() noexcept {
        return http::CallOptions().deadline(deadline_).times(times_);
    }
    /// The head of the answer has come.
    void on_head(const http::ResponseHead& head);
    /// The answer is whole, or has ended otherwise.
    void on_end();

    /// When to try again after this failure; nothing: do not.
    std::optional<Instant> next_attempt(const Error& error);
    /// The failure that the caller is told of.
    Error last_word(Error error) const;

    Instant deadline() const noexcept { return deadline_; }
    const CallReport& report() const noexcept { return report_; }
    CallReport take_report() noexcept { return std::move(report_); }

private:
    http::Request request_;
    const RetryPolicy& policy_;
    RetryBudget& budget_;
    CallReport report_;
    http::RequestTimes times_;
    Demand demand_;
    std::optional<CallPermit> permit_;
    Protocol protocol_;
    int choices_;
    Duration limited_{};
    Instant begun_{};
    Instant deadline_ = kNever;
    const char* given_up_ = nullptr;  // why there is no further attempt, though it might help
    bool has_timed_out_ = false;
};

}  // namespace weir::llm
