// SPDX-License-Identifier: MIT
#include <weir/llm/client_options.h>

#include <cstdlib>

namespace weir::llm {

ClientOptions ClientOptions::from_environment() {
    ClientOptions options;
    const auto read = [](const char* name, std::string& value) {
        const char* const text = std::getenv(name);
        if (text != nullptr && *text != '\0') value = text;
    };
    read("OPENAI_BASE_URL", options.base_url_);
    read("OPENAI_API_KEY", options.api_key_);
    read("OPENAI_MODEL", options.model_);
    return options;
}

}  // namespace weir::llm
