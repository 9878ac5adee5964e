// SPDX-License-Identifier: MIT
//
// What is known of a call beside its answer: how often it was tried, what the server said of
// itself, and where the time went.
#pragma once

#include <weir/llm/wire/rate_limit.h>
#include <weir/runtime/base/time.h>
#include <memory>
#include <string>
#include <vector>

namespace weir::llm {

/// Where the time of a call went. Phases that a call did not have are zero; together they are the
/// time from its beginning to its end.
class Timeline {
public:
    Timeline() noexcept {}

    Duration whole() const noexcept {
        return limited + repeating + connecting + answering + thinking + receiving;
    }

    Duration limited{};     ///< waiting for the limiter, before the last attempt
    Duration repeating{};   ///< attempts that failed, and the pauses after them
    Duration connecting{};  ///< name, TCP and TLS of the last attempt; zero on a kept connection
    Duration answering{};   ///< from then to the head of the answer
    Duration thinking{};    ///< of a stream: from the head to the first content
    Duration receiving{};   ///< from then to the end

    friend bool operator==(const Timeline&, const Timeline&) = default;
};

class CallReport {
public:
    CallReport() = default;

    int status = 0;          ///< of the last answer; 0 where there was none
    int attempts = 0;        ///< how often it was tried
    bool is_hedge = false;   ///< it is the answer to the second of two requests (hedge_after)
    std::string request_id;  ///< the server's x-request-id, or request-id; may be empty
    Timeline timeline;
    /// What the answer's head said of the server's limits; null where it said nothing. Shared by
    /// copies of the report, since it is large, seldom read, and never changed.
    std::shared_ptr<const RateLimitState> rate_limits;
    std::string target;                    ///< of a Fallback: whose answer it is
    std::vector<std::string> passed_over;  ///< of a Fallback: each target before it, and why
};

}  // namespace weir::llm
