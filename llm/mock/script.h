// SPDX-License-Identifier: MIT
//
// How the mock server behaves: its pace, its limits, and what it does wrong. Without any setting it
// answers at once and rightly: `Script().time_to_first_token(200ms).token_interval(20ms)`.
#pragma once

#include <weir/http/tls_context.h>
#include <weir/llm/mock/limits.h>
#include <weir/llm/mock/pace.h>
#include <weir/runtime/base/result.h>
#include <weir/runtime/base/time.h>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::llm::mock {

class Dialect;

class Script {
public:
    Script() noexcept {}

    /// From the request's arrival to the first token. A whole answer comes when its last token
    /// would have come in a stream.
    Script& time_to_first_token(Duration span) noexcept { return time_to_first_token(Pace(span)); }
    Script& time_to_first_token(Pace pace) noexcept { return first_ = pace, *this; }
    /// Between two tokens. Tokens are due at fixed instants, so a late one delays no other.
    Script& token_interval(Duration span) noexcept { return token_interval(Pace(span)); }
    Script& token_interval(Pace pace) noexcept { return interval_ = pace, *this; }
    /// What paces are drawn from. The same seed gives the n-th call the same pace.
    Script& seed(std::uint64_t value) noexcept { return seed_ = value, *this; }
    /// The length of each answer, at least one, if the request does not ask for less. Calls of
    /// tools and JSON that was asked for are as long as they are.
    Script& tokens(int count) noexcept { return tokens_ = count, *this; }
    /// Tokens of reasoning before the answer. Without them a request that asks for reasoning gets
    /// eight, and others none.
    Script& reasoning(int count) noexcept { return thoughts_ = count, *this; }
    /// What is let through in a minute; the rest is refused with 429. Answers to calls tell what is
    /// left, in the fields of OpenAI or of Anthropic.
    Script& limits(Limits limits) noexcept { return limits_ = limits, *this; }
    /// Chat Completions with the ways of one server, such as "ollama": docs/mock.md. An unknown
    /// name is Errc::bad_argument, which lists the others.
    Result<void> dialect(std::string_view name);
    /// Keeps the last so many requests for Server::requests(). By default none.
    Script& record(std::size_t count) noexcept { return recorded_ = count, *this; }
    /// Serves https.
    Script& tls(http::TlsContext context) { return tls_ = std::move(context), *this; }

    // What goes wrong, of which several may be combined. Where nothing says how far an answer
    // comes, it is half of it.

    /// Every call gets this status. Without a body, one with an error as the protocol words it.
    Script& status(int code, std::string body = "") {
        return faults_.status = code, faults_.status_body = std::move(body), *this;
    }
    /// The Retry-After field of such an answer: "2".
    Script& retry_after(std::string seconds) {
        return faults_.retry_after = std::move(seconds), *this;
    }
    /// A stream's connection is closed after so many tokens; a whole answer's within its body.
    Script& cut_after(int count) noexcept { return faults_.cut_after = count, *this; }
    /// The same in the midst of the first event.
    Script& close_in_body() noexcept { return faults_.closes_in_body = true, *this; }
    /// Streams end without [DONE], or what the protocol has in its place.
    Script& without_done() noexcept { return faults_.has_no_done = true, *this; }
    /// Answers end without a finish reason.
    Script& without_finish_reason() noexcept { return faults_.has_no_reason = true, *this; }
    /// Calls are accepted and never answered.
    Script& silent() noexcept { return faults_.is_silent = true, *this; }
    /// After so many tokens comes an error object; in place of a whole answer, with status 200.
    Script& fail_in_stream(int count = 1) noexcept { return faults_.fails_after = count, *this; }
    /// Half-way through a stream nothing comes for so long.
    Script& stall(Duration span) noexcept { return faults_.stall = span, *this; }
    /// Half-way through a stream comes an event that is no JSON; a whole answer is no JSON.
    Script& malformed() noexcept { return faults_.is_malformed = true, *this; }
    /// The connection is closed before any answer.
    Script& reset() noexcept { return faults_.resets = true, *this; }
    /// The answer's body comes byte by byte, with so long between two.
    Script& slow_bytes(Duration between) noexcept { return faults_.byte_interval = between, *this; }
    /// A stream has comments only, one a second, for ever; a whole answer blank lines.
    Script& comments_only() noexcept { return faults_.has_comments_only = true, *this; }
    /// The connection stays open after the end mark of a stream, and the response unfinished.
    Script& open_after_done() noexcept { return faults_.stays_open = true, *this; }
    /// Status 200 with a page of HTML, as gateways answer.
    Script& html() noexcept { return faults_.is_html = true, *this; }
    /// Status 200 with an error object, also where a stream was asked for.
    Script& error_with_200() noexcept { return faults_.is_error_with_200 = true, *this; }

    /// Only so many calls, the first ones, meet the faults; those after them go well.
    Script& faulty_calls(std::uint64_t count) noexcept { return faulty_calls_ = count, *this; }
    /// Only this share of the calls, from 0 to 1, meets the faults, or status 500 where none is
    /// set. Which ones is drawn by the seed: the same for the n-th call of each run.
    Script& error_rate(double share, std::uint64_t seed = 1) noexcept {
        return error_rate_ = share, error_seed_ = seed, *this;
    }
    /// A fault by name, as the header `x-mock-fault` and `weir mock --fault` have it, with a value
    /// where it has one: "cut", "cut:40", "stall:30s". Errc::bad_argument lists the names.
    Result<void> fault(std::string_view name);

private:
    friend class Call;
    friend class Core;
    friend class Server;

    // Where an answer's half is meant.
    static constexpr int kHalf = -1;

    struct Faults {
        std::optional<int> status;
        std::optional<int> cut_after;
        std::optional<int> fails_after;
        std::string status_body;
        std::string retry_after;
        Duration stall = Duration::zero();
        Duration byte_interval = Duration::zero();
        bool closes_in_body = false;
        bool has_no_done = false;
        bool has_no_reason = false;
        bool is_silent = false;
        bool is_malformed = false;
        bool resets = false;
        bool has_comments_only = false;
        bool stays_open = false;
        bool is_html = false;
        bool is_error_with_200 = false;
    };

    /// This one without its faults.
    Script healthy() const;
    /// Whether the n-th call, from 1 on, meets the faults.
    bool is_faulty(std::uint64_t call) const noexcept;
    bool has_faults() const noexcept;
    Result<void> check() const;

    Pace first_{Duration::zero()};
    Pace interval_{Duration::zero()};
    std::uint64_t seed_ = 1;
    int tokens_ = 16;
    int thoughts_ = 0;
    const Dialect* dialect_ = nullptr;  // null: the plain one
    Limits limits_;
    std::size_t recorded_ = 0;
    std::optional<http::TlsContext> tls_;
    Faults faults_;
    std::uint64_t faulty_calls_ = std::numeric_limits<std::uint64_t>::max();
    std::optional<double> error_rate_;
    std::uint64_t error_seed_ = 1;
};

}  // namespace weir::llm::mock
