// SPDX-License-Identifier: MIT
#include "llm/cli/chat.h"

#include <weir/llm/client.h>
#include <weir/runtime/task.h>

#include "llm/cli/exit_code.h"
#include "llm/cli/interrupt.h"
#include "llm/cli/terminal.h"

#include <CLI/CLI.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::cli {
namespace {

constexpr const char* kHelp = R"(
Examples:
  weir chat "Why is the sky blue?"
  weir chat --base-url http://127.0.0.1:8000/v1 --model llama "Tell me a story"
  git diff | weir chat --system "Review this change." -
)";

/// Standard output as the answer comes in, and a last newline if it did not end with one.
class Output {
public:
    Output() = default;
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    ~Output() {
        if (last_ != '\n') write("\n");
    }

    void write(std::string_view text) {
        if (text.empty()) return;
        last_ = text.back();
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }

private:
    char last_ = '\n';
};

int fail(const Error& error) {
    complain(explain(error));
    return kExitFailed;
}

Task<int> print_answer(llm::Client& client, llm::Chat chat) {
    Result<llm::ChatStream> stream = co_await client.stream(chat);
    if (!stream) co_return fail(stream.error());
    std::optional<Output> output(std::in_place);
    llm::FinishReason finish = llm::FinishReason::none;
    for (;;) {
        Result<std::optional<llm::Delta>> delta = co_await stream->next();
        if (!delta) {
            output.reset();  // the line's end comes before the complaint
            co_return fail(delta.error());
        }
        if (!*delta) break;
        output->write((*delta)->text);
        output->write((*delta)->refusal);
        if ((*delta)->finish_reason) finish = (*delta)->finish();
    }
    output.reset();
    if (finish == llm::FinishReason::length) {
        complain("the answer was cut off at its token limit; --max-tokens sets another");
    }
    if (finish == llm::FinishReason::content_filter) {
        complain("the answer was cut off by the server's content filter");
    }
    co_return kExitOk;
}

Task<int> chat(llm::ClientOptions options, std::string prompt, const ChatOptions& wanted) {
    Result<llm::Client> client = llm::Client::make(std::move(options));
    if (!client) {
        complain(client.error());
        co_return kExitUsage;
    }
    llm::Chat request(client->model());
    if (!wanted.system.empty()) request.system(wanted.system);
    request.user(std::move(prompt));
    if (wanted.max_tokens > 0) request.max_tokens(wanted.max_tokens);
    co_return co_await print_answer(*client, std::move(request));
}

std::string read_all(std::FILE* file) {
    std::string text;
    std::array<char, 4096> piece;
    while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file)) {
        text.append(piece.data(), size);
    }
    return text;
}

}  // namespace

int run_chat(const ChatOptions& options) {
    Result<llm::ClientOptions> client = options.endpoint.client_options();
    if (!client) return complain(client.error()), kExitUsage;
    std::string prompt = options.prompt == "-" ? read_all(stdin) : options.prompt;
    if (prompt.empty()) return complain("the prompt is empty: say what to ask"), kExitUsage;
    return run_command(chat(*std::move(client), std::move(prompt), options));
}

void add_chat_command(CLI::App& app, int& exit_code) {
    const auto options = std::make_shared<ChatOptions>();
    CLI::App* command =
        app.add_subcommand("chat", "Ask a model one thing; the answer is shown as it comes");
    command->footer(std::string(kHelp) + "\n" + kExitCodesHelp);
    command->add_option("prompt", options->prompt, "What to ask; - reads it from stdin")
        ->required();
    command->add_option("--system", options->system, "Instructions that come before the prompt");
    command->add_option("--max-tokens", options->max_tokens, "The most tokens of the answer")
        ->check(CLI::Range(1, 10'000'000));
    options->endpoint.add_to(*command);
    command->callback([options, &exit_code] { exit_code = run_chat(*options); });
}

}  // namespace weir::cli
