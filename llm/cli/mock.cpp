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
  weir mock --port 8080 --ttft 500 --token-interval 50 --tokens 200
  weir mock --tls
  weir mock --status 429 --faulty-calls 10

The first line on stdout is the base URL, for OPENAI_BASE_URL. A request may ask for a fault of its
own with the header x-mock-status or x-mock-fault. SIGINT and SIGTERM end the server.)";

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

Result<llm::mock::Script> make_script(const MockOptions& options) {
    llm::mock::Script script;
    script.time_to_first_token(std::chrono::milliseconds(options.first_ms))
        .token_interval(std::chrono::milliseconds(options.interval_ms))
        .tokens(options.tokens)
        .faulty_calls(options.faulty_calls);
    if (options.status != 0) script.status(options.status);
    if (!options.fault.empty()) {
        Result<void> known = script.fault(options.fault);
        if (!known) return std::move(known).error();
    }
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
        "mock", "A server of OpenAI's chat protocol that needs no model, for tests");
    command->footer(std::string(kHelp) + "\n" + kExitCodesHelp);
    command->add_option("--port", options->port, "Port on 127.0.0.1; 0 takes a free one")
        ->capture_default_str();
    const auto milliseconds = CLI::Range(0, 3'600'000);
    command->add_option("--ttft", options->first_ms, "Milliseconds to the first token")
        ->capture_default_str()
        ->check(milliseconds);
    command->add_option("--token-interval", options->interval_ms, "Milliseconds between tokens")
        ->capture_default_str()
        ->check(milliseconds);
    command->add_option("--tokens", options->tokens, "Tokens of an answer, unless asked for less")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    command->add_flag("--tls", options->uses_tls,
                      "Serve https, and print where the authority's certificate is");
    command->add_option("--status", options->status, "Answer every call with this error status")
        ->check(CLI::Range(400, 599));
    command->add_option("--fault", options->fault,
                        "Go wrong: silent, cut, close, no-done, no-finish-reason or error");
    command->add_option("--faulty-calls", options->faulty_calls,
                        "Only the first so many calls meet the status or the fault");
    command->add_flag("--quiet", options->is_quiet, "Say nothing at the end");
    command->callback([options, &exit_code] { exit_code = run_mock(*options); });
}

}  // namespace weir::cli
