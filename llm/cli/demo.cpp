// SPDX-License-Identifier: MIT
#include "llm/cli/demo.h"

#include <weir/http/client.h>
#include <weir/http/tls_context.h>
#include <weir/llm/client.h>
#include <weir/runtime/backend.h>
#include <weir/runtime/reactor.h>
#include <weir/runtime/sleep.h>
#include <weir/runtime/task_group.h>

#include "llm/cli/demo_batch.h"
#include "llm/cli/demo_report.h"
#include "llm/cli/demo_streams.h"
#include "llm/cli/exit_code.h"
#include "llm/cli/interrupt.h"
#include "llm/cli/machine.h"
#include "llm/cli/mock_process.h"
#include "llm/cli/terminal.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

using std::chrono::milliseconds;

constexpr const char* kHelp = R"(
Without options it needs neither key nor network: the model is a mock server on this machine, whose
texts are known, so that every answer is checked.

Examples:
  weir demo
  weir demo --quick --json demo.json
  weir demo --calls 200 --base-url http://127.0.0.1:8000/v1 --model llama
)";

constexpr std::size_t kSpareDescriptors = 100;
constexpr std::size_t kBatchConcurrency = 64;
constexpr Duration kBatchFirstToken = milliseconds(200);
constexpr Duration kBatchInterval = milliseconds(10);
constexpr int kBatchTokens = 40;

StreamPlan plan_for(const DemoOptions& options) {
    StreamPlan plan;
    if (options.is_quick) {
        plan.calls = 500;
        plan.ramp = milliseconds(200);
        plan.first_token = milliseconds(400);
        plan.interval = milliseconds(20);
        plan.tokens = 10;
    }
    if (options.calls > 0) plan.calls = options.calls;
    plan.checks_text = !options.endpoint.has_base_url();
    // Each call has a connection of its own, here and in the server.
    const std::size_t limit = raise_descriptor_limit();
    const auto most = static_cast<int>(
        std::min<std::size_t>(limit > kSpareDescriptors ? limit - kSpareDescriptors : 1, 1 << 30));
    if (plan.calls > most) {
        complain("this process may open " + grouped(static_cast<std::int64_t>(limit)) +
                 " descriptors only, so there will be " + grouped(most) + " calls instead of " +
                 grouped(plan.calls) + "; `ulimit -Hn` shows the limit");
        plan.calls = most;
    }
    return plan;
}

std::vector<std::string> mock_options(Duration first, Duration interval, int tokens) {
    const auto count = [](Duration span) {
        return std::to_string(std::chrono::duration_cast<milliseconds>(span).count());
    };
    return {"--ttft",        count(first), "--token-interval",
            count(interval), "--tokens",   std::to_string(tokens)};
}

void say(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

Task<void> watch_batch(const BatchTally& tally) {
    ProgressLine line;
    for (;;) {
        line.show("  " + grouped(static_cast<std::int64_t>(tally.summary.done())) + " of " +
                  grouped(static_cast<std::int64_t>(tally.pieces)) + " requests done");
        co_await sleep_for(milliseconds(200));
    }
}

Task<void> watch_streams(DemoReport& report) {
    ProgressLine line;
    const StreamTally& tally = report.streams;
    for (;;) {
        report.resident_peak = std::max(report.resident_peak, resident_bytes());
        line.show("  " + grouped(tally.in_flight) + " in flight, " + grouped(tally.succeeded) +
                  " done, " + grouped(tally.failed) + " failed, " + grouped(tally.tokens) +
                  " tokens");
        co_await sleep_for(milliseconds(100));
    }
}

/// The batch, over TLS.
Task<Result<void>> show_batch(const DemoOptions& options, DemoReport& report) {
    std::vector<std::string> words = mock_options(kBatchFirstToken, kBatchInterval, kBatchTokens);
    words.push_back("--tls");
    Result<MockProcess> mock = MockProcess::start(words);
    if (!mock) co_return std::move(mock).error();
    Result<http::TlsContext> trust =
        http::TlsContext::client(http::TlsClientOptions().ca_file(mock->ca_file()));
    if (!trust) co_return std::move(trust).error();
    http::ClientOptions http;
    http.tls(*std::move(trust));
    llm::ClientOptions client_options;
    client_options.base_url(mock->base_url()).model("mock").http(std::move(http));
    Result<llm::Client> client = llm::Client::make(std::move(client_options));
    if (!client) co_return std::move(client).error();

    const std::vector<TextPiece> pieces = collect_texts(options.is_quick ? 40 : 400);
    say("A batch of summaries, " + grouped(kBatchConcurrency) + " at a time, over TLS:\n");
    report.batch_scripted = kBatchFirstToken + kBatchInterval * (kBatchTokens - 1);
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(watch_batch(report.batch));
        co_await run_summaries(*client, pieces, kBatchConcurrency, kBatchTokens, report.batch);
        group.cancel();
    });
    report.has_batch = true;
    say(batch_table(report) + "\n");
    co_return Result<void>();
}

