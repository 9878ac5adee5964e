// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <weir/http/server.h>
#include <weir/llm/batch/runner.h>
#include <weir/llm/client.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::llm;
using namespace std::chrono_literals;

namespace {

static_assert(!std::is_aggregate_v<BatchOptions>);
static_assert(!std::is_aggregate_v<BatchSummary>);

constexpr std::uint16_t kPort = 8080;
constexpr std::string_view kAnswer =
    R"({"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";

/// Requests with the ids 0, 1, 2 and so on; the id is also the text of the body's "model".
class CountingSource final : public RequestSource {
public:
    explicit CountingSource(int count) : count_(count) {}

    /// Every so many items is one that is refused.
    CountingSource& refuse_each(int nth) { return refuse_each_ = nth, *this; }
    CountingSource& break_at(int item) { return break_at_ = item, *this; }

    Task<Result<std::optional<BatchItem>>> next() override {
        if (next_ == break_at_) co_return Error(Errc::bad_argument, "the source broke");
        if (next_ == count_) co_return std::optional<BatchItem>();
        const std::string id = std::to_string(next_++);
        if (refuse_each_ > 0 && next_ % refuse_each_ == 0) {
            co_return std::optional<BatchItem>(RefusedItem("{\"custom_id\":\"" + id + "\"}"));
        }
        co_return std::optional<BatchItem>(
            RequestLine(id, "/v1/chat/completions", "{\"model\":\"" + id + "\"}"));
    }
    int taken() const { return next_; }

private:
    int count_;
    int next_ = 0;
    int refuse_each_ = 0;
    int break_at_ = -1;
};

class MemorySink final : public BatchSink {
public:
    Result<void> write_output(std::string line) override { return keep(outputs, std::move(line)); }
    Result<void> write_error(std::string line) override { return keep(errors, std::move(line)); }

    std::map<std::string, int> count_ids() const {
        std::map<std::string, int> ids;
        for (const auto* lines : {&outputs, &errors}) {
            for (const std::string& line : *lines)
                ++ids[find_custom_id(line).value_or("none in " + line)];
        }
        return ids;
    }

    std::vector<std::string> outputs;
    std::vector<std::string> errors;
    std::size_t lines_max = 1'000'000;

private:
    Result<void> keep(std::vector<std::string>& lines, std::string line) {
        if (outputs.size() + errors.size() == lines_max) return Error::from_errno(ENOSPC);
        EXPECT_TRUE(is_json(line)) << line;
        lines.push_back(std::move(line));
        return {};
    }
};

int number_in(const std::string& body) {
    return std::atoi(body.c_str() + std::string_view("{\"model\":\"").size());
}

/// Whether the client still listens does not matter here.
Task<void> reply(http::Exchange& exchange, int status, std::string body) {
    static_cast<void>(co_await exchange.respond(status, http::Headers(), std::move(body)));
}

/// Answers after a time that differs from call to call; some calls go wrong, each in its own way.
Task<void> serve_badly(http::Exchange& exchange) {
    const int number = number_in(exchange.body());
    co_await sleep_for(Duration(1ms) * (number * 7 % 13));
    switch (number % 10) {
        case 3:
            co_await reply(exchange, 500, "{\"error\":{\"message\":\"broken\"}}");
            co_return;
        case 5:
            co_await reply(exchange, 401, "no\nkey");
            co_return;
        case 7:
            static_cast<void>(co_await exchange.begin(200, http::Headers()));
            static_cast<void>(co_await exchange.write(kAnswer.substr(0, 20)));
            exchange.close_connection();
            co_return;
        case 9:
            co_await reply(exchange, 200, "{\"error\":{\"message\":\"late\"}}");
            co_return;
        default:
            co_await reply(exchange, 200, std::string(kAnswer));
    }
}

Task<void> serve(http::Server& server, const http::Server::Handler& handler) {
    Result<void> served = co_await server.serve(handler);
    EXPECT_TRUE(served.has_value());
}

Client make_client() {
    return Client::make(ClientOptions()
                            .base_url("http://127.0.0.1:" + std::to_string(kPort) + "/v1")
                            .call_limit(60s))
        .value();
}

/// Runs a batch against a server in a simulated world; for at most `limit`, then it is cancelled.
class World {
public:
    World(RequestSource& source, http::Server::Handler handler)
        : source_(source), handler_(std::move(handler)) {}

