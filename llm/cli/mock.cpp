// SPDX-License-Identifier: MIT
#include "llm/cli/mock.h"

#include <weir/http/certificate.h>
#include <weir/http/tls_context.h>
#include <weir/llm/mock/server.h>
#include <weir/runtime/address.h>
#include <weir/runtime/task.h>

#include "llm/cli/exit_code.h"
#include "llm/cli/interrupt.h"
#include "llm/cli/machine.h"
#include "llm/cli/temporary_file.h"
#include "llm/cli/terminal.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

namespace weir::cli {
namespace {

constexpr const char* kHelp = R"(
Examples:
  weir mock
  weir mock --port 8080 --ttft 500ms --token-interval 50ms --tokens 200
  weir mock --ttft lognormal:200ms,0.5 --error-rate 0.05 --rpm 600 --tpm 40000
  weir mock --dialect ollama --fault stall:30s --fault no-done
  weir mock --status 429 --retry-after 2 --faulty-calls 10

The first line on stdout is the base URL, for OPENAI_BASE_URL; for ANTHROPIC_BASE_URL leave out the
/v1. A request may ask for a fault of its own with the header x-mock-status or x-mock-fault.
docs/mock.md tells all of it. SIGINT and SIGTERM end the server.)";

class Served {
public:
    std::uint64_t calls = 0;
    std::uint64_t tokens = 0;
};

/// Notes at the end of the server's life, however it comes, what it did.
class NoteAtEnd {
public:
    NoteAtEnd(const llm::mock::Server& server, Served& served) noexcept
        : server_(server), served_(served) {}
    NoteAtEnd(const NoteAtEnd&) = delete;
    NoteAtEnd& operator=(const NoteAtEnd&) = delete;
    ~NoteAtEnd() {
        served_.calls = server_.calls();
        served_.tokens = server_.tokens_sent();
    }

private:
    const llm::mock::Server& server_;
    Served& served_;
};

Result<void> add_faults(llm::mock::Script& script, const MockOptions& options) {
    script.faulty_calls(options.faulty_calls);
    if (options.status != 0) script.status(options.status);
    script.retry_after(options.retry_after);
    if (options.error_rate) script.error_rate(*options.error_rate, options.seed);
    for (const std::string& name : options.faults) {
        Result<void> known = script.fault(name);
        if (!known) return known;
    }
    return Result<void>();
}

Result<llm::mock::Script> make_script(const MockOptions& options) {
    llm::mock::Script script;
    Result<llm::mock::Pace> first = llm::mock::Pace::parse(options.first);
    if (!first) return std::move(first).error();
    Result<llm::mock::Pace> interval = llm::mock::Pace::parse(options.interval);
    if (!interval) return std::move(interval).error();
    script.time_to_first_token(*first)
        .token_interval(*interval)
        .seed(options.seed)
        .tokens(options.tokens)
        .reasoning(options.reasoning)
        .record(options.recorded)
        .limits(llm::mock::Limits()
                    .requests_per_minute(options.requests_per_minute)
                    .tokens_per_minute(options.tokens_per_minute)
                    .input_tokens_per_minute(options.input_per_minute)
                    .output_tokens_per_minute(options.output_per_minute));
    Result<void> added = add_faults(script, options);
    if (added && !options.dialect.empty()) added = script.dialect(options.dialect);
    if (!added) return std::move(added).error();
    return script;
}

// A certificate for this run alone; its authority goes to `ca_file`, which clients are told of.
Result<http::TlsContext> make_identity(std::optional<TemporaryFile>& ca_file) {
    Result<http::CertificateAuthority> authority =
        http::CertificateAuthority::create("weir mock server");
    if (!authority) return std::move(authority).error();
    Result<http::IssuedCertificate> certificate =
        authority->issue({"localhost", "127.0.0.1", "::1"});
    if (!certificate) return std::move(certificate).error();
    Result<TemporaryFile> file = TemporaryFile::make("weir-mock-ca", authority->certificate_pem());
    if (!file) return std::move(file).error();
    ca_file.emplace(*std::move(file));
    return http::TlsContext::server(certificate->certificate_pem(), certificate->private_key_pem());
}

Task<int> serve(std::uint16_t port, llm::mock::Script script, std::string ca_path, Served& served) {
    Result<llm::mock::Server> server =
        llm::mock::Server::listen(Endpoint::loopback(port), std::move(script));
    if (!server) {
        complain(server.error().message() + "; another --port may be free, 0 takes any");
        co_return kExitCannotStart;
    }
    const NoteAtEnd note(*server, served);
    std::printf("base url: %s\n", server->base_url().c_str());
    if (!ca_path.empty()) std::printf("ca file: %s\n", ca_path.c_str());
    std::fflush(stdout);
    Result<void> ended = co_await server->serve();
    if (!ended) complain(ended.error());
    co_return kExitFailed;
}

void add_pace_options(CLI::App& command, MockOptions& options) {
    command
        .add_option("--ttft", options.first,
                    "Time to the first token: 200ms, uniform:100ms,300ms, exponential:200ms or "
                    "lognormal:200ms,0.5")
        ->capture_default_str();
    command.add_option("--token-interval", options.interval, "Time between tokens, in those words")
        ->capture_default_str();
    command.add_option("--seed", options.seed, "What paces and errors are drawn from")
        ->capture_default_str();
    command.add_option("--tokens", options.tokens, "Tokens of an answer, unless asked for less")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    command.add_option("--reasoning", options.reasoning, "Tokens of reasoning before each answer")
        ->check(CLI::Range(0, 1'000'000));
    command.add_option("--dialect", options.dialect,
                       "Speak like one server: openai, azure, vllm, ollama, deepseek, ...");
}

void add_fault_options(CLI::App& command, MockOptions& options) {
    const auto count = CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000'000});
    command.add_option("--rpm", options.requests_per_minute, "Requests let through in a minute")
        ->check(count);
    command.add_option("--tpm", options.tokens_per_minute, "Tokens let through in a minute")
        ->check(count);
    command.add_option("--itpm", options.input_per_minute, "The same, of input alone")
        ->check(count);
    command.add_option("--otpm", options.output_per_minute, "The same, of output alone")
        ->check(count);
    command.add_option("--status", options.status, "Answer every call with this error status")
        ->check(CLI::Range(400, 599));
    command.add_option("--retry-after", options.retry_after, "Its Retry-After, in seconds");
    command
        .add_option("--fault", options.faults,
                    "Go wrong: silent, reset, cut[:TOKENS], close, error[:TOKENS], "
                    "stall[:SPAN], slow[:SPAN], malformed, comments, no-done, open, "
                    "no-finish-reason, error-200 or html. May be given several times")
        ->allow_extra_args(false);
    command
        .add_option("--error-rate", options.error_rate,
                    "The share of calls that meet the status or the faults; 500 without any")
        ->check(CLI::Range(0.0, 1.0));
    command.add_option("--faulty-calls", options.faulty_calls,
                       "Only the first so many calls meet the status or the faults");
    command
        .add_option("--record", options.recorded,
                    "Keep the last so many requests for GET /mock/requests")
        ->check(CLI::Range(0, 1'000'000));
}

}  // namespace

