// SPDX-License-Identifier: MIT
#include "llm/cli/batch.h"

#include <weir/llm/batch/files.h>
#include <weir/llm/batch/reader.h>
#include <weir/llm/batch/runner.h>
#include <weir/llm/batch/runner_files.h>
#include <weir/llm/client.h>
#include <weir/runtime/task_group.h>

#include "llm/cli/endpoint_options.h"
#include "llm/cli/exit_code.h"
#include "llm/cli/interrupt.h"
#include "llm/cli/progress.h"
#include "llm/cli/terminal.h"

#include <CLI/CLI.hpp>

#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::cli {
namespace {

constexpr const char* kHelp = R"(
Examples:
  weir batch in.jsonl -o out.jsonl --concurrency 200
  weir batch --files 'notes/*.txt' --prompt 'Summarise: {{text}}' -o out.jsonl

Lines are answered in no order: find an answer by its custom_id. Lines that are no request, and
calls that failed, go to the error file; the rest runs. Nothing is overwritten.)";

constexpr std::size_t kConcurrencyMax = 100'000;
/// Descriptors besides those of the calls: files, the loop's own, name look-ups.
constexpr rlim_t kDescriptorsBesides = 64;

/// What the command line says.
struct Settings {
    EndpointOptions endpoint;
    std::string input;
    std::string files;
    std::string prompt;
    std::string output;
    std::string errors;
    std::size_t concurrency = 64;
    bool is_json = false;
};

Result<std::unique_ptr<llm::RequestSource>> open_source(const Settings& settings,
                                                        const std::string& model) {
    if (settings.files.empty()) {
        auto lines = llm::JsonlSource::open(settings.input);
        if (!lines) return lines.error();
        return *std::move(lines);
    }
    auto files = llm::FilesSource::make(settings.files, settings.prompt, model);
    if (!files) return files.error();
    return *std::move(files);
}

/// Each call takes a descriptor. The usual soft limit of 1,024 may be raised by anyone.
Result<void> allow_descriptors(std::size_t calls) {
    struct rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
    const rlim_t needed = calls + kDescriptorsBesides;
    if (limit.rlim_cur >= needed) return {};
    if (limit.rlim_max < needed) {
        return Error(Errc::limit_reached,
                     "this process may open " + std::to_string(limit.rlim_max) +
                         " descriptors (ulimit -Hn), too few for --concurrency " +
                         std::to_string(calls) + ": ask for less, or raise the limit");
    }
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
    return Error(Errc::limit_reached, "the limit on open descriptors could not be raised");
}

/// The parts of a batch. They outlive the loop, so that an interrupted batch can still be told of.
class Job {
public:
    static Result<Job> make(const Settings& settings, const std::string& model) {
        Result<void> allowed = allow_descriptors(settings.concurrency);
        if (!allowed) return allowed.error();
        auto source = open_source(settings, model);
        if (!source) return source.error();
        // The last step: an output file is only made when all else is ready.
        const std::string errors =
            settings.errors.empty() ? llm::default_error_path(settings.output) : settings.errors;
        auto files = llm::BatchFiles::create(settings.output, errors);
        if (!files) return files.error();
        return Job(*std::move(source), *std::move(files), errors);
    }

    Task<int> run(llm::Client client, llm::BatchOptions options) {
        Result<void> result;
        co_await with_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(show_progress(summary));
            result = co_await llm::run_batch(client, *source, *files, options, summary);
            group.cancel();
        });
        if (!result) failure = result.error();
        co_return result ? kExitOk : kExitUsage;
    }

    std::unique_ptr<llm::RequestSource> source;
    std::unique_ptr<llm::BatchFiles> files;
    std::string error_path;
    llm::BatchSummary summary;
    std::optional<Error> failure;

private:
    Job(std::unique_ptr<llm::RequestSource> requests, std::unique_ptr<llm::BatchFiles> sink,
        std::string errors)
        : source(std::move(requests)), files(std::move(sink)), error_path(std::move(errors)) {}
};

void tell(const Job& job, const Settings& settings, Duration elapsed, bool is_interrupted) {
    BatchReport report(job.summary, elapsed);
    report.output_path = settings.output;
    if (job.files->has_errors()) report.error_path = job.error_path;
    if (job.failure) report.failure = job.failure->message();
    report.is_interrupted = is_interrupted;
    std::fputs(summary_text(report).c_str(), stderr);
    if (settings.is_json) std::puts(summary_json(report).c_str());
}

int run_batch_command(const Settings& settings) {
    Result<llm::ClientOptions> options = settings.endpoint.client_options();
    if (!options) return complain(options.error()), kExitUsage;
    Result<llm::Client> client = llm::Client::make(*std::move(options));
    if (!client) return complain(client.error()), kExitUsage;
    Result<Job> job = Job::make(settings, client->model());
    if (!job) return complain(job.error()), kExitUsage;

    // A limit on the size of files is to be an error of the write, like a full disk.
    std::signal(SIGXFSZ, SIG_IGN);
    const auto begin = std::chrono::steady_clock::now();
    const Result<std::optional<int>> code = run_until_signal(
        job->run(*std::move(client), llm::BatchOptions().concurrency(settings.concurrency)));
    const Duration elapsed = std::chrono::steady_clock::now() - begin;
    if (!code) return complain(code.error()), kExitCannotStart;

    Result<void> closed = job->files->close();
    if (!closed && !job->failure) job->failure = closed.error();
    const bool is_interrupted = !code->has_value();
    tell(*job, settings, elapsed, is_interrupted);
    if (is_interrupted) return kExitInterrupted;
    if (job->failure) return kExitUsage;
    return job->summary.failed + job->summary.refused > 0 ? kExitFailed : kExitOk;
}

void add_options(CLI::App& command, Settings& settings) {
    CLI::Option* const input = command.add_option(
        "input", settings.input, "Requests as OpenAI's Batch API has them, one a line; - is stdin");
    CLI::Option* const files = command.add_option(
        "--files", settings.files, "A pattern, in quotes: ask about each file that it names");
    CLI::Option* const prompt = command.add_option(
        "--prompt", settings.prompt, "What to ask; {{text}} is the file's text, {{file}} its name");
    files->excludes(input)->needs(prompt);
    prompt->needs(files);
    command.add_option("-o,--output", settings.output, "The answers; must not exist yet")
        ->required();
    command.add_option("--errors", settings.errors,
                       "What failed; must not exist yet [OUT.errors.jsonl for OUT.jsonl]");
    command.add_option("-c,--concurrency", settings.concurrency, "Calls under way at once")
        ->check(CLI::Range(std::size_t{1}, kConcurrencyMax))
        ->capture_default_str();
    command.add_flag("--json", settings.is_json, "Print the summary as JSON on stdout");
    settings.endpoint.add_to(command);
}

}  // namespace

void add_batch_command(CLI::App& app, int& exit_code) {
    CLI::App* const command = app.add_subcommand(
        "batch", "Send a file of requests; each answer is written the moment it comes");
    command->footer(std::string(kHelp) + "\n" + kExitCodesHelp);
    const auto settings = std::make_shared<Settings>();
    add_options(*command, *settings);
    command->callback([settings, &exit_code] {
        if (settings->input.empty() && settings->files.empty()) {
            complain("batch needs requests: name a file of them, - for stdin, or use --files");
            exit_code = kExitUsage;
            return;
        }
        exit_code = run_batch_command(*settings);
    });
}

}  // namespace weir::cli
