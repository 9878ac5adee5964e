// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <weir/llm/client.h>
#include <weir/llm/mock/server.h>
#include <weir/llm/wire/json.h>
#include <weir/runtime/run.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>
#include <weir/runtime/timeout.h>

#include "llm/cli/demo_streams.h"
#include "tests/cli/program.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using cli::StreamPlan;
using cli::StreamTally;
using llm::mock::Script;

namespace {

StreamPlan small_plan() {
    StreamPlan plan;
    plan.calls = 200;
    plan.ramp = 100ms;
    plan.first_token = 200ms;
    plan.interval = 10ms;
    plan.tokens = 5;
    return plan;
}

Script script_of(const StreamPlan& plan) {
    return Script()
        .time_to_first_token(plan.first_token)
        .token_interval(plan.interval)
        .tokens(plan.tokens);
}

using Run = std::function<Task<void>(llm::Client&)>;

/// Runs `work` against a mock server in the simulator, and sees that it leaves nothing.
void simulate(const Script& script, const Run& work) {
    run_simulated([](const Script& wanted, const Run& run) -> Task<void> {
        llm::mock::Server server = llm::mock::Server::listen(Endpoint::loopback(0), wanted).value();
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(server.serve());
            {
                // Calls that fail are to be counted, not to be saved.
                llm::ClientOptions options;
                options.base_url(server.base_url()).retry(RetryPolicy().attempts_max(1));
                llm::Client client = llm::Client::make(std::move(options)).value();
                co_await run(client);
            }
            group.cancel();
        });
        co_await sleep_for(1s);
        EXPECT_EQ(Reactor::current().timers_armed(), 0u);
        EXPECT_EQ(Reactor::current().slots_open(), 1u);  // the listener
    }(script, work));
}

StreamTally run_plan(const StreamPlan& plan, const Script& script) {
    StreamTally tally;
    simulate(script, [&](llm::Client& client) -> Task<void> {
        co_await cli::run_streams(client, plan, tally);
    });
    return tally;
}

std::string member(std::string_view object, std::string_view name) {
    Result<std::vector<llm::JsonMember>> members = llm::read_json_object(object);
    const llm::JsonMember* found = members ? llm::find_member(*members, name) : nullptr;
    return found == nullptr ? "" : std::string(found->raw);
}