/// The streams, against `options`.
Task<Result<void>> show_streams(llm::ClientOptions options, DemoReport& report) {
    report.base_url = options.base_url();
    Result<llm::Client> client = llm::Client::make(std::move(options));
    if (!client) co_return std::move(client).error();
    say(grouped(report.plan.calls) + " streams at once, from one thread:\n");
    give_back_free_memory();  // what the batch used must not hide what the streams use
    report.resident_before = resident_bytes();
    const double cpu_before = cpu_seconds();
    co_await with_group([&](TaskGroup& group) -> Task<void> {
        group.spawn(watch_streams(report));
        co_await run_streams(*client, report.plan, report.streams);
        group.cancel();
    });
    report.cpu_seconds = cpu_seconds() - cpu_before;
    report.has_streams = true;
    say(streams_table(report));
    co_return Result<void>();
}

Task<Result<void>> show_own(const DemoOptions& options, DemoReport& report) {
    Result<void> shown = co_await show_batch(options, report);
    if (!shown) co_return shown;
    const StreamPlan& plan = report.plan;
    Result<MockProcess> mock =
        MockProcess::start(mock_options(plan.first_token, plan.interval, plan.tokens));
    if (!mock) co_return std::move(mock).error();
    llm::ClientOptions client_options;
    client_options.base_url(mock->base_url()).model("mock");
    co_return co_await show_streams(std::move(client_options), report);
}

Task<int> demo(const DemoOptions& options, llm::ClientOptions endpoint, DemoReport& report) {
    report.backend = to_string(Reactor::current().backend_kind());
    Result<void> shown;
    if (options.endpoint.has_base_url()) {
        shown = co_await show_streams(std::move(endpoint), report);
    } else {
        shown = co_await show_own(options, report);
    }
    if (!shown) {
        complain(shown.error());
        co_return kExitCannotStart;
    }
    co_return report.is_right() ? kExitOk : kExitFailed;
}

bool write_json(const std::string& path, const DemoReport& report) {
    std::FILE* file = std::fopen(path.c_str(), "we");
    const std::string text = demo_json(report);
    bool is_written = file != nullptr && std::fputs(text.c_str(), file) >= 0;
    if (file != nullptr) is_written = std::fclose(file) == 0 && is_written;
    if (!is_written) complain("cannot write " + path + ": is there such a folder, and room in it?");
    return is_written;
}

}  // namespace

int run_demo(const DemoOptions& options) {
    Result<llm::ClientOptions> endpoint = options.endpoint.client_options();
    if (!endpoint) return complain(endpoint.error()), kExitUsage;
    DemoReport report;
    report.plan = plan_for(options);
    const int code = run_command(demo(options, *std::move(endpoint), report));
    if (code == kExitInterrupted) complain(interrupted_text(report));
    if (!options.json_file.empty() && !write_json(options.json_file, report)) return kExitUsage;
    return code;
}

void add_demo_command(CLI::App& app, int& exit_code) {
    const auto options = std::make_shared<DemoOptions>();
    CLI::App* command = app.add_subcommand(
        "demo", "A batch over TLS and ten thousand streams at once, on this machine alone");
    command->footer(std::string(kHelp) + "\n" + kExitCodesHelp);
    command->add_option("--calls", options->calls, "How many streams; 10,000 unless said otherwise")
        ->check(CLI::Range(1, 1'000'000));
    command->add_flag("--quick", options->is_quick, "500 short streams and a small batch");
    command->add_option("--json", options->json_file, "Write the numbers to this file too");
    options->endpoint.add_to(*command);
    command->callback([options, &exit_code] { exit_code = run_demo(*options); });
}

}  // namespace weir::cli
