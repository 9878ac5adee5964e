// SPDX-License-Identifier: MIT
//
// `.env` files: read where a program asks for it, never by themselves, and never put into the
// process's environment. settle_variables() joins one with the environment, which wins, and lets no
// file send a key of the environment to an address of its own.
#pragma once

#include <weir/runtime/base/result.h>
#include <weir/runtime/task.h>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// One assignment of a `.env` file.
class DotenvEntry {
public:
    DotenvEntry(std::string entry_name, std::string entry_value, std::size_t entry_line)
        : name(std::move(entry_name)), value(std::move(entry_value)), line(entry_line) {}

    std::string name;
    std::string value;
    std::size_t line;  ///< where it begins, from 1
};

/// Reads `NAME=value` lines, in order. Comments begin with `#`, in a line of their own or after a
/// blank; `export` before a name is allowed. 'Single quotes' take all as it is; in "double quotes"
/// `\n`, `\r`, `\t`, `\"`, `\\` and `\$` are escapes and all other backslashes stand for
/// themselves. Quoted values may have several lines. Nothing is expanded: `$` is a dollar. A byte
/// order mark and CRLF are fine. Errc::bad_argument begins with `source` and the line, and shows
/// no value.
Result<std::vector<DotenvEntry>> parse_dotenv(std::string_view text,
                                              std::string_view source = ".env");

/// Reads and parses a file of at most 1 MiB. A file that is not there is an error.
Task<Result<std::vector<DotenvEntry>>> read_dotenv(std::string path);

/// The value of a variable of the environment, if it is set.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// As getenv() sees it. No other thread may change the environment meanwhile.
std::optional<std::string> process_environment(std::string_view name);

/// Variables from the environment and from a `.env` file, as settle_variables() joins them.
class SettledVariables {
public:
    /// From the environment; from the file where it is not set there, or empty.
    std::optional<std::string> find(std::string_view name) const;

private:
    friend Result<SettledVariables> settle_variables(EnvironmentLookup,
                                                     const std::vector<DotenvEntry>&,
                                                     std::string_view);
    explicit SettledVariables(EnvironmentLookup environment)
        : environment_(std::move(environment)) {}

    EnvironmentLookup environment_;
    std::map<std::string, std::string, std::less<>> entries_;
};

/// Joins the two; of entries with one name the last counts. A file from somebody's folder must not
/// redirect a key that it did not bring: where the environment has OPENAI_API_KEY but no
/// OPENAI_BASE_URL, an OPENAI_BASE_URL in the file is Errc::bad_argument with its line and what to
/// do. The same holds for the keys and addresses of Anthropic and of Azure OpenAI.
Result<SettledVariables> settle_variables(EnvironmentLookup environment,
                                          const std::vector<DotenvEntry>& entries,
                                          std::string_view source = ".env");

}  // namespace weir::llm