    Result<void> run(std::size_t concurrency, Duration limit = 1h) {
        return run_simulated(play(BatchOptions().concurrency(concurrency), limit));
    }

    MemorySink sink;
    BatchSummary summary;
    Duration elapsed{};

private:
    Task<Result<void>> play(BatchOptions options, Duration limit) {
        http::Server server = http::Server::listen(Endpoint::loopback(kPort)).value();
        Client client = make_client();
        Result<void> result;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(serve(server, handler_));
            const Instant begin = Reactor::current().now();
            result = co_await timeout(limit, run_batch(client, source_, sink, options, summary));
            elapsed = Reactor::current().now() - begin;
            group.cancel();
        });
        co_return result;
    }

    RequestSource& source_;
    http::Server::Handler handler_;
};

TEST(Batch, EachItemHasExactlyOneLineWhateverGoesWrong) {
    for (const std::size_t concurrency : {1u, 7u, 300u}) {
        SCOPED_TRACE(concurrency);
        CountingSource source(200);
        source.refuse_each(20);
        World world(source, serve_badly);
        ASSERT_TRUE(world.run(concurrency).has_value());

        const auto ids = world.sink.count_ids();
        EXPECT_EQ(ids.size(), 200u);
        for (const auto& [id, count] : ids)
            EXPECT_EQ(count, 1) << id;
        // Of each ten calls 3, 5, 7 and 9 go wrong; a 9 at the end of twenty is never sent.
        EXPECT_EQ(world.summary.items, 200u);
        EXPECT_EQ(world.summary.refused, 10u);
        EXPECT_EQ(world.summary.succeeded, 120u);
        EXPECT_EQ(world.summary.failed, 70u);
        EXPECT_EQ(world.summary.done(), 200u);
        EXPECT_EQ(world.summary.in_flight, 0u);
        EXPECT_EQ(world.summary.cancelled, 0u);
        EXPECT_TRUE(world.summary.source_has_ended);
        EXPECT_EQ(world.sink.outputs.size(), 120u);
        EXPECT_EQ(world.summary.input_tokens, 3 * 120);
        EXPECT_EQ(world.summary.output_tokens, 2 * 120);
    }
}

TEST(Batch, TheSetOfAnswersDoesNotDependOnTheConcurrency) {
    std::vector<std::vector<std::string>> runs;
    for (const std::size_t concurrency : {1u, 64u}) {
        CountingSource source(100);
        World world(source, serve_badly);
        ASSERT_TRUE(world.run(concurrency).has_value());
        std::vector<std::string> lines = world.sink.outputs;
        lines.insert(lines.end(), world.sink.errors.begin(), world.sink.errors.end());
        std::sort(lines.begin(), lines.end());
        runs.push_back(std::move(lines));
    }
    EXPECT_EQ(runs[0], runs[1]);
}

TEST(Batch, ErrorLinesTellOfEachFault) {
    CountingSource source(10);
    World world(source, serve_badly);
    ASSERT_TRUE(world.run(1).has_value());
    ASSERT_EQ(world.sink.errors.size(), 4u);
    EXPECT_EQ(world.sink.errors[0],
              R"({"id":"batch_req_4","custom_id":"3","response":{"status_code":500,)"
              R"("request_id":"","body":{"error":{"message":"broken"}}},"error":null})");
    EXPECT_EQ(world.sink.errors[1],
              R"({"id":"batch_req_6","custom_id":"5","response":{"status_code":401,)"
              R"("request_id":"","body":"no\nkey"},"error":null})");
    EXPECT_NE(world.sink.errors[2].find(R"("response":null,"error":{"code":"connection_lost")"),
              std::string::npos)
        << world.sink.errors[2];
    EXPECT_NE(world.sink.errors[3].find(R"("status_code":200)"), std::string::npos);
    EXPECT_NE(world.sink.errors[3].find(R"("error":{"code":"error_in_answer")"), std::string::npos)
        << world.sink.errors[3];
}

