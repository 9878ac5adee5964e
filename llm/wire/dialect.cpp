// SPDX-License-Identifier: MIT
#include <weir/llm/wire/dialect.h>

#include <algorithm>
#include <array>

namespace weir::llm {
namespace {

/// What servers that differ only in where they are have of their own.
struct Place {
    std::string_view name;
    std::string_view base_url;
    std::string_view key_variable;
    std::string_view url_variable;
    std::string_view host;  // the end of the host's name
};

constexpr std::array<Place, 13> kPlaces = {{
    {"openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL", "api.openai.com"},
    {"openai-responses", "https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL", ""},
    {"anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
     "api.anthropic.com"},
    {"azure", "", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", ".azure.com"},
    {"vllm", "http://127.0.0.1:8000/v1", "VLLM_API_KEY", "VLLM_BASE_URL", ""},
    {"sglang", "http://127.0.0.1:30000/v1", "SGLANG_API_KEY", "SGLANG_BASE_URL", ""},
    {"llama.cpp", "http://127.0.0.1:8080/v1", "LLAMA_API_KEY", "LLAMA_BASE_URL", ""},
    {"ollama", "http://127.0.0.1:11434/v1", "OLLAMA_API_KEY", "OLLAMA_BASE_URL", "ollama.com"},
    {"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL",
     "openrouter.ai"},
    {"groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", "GROQ_BASE_URL", "api.groq.com"},
    {"deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL",
     "api.deepseek.com"},
    {"mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", "MISTRAL_BASE_URL",
     "api.mistral.ai"},
    {"gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY",
     "GEMINI_BASE_URL", "generativelanguage.googleapis.com"},
}};

void put_at(Dialect& dialect, std::string_view name) {
    const auto* place = std::ranges::find(kPlaces, name, &Place::name);
    dialect.name = place->name;
    dialect.base_url = place->base_url;
    dialect.key_variable = place->key_variable;
    dialect.url_variable = place->url_variable;
}

struct Authority {
    std::string host;
    std::string_view port;
    std::string_view path;
};

/// Enough of a URL to guess by. Whether it is one at all the client finds out.
Authority authority_of(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
    Authority result;
    const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
    result.path = url.substr(end);
    std::string_view host = url.substr(0, end);
    if (const auto user = host.rfind('@'); user != host.npos) host.remove_prefix(user + 1);
    const auto colon = host.rfind(':');
    const auto bracket = host.rfind(']');
    const bool has_port =
        colon != host.npos && (bracket == std::string_view::npos || bracket < colon);
    if (has_port) {
        result.port = host.substr(colon + 1);
        host = host.substr(0, colon);
    }
    result.host = host;
    for (char& letter : result.host) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return result;
}

/// Whether `host` is `end` or lies below it: "evilopenrouter.ai" is not "openrouter.ai".
bool is_within(std::string_view host, std::string_view end) noexcept {
    if (end.empty() || !host.ends_with(end)) return false;
    return end.front() == '.' || host.size() == end.size() ||
           host[host.size() - end.size() - 1] == '.';
}

/// A model's name as one segment of a path (RFC 3986, 3.3).
std::string segment(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    static constexpr std::string_view kMarks = "-._~";
    std::string out;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        const bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                              (byte >= 'a' && byte <= 'z') ||
                              kMarks.find(character) != std::string_view::npos;
        if (is_plain) {
            out += character;
        } else {
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

std::string path_of(const Dialect& dialect, std::string_view model, std::string_view call) {
    std::string path(dialect.path_prefix);
    if (dialect.api_version.empty()) return path.append(call);
    if (!model.empty()) path.append("/deployments/").append(segment(model));
    return path.append(call).append("?api-version=").append(segment(dialect.api_version));
}

}  // namespace

Dialect Dialect::compatible() {
    Dialect dialect;
    dialect.name = "compatible";
    return dialect;
}

Dialect Dialect::openai() {
    Dialect dialect;
    put_at(dialect, "openai");
    dialect.token_limit = "max_completion_tokens";
    dialect.refuses_padding = true;
    dialect.knows_developer = true;
    return dialect;
}

Dialect Dialect::openai_responses() {
    Dialect dialect = openai();
    put_at(dialect, "openai-responses");
    dialect.protocol = Protocol::responses;
    dialect.token_limit = "max_output_tokens";
    return dialect;
}

Dialect Dialect::anthropic() {
    Dialect dialect;
    put_at(dialect, "anthropic");
    dialect.protocol = Protocol::messages;
    dialect.key_header = KeyHeader::x_api_key;
    dialect.path_prefix = "/v1";
    return dialect;
}

Dialect Dialect::azure(std::string version) {
    Dialect dialect;
    put_at(dialect, "azure");
    dialect.key_header = KeyHeader::api_key;
    dialect.path_prefix = version.empty() ? "/openai/v1" : "/openai";
    dialect.api_version = std::move(version);
    dialect.token_limit = "max_completion_tokens";
    dialect.knows_developer = true;
    return dialect;
}

Result<Dialect> Dialect::named(std::string_view name) {
    if (name == "openai") return openai();
    if (name == "openai-responses") return openai_responses();
    if (name == "anthropic") return anthropic();
    if (name == "azure") return azure();
    Dialect dialect = compatible();
    if (name == "compatible") return dialect;
    if (std::ranges::find(kPlaces, name, &Place::name) == kPlaces.end()) {
        std::string known;
        for (const std::string_view each : names())
            known.append(known.empty() ? "" : ", ").append(each);
        return Error(Errc::bad_argument,
                     "there is no dialect \"" + std::string(name) + "\"; there are: " + known);
    }
    put_at(dialect, name);
    if (name == "mistral") {
        dialect.seed = "random_seed";
        dialect.required = "any";
        dialect.asks_for_usage = false;
        dialect.has_short_ids = true;
    }
    dialect.takes_reasoning_details = name == "openrouter";
    if (name == "groq") dialect.token_limit = "max_completion_tokens";
    return dialect;
}

const std::vector<std::string_view>& Dialect::names() {
    static const std::vector<std::string_view> all = [] {
        std::vector<std::string_view> list;
        for (const Place& place : kPlaces)
            list.push_back(place.name);
        list.push_back("compatible");
        return list;
    }();
    return all;
}

Dialect Dialect::for_url(std::string_view url) {
    const Authority authority = authority_of(url);
    for (const Place& place : kPlaces) {
        if (!is_within(authority.host, place.host)) continue;
        Dialect dialect = *named(place.name);
        // A base URL that has the prefix in it already must not get it again.
        std::string_view path = authority.path;
        while (path.ends_with('/'))
            path.remove_suffix(1);
        if (path.ends_with(dialect.path_prefix)) dialect.path_prefix = "";
        return dialect;
    }
    return authority.port == "11434" ? *named("ollama") : compatible();
}

std::string chat_path(const Dialect& dialect, std::string_view model) {
    switch (dialect.protocol) {
        case Protocol::chat_completions:
            return path_of(dialect, model, "/chat/completions");
        case Protocol::messages:
            return path_of(dialect, model, "/messages");
        case Protocol::responses:
            return path_of(dialect, model, "/responses");
    }
    return "";
}

std::string embeddings_path(const Dialect& dialect, std::string_view model) {
    return path_of(dialect, model, "/embeddings");
}

std::string models_path(const Dialect& dialect) {
    return path_of(dialect, "", "/models");
}

std::vector<std::pair<std::string, std::string>> request_headers(const Dialect& dialect,
                                                                 std::string_view key) {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!key.empty()) {
        switch (dialect.key_header) {
            case KeyHeader::bearer:
                headers.emplace_back("authorization", "Bearer " + std::string(key));
                break;
            case KeyHeader::x_api_key:
                headers.emplace_back("x-api-key", key);
                break;
            case KeyHeader::api_key:
                headers.emplace_back("api-key", key);
                break;
        }
    }
    if (dialect.protocol == Protocol::messages) {
        headers.emplace_back("anthropic-version", "2023-06-01");
    }
    return headers;
}

}  // namespace weir::llm