int run_mock(const MockOptions& options) {
    Result<llm::mock::Script> script = make_script(options);
    if (!script) return complain(script.error()), kExitUsage;
    std::optional<TemporaryFile> ca_file;
    if (options.uses_tls) {
        Result<http::TlsContext> identity = make_identity(ca_file);
        if (!identity) return complain(identity.error()), kExitCannotStart;
        script->tls(*std::move(identity));
    }
    raise_descriptor_limit();

    Served served;
    Result<std::optional<int>> code = run_until_signal(
        serve(options.port, *std::move(script), ca_file ? ca_file->path() : "", served));
    if (!code) return complain(code.error()), kExitCannotStart;
    if (*code) return **code;
    // A signal is how this command is meant to end.
    if (!options.is_quiet) {
        std::fprintf(stderr, "served %s calls, %s tokens\n",
                     grouped(static_cast<std::int64_t>(served.calls)).c_str(),
                     grouped(static_cast<std::int64_t>(served.tokens)).c_str());
    }
    return kExitOk;
}

void add_mock_command(CLI::App& app, int& exit_code) {
    const auto options = std::make_shared<MockOptions>();
    CLI::App* command = app.add_subcommand(
        "mock", "A server of OpenAI's and Anthropic's protocols that needs no model, for tests");
    command->footer(std::string(kHelp) + "\n" + kExitCodesHelp);
    command->add_option("--port", options->port, "Port on 127.0.0.1; 0 takes a free one")
        ->capture_default_str();
    add_pace_options(*command, *options);
    command->add_flag("--tls", options->uses_tls,
                      "Serve https, and print where the authority's certificate is");
    add_fault_options(*command, *options);
    command->add_flag("--quiet", options->is_quiet, "Say nothing at the end");
    command->callback([options, &exit_code] { exit_code = run_mock(*options); });
}

}  // namespace weir::cli
