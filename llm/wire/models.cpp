// SPDX-License-Identifier: MIT
#include <weir/llm/wire/models.h>

#include <weir/llm/wire/json.h>

#include "llm/wire/json_reader.h"
#include "llm/wire/json_slices.h"

#include <utility>

namespace weir::llm {
namespace {

std::optional<std::int64_t> context_of(const JsonSlices& entry) {
    // vLLM, OpenRouter, Groq, Mistral and Anthropic, each in its own word.
    for (const std::string_view name : {"max_model_len", "context_length", "context_window",
                                        "max_context_length", "max_input_tokens"}) {
        if (const auto tokens = entry.integer(name)) return tokens;
    }
    return entry.object("meta").integer("n_ctx_train");  // llama.cpp
}

}  // namespace

Result<std::vector<ModelEntry>> decode_models_answer(std::string_view body) {
    const std::string_view text = trim_json(body);
    std::string repaired;
    std::vector<std::string_view> list;
    if (text.starts_with('[') && !text.starts_with("[{\"error\"") && is_json(text)) {
        list = json_elements_of(text);
    } else {
        const auto root = JsonSlices::read(text, repaired);
        if (!root || tells_error(*root)) return bad_answer(body, "a list of models");
        const std::string_view name = root->raw("data").starts_with('[') ? "data" : "models";
        if (!root->raw(name).starts_with('[')) return bad_answer(body, "a list of models");
        list = root->array(name);
    }
    std::vector<ModelEntry> models;
    for (const std::string_view raw : list) {
        const JsonSlices entry = json_object_of(raw);
        ModelEntry model;
        model.id = entry.text("id");
        if (model.id.empty()) model.id = entry.text("name");
        if (model.id.empty()) continue;
        model.owned_by = entry.text("owned_by");
        model.created = entry.integer("created");
        model.context_tokens = context_of(entry);
        models.push_back(std::move(model));
    }
    return models;
}

}  // namespace weir::llm
