// SPDX-License-Identifier: MIT
#include <weir/llm/client_options.h>

#include <cstdlib>
#include <string_view>

namespace weir::llm {

namespace {

/// Empty where it is not set.
std::string variable(std::string_view name) {
    const char* const text = std::getenv(std::string(name).c_str());
    return text == nullptr ? std::string() : std::string(text);
}

}  // namespace

ClientOptions ClientOptions::from_environment() {
    ClientOptions options;
    std::string url = variable("OPENAI_BASE_URL");
    if (!url.empty()) options.base_url_ = std::move(url);
    options.api_key(variable("OPENAI_API_KEY"));
    std::string model = variable("OPENAI_MODEL");
    if (!model.empty()) options.model_ = std::move(model);
    return options;
}

ClientOptions ClientOptions::from_environment(const Dialect& dialect) {
    ClientOptions options;
    options.dialect(dialect);
    options.base_url_ = variable(dialect.url_variable);
    if (options.base_url_.empty()) options.base_url_ = dialect.base_url;
    options.api_key(variable(dialect.key_variable));
    return options;
}

}  // namespace weir::llm
