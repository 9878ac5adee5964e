// SPDX-License-Identifier: MIT
//
// A server's rate limits as vendors have them, for tests: buckets that are refilled all the time,
// a reservation at admission, 429 with Retry-After for what does not fit, and headers. No network:
// the time that a call takes is up to the test.
#pragma once

#include <weir/http/wire/headers.h>
#include <weir/llm/wire/chat.h>
#include <weir/runtime/base/time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace weir::test {

class EnforcingServerOptions {
public:
    EnforcingServerOptions() noexcept {}

    double requests = 0;  // a minute; 0: not limited
    double tokens = 0;
    bool sends_headers = false;
    bool gives_back = true;  // what a call reserved and did not use
    double full_part = 1;    // of each bucket, at the start
};

class EnforcingServer {
public:
    EnforcingServer(const EnforcingServerOptions& options, Instant start)
        : options_(options), start_(start), now_(start) {
        limits_ = {options.requests, options.tokens};
        levels_ = {options.requests * options.full_part, options.tokens * options.full_part};
    }

    class Answer {
    public:
        Answer() {}
        int status = 200;
        Duration retry_after = Duration::zero();
        http::Headers headers;
    };

    /// A call arrives, and is let in or refused.
    Answer arrive(Instant now, double reserved_tokens) {
        advance(now);
        const std::array<double, 2> amounts = {1, reserved_tokens};
        Answer answer;
        for (std::size_t i = 0; i < 2; ++i) {
            if (limits_[i] == 0 || levels_[i] + 1e-6 >= amounts[i]) continue;
            answer.status = 429;
            const double missing = (amounts[i] - levels_[i]) / limits_[i] * 60;
            answer.retry_after = std::max(
                answer.retry_after,
                std::chrono::duration_cast<Duration>(std::chrono::duration<double>(missing)));
        }
        if (answer.status == 200) {
            for (std::size_t i = 0; i < 2; ++i) {
                levels_[i] -= amounts[i];
                taken_[i] += amounts[i];
            }
        }
        if (options_.sends_headers) describe(answer.headers);
        return answer;
    }

    /// A call that was let in ends.
    void end(Instant now, double reserved_tokens, double used_tokens) {
        advance(now);
        if (!options_.gives_back) return;
        levels_[1] = std::min(levels_[1] + reserved_tokens - used_tokens, limits_[1]);
        taken_[1] -= reserved_tokens - used_tokens;
    }

    /// How much of all that there was until `now`, what was there at first included, was used. The
    /// bucket that was used most counts.
    double used_part(Instant now) {
        advance(now);
        const double minutes = to_seconds(now - start_) / 60;
        double most = 0;
        for (std::size_t i = 0; i < 2; ++i) {
            if (limits_[i] == 0) continue;
            most = std::max(most, taken_[i] / (limits_[i] * (options_.full_part + minutes)));
        }
        return most;
    }

private:
    void advance(Instant now) {
        const double minutes = to_seconds(now - now_) / 60;
        now_ = now;
        for (std::size_t i = 0; i < 2; ++i)
            levels_[i] = std::min(levels_[i] + limits_[i] * minutes, limits_[i]);
    }

    void describe(http::Headers& headers) const {
        static constexpr std::array<const char*, 2> kNames = {"requests", "tokens"};
        for (std::size_t i = 0; i < 2; ++i) {
            if (limits_[i] == 0) continue;
            const std::string name = kNames[i];
            char reset[32];
            std::snprintf(reset, sizeof reset, "%.3fs",
                          (limits_[i] - levels_[i]) / limits_[i] * 60);
            headers.add("x-ratelimit-limit-" + name, count(limits_[i]));
            headers.add("x-ratelimit-remaining-" + name, count(std::max(levels_[i], 0.0)));
            headers.add("x-ratelimit-reset-" + name, reset);
        }
    }
    static std::string count(double number) {
        return std::to_string(static_cast<std::int64_t>(std::floor(number)));
    }

    EnforcingServerOptions options_;
    Instant start_;
    Instant now_;
    std::array<double, 2> limits_{};
    std::array<double, 2> levels_{};
    std::array<double, 2> taken_{};
};

}  // namespace weir::test
