// SPDX-License-Identifier: MIT
//
// Ten minutes of more work than a server allows, in simulated time: how much of the allowance is
// used, and how many calls are refused all the same.
#include <gtest/gtest.h>
#include <weir/llm/limiter.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include <cstdint>

#include "tests/llm/enforcing_server.h"
#include "tests/support/unit.h"

using namespace weir;
using namespace weir::llm;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr Duration kRun = 10min;

class Load {
public:
    Load() {}

    EnforcingServerOptions server;
    LimiterOptions limiter;
    std::uint64_t seed = 1;
    std::size_t callers = 200;
    std::int64_t input_most = 0;
    std::int64_t output_most = 0;  // reserved; what is used is drawn below it
    double others_requests = 0;    // a minute, by another process
    double others_tokens = 0;      // of each of those
    Duration others_rest = 0s;     // after as long a time of work
    Duration shortest = 300ms;     // how long an answer takes
    Duration longest = 3s;
};

class Outcome {
public:
    Outcome() {}
    double used = 0;
    std::uint64_t calls = 0;
    std::uint64_t refused = 0;

    double refused_part() const {
        return static_cast<double>(refused) / static_cast<double>(calls);
    }
};

/// What the tasks of a run share.
class Run {
public:
    explicit Run(const Load& its_load)
        : load(its_load),
          start(Reactor::current().now()),
          end(start + kRun),
          server(load.server, start),
          limiter(load.limiter) {}

    bool is_over() const { return Reactor::current().now() >= end; }
    Duration between(Duration least, Duration most) const {
        const auto range = static_cast<std::uint64_t>((most - least).count()) + 1;
        return least +
               Duration(static_cast<std::int64_t>(Reactor::current().random().below(range)));
    }

    const Load& load;
    Instant start;
    Instant end;
    EnforcingServer server;
    Limiter limiter;
    Outcome outcome;
};

Task<void> call_once(Run& run, CallPermit permit, std::int64_t input, std::int64_t output) {
    const auto reserved = static_cast<double>(input + output);
    const auto used_output = static_cast<std::int64_t>(
        Reactor::current().random().below(static_cast<std::uint64_t>(output) + 1));
    co_await sleep_for(run.between(20ms, 80ms));
    const EnforcingServer::Answer answer = run.server.arrive(Reactor::current().now(), reserved);
    ++run.outcome.calls;
    if (answer.status != 200) {
        ++run.outcome.refused;
        co_await sleep_for(run.between(20ms, 80ms));
        permit.settle(CallOutcome(answer.status)
                          .limits(rate_limit_state(answer.headers))
                          .retry_after(answer.retry_after));
        co_return;
    }
    co_await sleep_for(run.between(run.load.shortest, run.load.longest));
    const auto used = static_cast<double>(input + used_output);
    run.server.end(Reactor::current().now(), reserved, used);
    co_await sleep_for(run.between(20ms, 80ms));
    permit.settle(
        CallOutcome(200).usage(Usage(input, used_output)).limits(rate_limit_state(answer.headers)));
}

Task<void> call_on_and_on(Run& run) {
    while (!run.is_over()) {
        Random& random = Reactor::current().random();
        const auto input = static_cast<std::int64_t>(
            random.below(static_cast<std::uint64_t>(run.load.input_most) + 1));
        const std::int64_t output = run.load.output_most;
        Result<CallPermit> permit = co_await run.limiter.acquire(Demand(input, output));
        if (run.is_over()) co_return;
        co_await call_once(run, std::move(permit.value()), input, output);
    }
}

/// Another process, which has no limiter.
Task<void> take_as_others(Run& run) {
    if (run.load.others_requests == 0) co_return;
    const auto pause = Duration(static_cast<std::int64_t>(60e9 / run.load.others_requests));
    const Duration rest = run.load.others_rest;
    while (!run.is_over()) {
        co_await sleep_for(pause);
        const Duration since = Reactor::current().now() - run.start;
        if (rest > 0s && since / rest % 2 == 1) co_await sleep_for(rest);
        static_cast<void>(run.server.arrive(Reactor::current().now(), run.load.others_tokens));
    }
}