TEST(Batch, KeepsAsManyCallsUnderWayAsItMay) {
    std::size_t now = 0;
    std::size_t most = 0;
    CountingSource source(40);
    World world(source, [&](http::Exchange& exchange) -> Task<void> {
        most = std::max(most, ++now);
        co_await sleep_for(100ms);
        --now;
        co_await reply(exchange, 200, std::string(kAnswer));
    });
    ASSERT_TRUE(world.run(8).has_value());
    EXPECT_EQ(most, 8u);
    EXPECT_EQ(world.summary.succeeded, 40u);
    // Five rounds of 100 ms, and no more than connecting and ticks on top.
    EXPECT_GE(world.elapsed, 500ms);
    EXPECT_LT(world.elapsed, 600ms);
}

TEST(Batch, RefusedConnectionsAreFailuresOfTheirCalls) {
    CountingSource source(5);
    MemorySink sink;
    BatchSummary summary;
    const Result<void> result = run_simulated([&]() -> Task<Result<void>> {
        Client client = make_client();
        co_return co_await run_batch(client, source, sink, BatchOptions(), summary);
    }());
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(summary.failed, 5u);
    ASSERT_EQ(sink.errors.size(), 5u);
    EXPECT_NE(sink.errors[0].find(R"("code":"connection_refused")"), std::string::npos)
        << sink.errors[0];
}

TEST(Batch, ACallThatTakesTooLongIsTimedOut) {
    CountingSource source(2);
    World world(source, [](http::Exchange&) -> Task<void> { co_await sleep_for(1h); });
    ASSERT_TRUE(world.run(2).has_value());
    EXPECT_EQ(world.summary.failed, 2u);
    EXPECT_NE(world.sink.errors.at(0).find(R"("code":"timed_out")"), std::string::npos)
        << world.sink.errors.at(0);
    EXPECT_LT(world.elapsed, 61s);
}

TEST(Batch, CancelledItCountsTheCallsThatItCutOff) {
    CountingSource source(1000);
    World world(source, [](http::Exchange& exchange) -> Task<void> {
        if (number_in(exchange.body()) >= 12) co_await sleep_for(1h);
        co_await reply(exchange, 200, std::string(kAnswer));
    });
    const Result<void> result = world.run(8, 10s);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error(), Error::timed_out);
    EXPECT_EQ(world.summary.succeeded, 12u);
    EXPECT_EQ(world.summary.cancelled, 8u);
    EXPECT_EQ(world.summary.in_flight, 0u);
    EXPECT_EQ(world.summary.items, 20u);
    EXPECT_FALSE(world.summary.source_has_ended);
    EXPECT_EQ(world.sink.count_ids().size(), 12u);
}

TEST(Batch, ASinkThatIsFullEndsIt) {
    CountingSource source(1000);
    World world(source, serve_badly);
    world.sink.lines_max = 10;
    const Result<void> result = world.run(4);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error(), std::errc::no_space_on_device);
    EXPECT_EQ(world.summary.done(), 10u);
    EXPECT_EQ(world.summary.items, 10 + world.summary.cancelled);
    EXPECT_LT(source.taken(), 20);
}

TEST(Batch, ASourceThatBreaksEndsIt) {
    CountingSource source(1000);
    source.break_at(20);
    World world(source, serve_badly);
    const Result<void> result = world.run(4);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().message(), "the source broke");
    EXPECT_EQ(world.summary.in_flight, 0u);
    EXPECT_EQ(world.summary.items, world.summary.done() + world.summary.cancelled);
}

}  // namespace
