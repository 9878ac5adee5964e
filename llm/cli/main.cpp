// SPDX-License-Identifier: MIT
//
// The `weir` program: one command a file, each of which adds itself here.
#include <CLI/CLI.hpp>

#include "llm/cli/batch.h"
#include "llm/cli/chat.h"
#include "llm/cli/demo.h"
#include "llm/cli/exit_code.h"
#include "llm/cli/mock.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "unknown"
#endif

int main(int argc, char** argv) {
    namespace cli = weir::cli;
    CLI::App app("LLM calls by the thousand, from one thread.", "weir");
    app.footer(std::string("`weir COMMAND --help` tells more. Try `weir demo` first.\n") +
               cli::kExitCodesHelp);
    app.set_version_flag("--version", std::string("weir ") + WEIR_VERSION);
    app.require_subcommand(1);
    int exit_code = cli::kExitOk;
    cli::add_demo_command(app, exit_code);
    cli::add_chat_command(app, exit_code);
    cli::add_batch_command(app, exit_code);
    cli::add_mock_command(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help and version come as errors with code 0.
        return app.exit(error) == 0 ? cli::kExitOk : cli::kExitUsage;
    }
    return exit_code;
}