double number(std::string_view object, std::string_view name) {
    return std::strtod(member(object, name).c_str(), nullptr);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

TEST(DemoStreams, AllAreInFlightAtOnceAndRight) {
    const StreamPlan plan = small_plan();
    const StreamTally tally = run_plan(plan, script_of(plan));
    EXPECT_EQ(tally.in_flight_peak, 200);
    EXPECT_EQ(tally.in_flight, 0);
    EXPECT_EQ(tally.succeeded, 200);
    EXPECT_EQ(tally.failed, 0);
    EXPECT_EQ(tally.tokens, 1000);
    EXPECT_EQ(tally.first_tokens.size(), 200u);
    EXPECT_GE(cli::quantile(tally.first_tokens, 0), 200ms);
    EXPECT_LE(cli::quantile(tally.first_tokens, 1), 210ms);
    EXPECT_GE(tally.elapsed, 330ms);
    EXPECT_LE(tally.elapsed, 360ms);
}

TEST(DemoStreams, WrongTextIsAFailure) {
    const StreamPlan plan = small_plan();
    const StreamTally tally = run_plan(plan, script_of(plan).tokens(4));
    EXPECT_EQ(tally.failed, 200);
    EXPECT_EQ(tally.wrong_texts, 200);
    StreamPlan unchecked = plan;
    unchecked.checks_text = false;
    EXPECT_EQ(run_plan(unchecked, script_of(plan).tokens(4)).succeeded, 200);
}

TEST(DemoStreams, FailedCallsAreCountedAndTheFirstErrorIsKept) {
    const StreamPlan plan = small_plan();
    const StreamTally tally = run_plan(plan, script_of(plan).status(503).faulty_calls(50));
    EXPECT_EQ(tally.failed, 50);
    EXPECT_EQ(tally.succeeded, 150);
    EXPECT_EQ(tally.wrong_texts, 0);
    ASSERT_TRUE(tally.first_error);
    EXPECT_TRUE(*tally.first_error == llm::LlmErrc::overloaded);
}

TEST(DemoStreams, CancelledOnesLeaveNothing) {
    const StreamPlan plan = small_plan();
    StreamTally tally;
    simulate(script_of(plan), [&](llm::Client& client) -> Task<void> {
        Result<void> ended = co_await timeout(205ms, cli::run_streams(client, plan, tally));
        EXPECT_FALSE(ended);
    });
    EXPECT_EQ(tally.begun, 200);
    EXPECT_EQ(tally.in_flight, 0);
    EXPECT_EQ(tally.succeeded, 0);
}

TEST(DemoStreams, QuantileIsAMeasuredValue) {
    EXPECT_EQ(cli::quantile({}, 0.5), 0ms);
    EXPECT_EQ(cli::quantile({7ms}, 0.99), 7ms);
    EXPECT_EQ(cli::quantile({4ms, 1ms, 3ms, 2ms}, 0.5), 2ms);
    EXPECT_EQ(cli::quantile({4ms, 1ms, 3ms, 2ms}, 0.99), 4ms);
    EXPECT_EQ(cli::quantile({4ms, 1ms, 3ms, 2ms}, 0), 1ms);
}

TEST(DemoCommand, QuickRunIsRightAndItsNumbersAreSane) {
    const std::string path = ::testing::TempDir() + "weir-demo-test.json";
    const Ended ended = run_program({"demo", "--quick", "--calls", "300", "--json", path});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_TRUE(ended.out_has("in flight at once")) << ended.out;
    EXPECT_TRUE(has_no_children());

    const std::string json = read_file(path);
    ::unlink(path.c_str());
    const std::string batch = member(json, "batch");
    EXPECT_GE(number(batch, "calls"), 1);
    EXPECT_EQ(member(batch, "failures"), "0");
    EXPECT_LT(number(batch, "wall_s"), number(batch, "sequential_s"));
    const std::string streams = member(json, "streams");
    EXPECT_EQ(number(streams, "calls"), 300);
    EXPECT_EQ(member(streams, "failures"), "0");
    EXPECT_EQ(number(streams, "tokens"), 3000);
    EXPECT_LE(number(streams, "in_flight_peak"), 300);
    EXPECT_GE(number(streams, "wall_s"), 0.58);
    EXPECT_NEAR(number(streams, "sequential_s"), 300 * 0.58, 1e-6);
    EXPECT_GT(number(streams, "cpu_s"), 0);
    EXPECT_GT(number(streams, "resident_peak_bytes"), 0);
}

TEST(DemoCommand, RunsAgainstAnotherServerWithoutKnowingItsTexts) {
    MockProgram mock({"--ttft", "10", "--token-interval", "1", "--tokens", "3"});
    const Ended ended =
        run_program({"demo", "--quick", "--calls", "20", "--base-url", mock.base_url()});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_FALSE(ended.out_has("batch")) << ended.out;
}

TEST(DemoCommand, FailedCallsGiveOne) {
    MockProgram mock({"--status", "500"});
    const Ended ended =
        run_program({"demo", "--quick", "--calls", "20", "--base-url", mock.base_url()});
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.out_has("500")) << ended.out;
}

TEST(DemoCommand, MakesDoWithFewDescriptorsAndSaysSo) {
    Program shell("/bin/sh", {"-c", "ulimit -n 250; exec \"$0\" demo --quick", WEIR_PROGRAM}, {});
    const Ended ended = shell.wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_TRUE(ended.err_has("150 calls instead of 500")) << ended.err;
}

TEST(DemoCommand, SigintEndsItAndItsServer) {
    Program demo({"demo", "--calls", "100"});
    for (std::string line = "."; line.find("streams at once") == std::string::npos;) {
        line = demo.next_line();
    }
    const auto told = std::chrono::steady_clock::now();
    demo.send(SIGINT);
    const Ended ended = demo.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - told, 5s);
    EXPECT_EQ(ended.code, 130);
    EXPECT_TRUE(ended.err_has("interrupted")) << ended.err;
    EXPECT_TRUE(has_no_children());
}

TEST(DemoCommand, JsonFileThatCannotBeWrittenGivesTwo) {
    MockProgram mock({"--ttft", "0", "--token-interval", "0", "--tokens", "2"});
    const Ended ended = run_program({"demo", "--quick", "--calls", "2", "--base-url",
                                     mock.base_url(), "--json", "/no/such/folder/x.json"});
    EXPECT_EQ(ended.code, 2);
    EXPECT_TRUE(ended.err_has("/no/such/folder/x.json")) << ended.err;
}