Task<void> measure(Run& run) {
    co_await sleep_until(run.end);
    run.outcome.used = run.server.used_part(run.end);
}

Task<void> run_load(const Load& load, Outcome& outcome) {
    Run run(load);
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(measure(run));
        group.spawn(take_as_others(run));
        for (std::size_t i = 0; i < load.callers; ++i)
            group.spawn(call_on_and_on(run));
        co_return;
    });
    outcome = run.outcome;
}

void expect_good_use(const char* what, Load load) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Outcome outcome;
        run_simulated(run_load(load, outcome), Simulation().seed(seed).shuffle());
        EXPECT_GE(outcome.used, 0.97) << what << ", seed " << seed;
        EXPECT_LT(outcome.refused_part(), 0.005) << what << ", seed " << seed;
        EXPECT_GT(outcome.calls, 200u);
    }
}

Load bound_by_requests() {
    Load load;
    load.server.requests = 600;
    load.server.tokens = 10e6;
    load.input_most = 1000;
    load.output_most = 500;
    return load;
}

Load bound_by_tokens() {
    Load load;
    load.server.requests = 10'000;
    load.server.tokens = 300'000;
    load.input_most = 1000;
    load.output_most = 500;
    return load;
}

TEST(LimiterLoad, UsesTheRequestsThatAreAllowed) {
    Load load = bound_by_requests();
    load.limiter.requests_per_minute(600).tokens_per_minute(10'000'000);
    expect_good_use("requests", load);
}

TEST(LimiterLoad, UsesTheTokensThatAreAllowed) {
    Load load = bound_by_tokens();
    load.limiter.requests_per_minute(10'000).tokens_per_minute(300'000);
    expect_good_use("tokens", load);
}

TEST(LimiterLoad, LearnsRequestsFromHeaders) {
    Load load = bound_by_requests();
    load.server.sends_headers = true;
    expect_good_use("requests, learnt", load);
}

TEST(LimiterLoad, LearnsTokensFromHeaders) {
    Load load = bound_by_tokens();
    load.server.sends_headers = true;
    expect_good_use("tokens, learnt", load);
}

TEST(LimiterLoad, LearnsThatUnusedTokensDoNotComeBack) {
    Load load = bound_by_tokens();
    load.server.sends_headers = true;
    load.server.gives_back = false;
    expect_good_use("tokens, learnt, none given back", load);
    load.limiter.tokens_per_minute(300'000);
    expect_good_use("tokens, configured and learnt, none given back", load);
}

TEST(LimiterLoad, SharesRequestsWithAnotherProcess) {
    Load load = bound_by_requests();
    load.server.sends_headers = true;
    load.others_requests = 300;
    load.others_tokens = 100;
    expect_good_use("requests, shared", load);
}

TEST(LimiterLoad, SharesTokensWithAnotherProcess) {
    Load load = bound_by_tokens();
    load.server.sends_headers = true;
    load.others_requests = 200;
    load.others_tokens = 750;
    expect_good_use("tokens, shared", load);
}

TEST(LimiterLoad, FollowsAProcessThatComesAndGoes) {
    Load load = bound_by_requests();
    load.server.sends_headers = true;
    load.others_requests = 300;
    load.others_tokens = 100;
    load.others_rest = 45s;
    expect_good_use("requests, shared now and then", load);
}

TEST(LimiterLoad, BeginsWithABucketThatOthersHaveEmptied) {
    Load load = bound_by_requests();
    load.server.full_part = 0;
    load.limiter.requests_per_minute(600);
    expect_good_use("requests, begun on empty", load);
    load.limiter = LimiterOptions();
    load.server.sends_headers = true;
    expect_good_use("requests, learnt, begun on empty", load);
}

TEST(LimiterLoad, KeepsToALowLimit) {
    Load load = bound_by_requests();
    load.server.requests = 20;
    load.limiter.requests_per_minute(20);
    expect_good_use("20 requests", load);
}

}  // namespace
