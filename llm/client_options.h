// SPDX-License-Identifier: MIT
//
// Where a model is, how to get in, and how hard to try: what an llm::Client is made from.
#pragma once

#include <weir/http/client.h>
#include <weir/llm/limiter.h>
#include <weir/llm/retry_budget.h>
#include <weir/llm/secret.h>
#include <weir/llm/wire/dialect.h>
#include <weir/runtime/base/time.h>
#include <weir/runtime/retry.h>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace weir::llm {

class ClientOptions {
public:
    ClientOptions() = default;
    /// From OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL, where they are set.
    static ClientOptions from_environment();
    /// For a server that speaks this dialect, whose variables are its own: ANTHROPIC_API_KEY.
    static ClientOptions from_environment(const Dialect& dialect);

    /// With its own path: "https://api.openai.com/v1", which is the default.
    ClientOptions& base_url(std::string url) { return base_url_ = std::move(url), *this; }
    /// What the server speaks. Default: what its host suggests, see Dialect::for_url().
    ClientOptions& dialect(const Dialect& dialect) { return dialect_ = dialect, *this; }
    /// Sent as the dialect wants it, mostly as a bearer token; empty: none is sent. It never
    /// appears in an error, and goes over TLS, to this machine or over a UNIX socket only.
    ClientOptions& api_key(std::string key) { return api_key_ = ApiKey(std::move(key)), *this; }
    /// Lets the key go to other machines over plain HTTP, where whoever is between can read it.
    ClientOptions& key_over_plain_http(bool may = true) noexcept {
        return may_expose_key_ = may, *this;
    }
    /// What Client::model() gives, for those who do not care which. Default: "gpt-4o-mini".
    ClientOptions& model(std::string name) { return model_ = std::move(name), *this; }
    /// A field of each request, such as OpenAI-Organization. May be called several times.
    ClientOptions& header(std::string_view name, std::string_view value) {
        return headers_.add(name, value), *this;
    }

    /// One deadline for a whole call with all its attempts, from its beginning to its last byte.
    /// Default: 600 s.
    ClientOptions& call_limit(Duration limit) noexcept { return call_limit_ = limit, *this; }
    /// Of a stream: from its head to the first content, and between two pieces of content. A
    /// server's signs of life (comments, pings, empty pieces) are no content. Default: 600 s, and
    /// 120 s.
    ClientOptions& content_limits(Duration first, Duration gap) noexcept {
        return first_content_limit_ = first, content_gap_limit_ = gap, *this;
    }
    /// Limits of the single phases, and trust.
    ClientOptions& http(http::ClientOptions options) { return http_ = std::move(options), *this; }

    /// How often a call is tried, and how far apart. An attempt that got no answer, or one of the
    /// passing failures (429, 500, 503 and such), is followed by another; never one whose answer
    /// had begun, for that is paid already. A server's own wish (Retry-After) is kept to.
    /// Default: three attempts, 0.5 s and then 1 s apart, and up to a quarter more by chance.
    ClientOptions& retry(RetryPolicy policy) noexcept { return retry_ = policy, *this; }
    /// How many of all calls may be repeats; see RetryBudget.
    ClientOptions& retry_budget(RetryBudget budget) noexcept {
        return retry_budget_ = budget, *this;
    }
    /// Repeats, too, a whole answer that broke off after it had begun, though each is paid for.
    /// Default: no.
    ClientOptions& repeat_broken_answers(bool may = true) noexcept {
        return repeats_broken_ = may, *this;
    }
    /// Has each attempt wait until the server's limits allow it; see Limiter, which must outlive
    /// the client and may be shared with others. Default: none.
    ClientOptions& limiter(Limiter& limiter) noexcept { return limiter_ = &limiter, *this; }
    /// Asks a second time, beside the first, if nothing of the answer has come after this time, and
    /// takes what comes first; the other is given up. Both may be paid for. Default: never.
    ClientOptions& hedge_after(Duration time) noexcept { return hedge_after_ = time, *this; }

    const std::string& base_url() const noexcept { return base_url_; }
    const ApiKey& api_key() const noexcept { return api_key_; }
    const std::string& model() const noexcept { return model_; }

private:
    friend class Client;
    std::string base_url_ = "https://api.openai.com/v1";
    std::optional<Dialect> dialect_;
    ApiKey api_key_;
    std::string model_ = "gpt-4o-mini";
    http::Headers headers_;
    Duration call_limit_ = std::chrono::seconds(600);
    Duration first_content_limit_ = std::chrono::seconds(600);
    Duration content_gap_limit_ = std::chrono::seconds(120);
    RetryPolicy retry_ = RetryPolicy().delay_max(std::chrono::seconds(8)).jitter(0.25);
    RetryBudget retry_budget_;
    std::optional<Duration> hedge_after_;
    Limiter* limiter_ = nullptr;
    bool repeats_broken_ = false;
    bool may_expose_key_ = false;
    http::ClientOptions http_;
};

}  // namespace weir::llm
