// SPDX-License-Identifier: MIT
//
// Which protocol a server speaks and in which of its ways it differs from others, as data. Nothing
// here is I/O: the writers and the client look things up. docs/llm.md has the table.
#pragma once

#include <weir/runtime/base/result.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::llm {

/// What the body of a request looks like, and what comes back.
enum class Protocol {
    chat_completions,  ///< OpenAI's, which most servers speak
    messages,          ///< Anthropic's
    responses,         ///< OpenAI's newer one
};

/// How a request says who pays for it.
enum class KeyHeader {
    bearer,     ///< Authorization: Bearer KEY
    x_api_key,  ///< x-api-key: KEY, at Anthropic
    api_key,    ///< api-key: KEY, at Azure
};

/// A protocol with the ways of one kind of server. The members may be changed one by one for a
/// server that is like none of these. All views are of text that lives for ever.
class Dialect {
public:
    /// A server of which nothing is known: the least that servers have in common.
    static Dialect compatible();
    static Dialect openai();
    static Dialect openai_responses();
    static Dialect anthropic();
    /// With a version such as "2024-10-21" each model is a deployment with a path of its own; with
    /// none the paths are those of Azure's "v1".
    static Dialect azure(std::string api_version = "");

    /// By one of names(). Errc::bad_argument, which lists them, where there is none of that name.
    static Result<Dialect> named(std::string_view name);
    static const std::vector<std::string_view>& names();

    /// A guess by the host of a base URL, and Ollama by its port; compatible() where that says
    /// nothing.
    static Dialect for_url(std::string_view url);

    std::string_view name;
    Protocol protocol = Protocol::chat_completions;
    /// Where to send requests if nobody says so; empty: that must be said.
    std::string_view base_url;
    std::string_view key_variable = "OPENAI_API_KEY";   ///< of the environment
    std::string_view url_variable = "OPENAI_BASE_URL";  ///< of the environment
    KeyHeader key_header = KeyHeader::bearer;
    /// Between the base URL and the path: Anthropic's and Azure's base URLs are mere hosts.
    std::string_view path_prefix;
    /// Of Azure's older paths; else empty.
    std::string api_version;

    /// The member that limits the answer's tokens. OpenAI's reasoning models refuse "max_tokens";
    /// other servers may know nothing else.
    std::string_view token_limit = "max_tokens";
    std::string_view seed = "seed";          ///< "random_seed" at Mistral
    std::string_view required = "required";  ///< the word for a call that must be; Mistral: "any"
    bool asks_for_usage = true;              ///< streams must ask for it; Mistral refuses that
    bool refuses_padding = false;            ///< OpenAI pads chunks unless asked not to
    bool knows_developer = false;            ///< the role; elsewhere it is written as system
    bool has_short_ids = false;              ///< ids of calls are of 9 characters (Mistral)
    bool takes_reasoning_details = false;    ///< wants blocks of reasoning back (OpenRouter)

private:
    Dialect() = default;
};

/// What follows the base URL, with its "/" in front, for a call of this kind. `model` counts only
/// where it is part of the path.
std::string chat_path(const Dialect& dialect, std::string_view model);
std::string embeddings_path(const Dialect& dialect, std::string_view model);
std::string models_path(const Dialect& dialect);

/// The header fields that this dialect wants on each request: the key, unless it is empty, and
/// such as "anthropic-version".
std::vector<std::pair<std::string, std::string>> request_headers(const Dialect& dialect,
                                                                 std::string_view key);

}  // namespace weir::llm
