// SPDX-License-Identifier: MIT
#include "llm/cli/endpoint_options.h"

#include <weir/http/client.h>
#include <weir/http/proxy.h>
#include <weir/http/tls_context.h>
#include <weir/http/wire/error.h>
#include <weir/llm/wire/dialect.h>
#include <weir/llm/wire/error.h>

#include <CLI/CLI.hpp>

#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace weir::cli {
namespace {

std::string_view advice_for(const Error& error) {
    using http::HttpErrc;
    using llm::LlmErrc;
    if (error == LlmErrc::unauthorized) return "set OPENAI_API_KEY, or pass --api-key";
    if (error == LlmErrc::rate_limited) return "wait a little, then try again";
    if (error == LlmErrc::bad_request) return "check --model and the other options";
    if (error == Errc::name_not_found) return "check --base-url";
    if (error == Errc::timed_out) return "--timeout gives it more time";
    if (error == HttpErrc::tls_unknown_ca) {
        return "if this server has an authority of its own, pass its certificate with --ca-file";
    }
    if (error == std::errc::connection_refused) {
        return "is a server running there? --base-url says where to look, `weir mock` starts one";
    }
    return {};
}

std::vector<std::string> names_of_dialects() {
    std::vector<std::string> names;
    for (const std::string_view name : llm::Dialect::names())
        names.emplace_back(name);
    return names;
}

}  // namespace

void EndpointOptions::add_to(CLI::App& command) {
    command.add_option("--base-url", base_url_,
                       "Where the model is, with its path: http://127.0.0.1:8000/v1 "
                       "[OPENAI_BASE_URL]");
    command.add_option("--api-key", api_key_,
                       "Sent as a bearer token; better kept in the environment [OPENAI_API_KEY]");
    command
        .add_option("--dialect", dialect_,
                    "What the server speaks; otherwise its host decides. Also takes that vendor's "
                    "variables: ANTHROPIC_API_KEY")
        ->check(CLI::IsMember(names_of_dialects()));
    command.add_flag("--key-over-plain-http", key_over_plain_http_,
                     "Let the key go to another machine without TLS");
    command.add_option("--model", model_, "Which model to ask [OPENAI_MODEL]");
    command.add_option("--ca-file", ca_file_,
                       "PEM certificates to trust instead of the system's authorities");
    command
        .add_option("--timeout", timeout_seconds_, "Seconds that a call may take from end to end")
        ->capture_default_str()
        ->check(CLI::Range(0.001, 1e6));
}

Result<llm::ClientOptions> EndpointOptions::client_options() const {
    llm::ClientOptions options = llm::ClientOptions::from_environment();
    if (!dialect_.empty()) {
        Result<llm::Dialect> dialect = llm::Dialect::named(dialect_);
        if (!dialect) return std::move(dialect).error();
        options = llm::ClientOptions::from_environment(*dialect);
    }
    options.key_over_plain_http(key_over_plain_http_);
    if (!base_url_.empty()) options.base_url(base_url_);
    if (!api_key_.empty()) options.api_key(api_key_);
    if (!model_.empty()) options.model(model_);
    const std::chrono::duration<double> limit(timeout_seconds_);
    const auto call_limit = std::chrono::duration_cast<Duration>(limit);
    options.call_limit(call_limit);
    http::ClientOptions http;
    // A model may think for as long as the call may take.
    http.first_byte_limit(call_limit);
    Result<http::ProxySettings> proxies = http::ProxySettings::from_environment();
    if (!proxies) return std::move(proxies).error();
    http.proxies(*std::move(proxies));
    if (!ca_file_.empty()) {
        Result<http::TlsContext> trust =
            http::TlsContext::client(http::TlsClientOptions().ca_file(ca_file_));
        if (!trust) return std::move(trust).error();
        http.tls(*std::move(trust));
    }
    options.http(std::move(http));
    return options;
}

std::string explain(const Error& error) {
    std::string text = error.message();
    const std::string_view advice = advice_for(error);
    if (!advice.empty()) text.append("\n      ").append(advice);
    return text;
}

}  // namespace weir::cli
