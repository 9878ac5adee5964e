// SPDX-License-Identifier: MIT
//
// How the mock server behaves: its pace, and what it does wrong. Without any setting it answers at
// once and rightly: `Script().time_to_first_token(200ms).token_interval(20ms).tokens(50)`.
#pragma once

#include <weir/http/tls_context.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm::mock {

class Script {
public:
    Script() noexcept {}

    /// From the request's arrival to the first token. A whole answer comes when its last token
    /// would have come in a stream.
    Script& time_to_first_token(Duration span) noexcept { return first_ = span, *this; }
    /// Between two tokens. Tokens are due at fixed instants, so a late one delays no other.
    Script& token_interval(Duration span) noexcept { return interval_ = span, *this; }
    /// The length of each answer, at least one, if the request does not ask for less.
    Script& tokens(int count) noexcept { return tokens_ = count, *this; }
    /// Serves https.
    Script& tls(http::TlsContext context) { return tls_ = std::move(context), *this; }

    // What goes wrong, of which several may be combined.

    /// Every call gets this status. Without a body, one with an error as OpenAI words it.
    Script& status(int code, std::string body = "") {
        return status_ = code, status_body_ = std::move(body), *this;
    }
    /// The Retry-After field of such an answer: "2".
    Script& retry_after(std::string seconds) { return retry_after_ = std::move(seconds), *this; }
    /// A stream's connection is closed after so many tokens; a whole answer's within its body.
    Script& cut_after(int count) noexcept { return cut_after_ = count, *this; }
    /// The same in the midst of the first event.
    Script& close_in_body() noexcept { return closes_in_body_ = true, *this; }
    /// Streams end without [DONE].
    Script& without_done() noexcept { return has_done_ = false, *this; }
    /// Answers end without a finish reason.
    Script& without_finish_reason() noexcept { return has_finish_reason_ = false, *this; }
    /// Calls are accepted and never answered.
    Script& silent() noexcept { return is_silent_ = true, *this; }
    /// After so many tokens comes an error object; in place of a whole answer, with status 200.
    Script& fail_in_stream(int count = 1) noexcept { return fails_after_ = count, *this; }
    /// Only so many calls, the first ones, meet the faults; those after them go well.
    Script& faulty_calls(std::uint64_t count) noexcept { return faulty_calls_ = count, *this; }
    /// A fault by name, as the header `x-mock-fault` and `weir mock --fault` have it: silent, cut,
    /// close, no-done, no-finish-reason, error. Errc::bad_argument lists the names.
    Result<void> fault(std::string_view name);

private:
    friend class Server;

    /// This one without its faults.
    Script healthy() const;

    Duration first_ = Duration::zero();
    Duration interval_ = Duration::zero();
    int tokens_ = 16;
    std::optional<http::TlsContext> tls_;

    std::optional<int> status_;
    std::string status_body_;
    std::string retry_after_;
    std::optional<int> cut_after_;
    std::optional<int> fails_after_;
    std::uint64_t faulty_calls_ = std::numeric_limits<std::uint64_t>::max();
    bool closes_in_body_ = false;
    bool has_done_ = true;
    bool has_finish_reason_ = true;
    bool is_silent_ = false;
};

}  // namespace weir::llm::mock
