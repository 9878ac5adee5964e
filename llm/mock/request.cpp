// SPDX-License-Identifier: MIT
#include "llm/mock/request.h"

#include <weir/llm/mock/text.h>
#include <weir/llm/wire/error.h>

#include <algorithm>

#include "llm/mock/draft.h"

namespace weir::llm::mock {
namespace {

Result<void> read_members(dom::element root, Draft& draft) {
    switch (draft.ask.protocol) {
        case Protocol::chat:
            return read_chat(root, draft);
        case Protocol::messages:
            return read_messages(root, draft);
        case Protocol::responses:
            return read_responses(root, draft);
    }
    return Result<void>();
}

bool offers(const Draft& draft, std::string_view name) {
    return std::any_of(draft.tools.begin(), draft.tools.end(),
                       [&](const OfferedTool& tool) { return tool.name == name; });
}

}  // namespace

Error refuse(std::string message) {
    return Error(LlmErrc::bad_request, std::move(message));
}

bool is_true(Member member) {
    bool value = false;
    return member.get(value) == simdjson::SUCCESS && value;
}

std::string_view text_of(Member member) {
    std::string_view text;
    if (member.get(text) != simdjson::SUCCESS) return {};
    return text;
}

std::optional<std::string> read_content(dom::element content) {
    std::string_view text;
    if (content.get(text) == simdjson::SUCCESS) return std::string(text);
    dom::array parts;
    if (content.get(parts) != simdjson::SUCCESS) return std::nullopt;
    std::string joined;
    for (const dom::element part : parts)
        joined += text_of(part["text"]);
    return joined;
}

void take_text(Draft& draft, std::string text) {
    draft.ask.prompt_tokens += count_words(text);
    draft.ask.prompt = std::move(text);
}

Result<void> read_tokens_max(dom::element root, std::vector<const char*> names, Ask& ask) {
    for (const char* name : names) {
        dom::element value;
        if (root[name].get(value) != simdjson::SUCCESS || value.is_null()) continue;
        std::int64_t count = 0;
        if (value.get(count) != simdjson::SUCCESS || count < 1) {
            return refuse(std::string("'") + name + "' must be a number of at least 1");
        }
        ask.tokens_max = count;
    }
    return Result<void>();
}

Result<void> read_tool(Draft& draft, dom::element function, const char* schema_name) {
    const std::string_view name = text_of(function["name"]);
    if (name.empty()) return refuse("each of 'tools' that is a function must have a 'name'");
    dom::element schema;
    if (function[schema_name].get(schema) == simdjson::SUCCESS && schema.is_object()) {
        draft.tools.emplace_back(name, schema);
    } else {
        draft.tools.emplace_back(name, std::nullopt);
    }
    return Result<void>();
}

Result<Ask> read_ask(Protocol protocol, std::string_view body) {
    // One for the thread: a parser keeps memory of the size of its largest text.
    static thread_local dom::parser parser;
    dom::element root;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
        return refuse("the body is not valid JSON");
    }
    if (!root.is_object()) return refuse("the body must be a JSON object");

    Draft draft(protocol);
    draft.ask.model = text_of(root["model"]);
    if (draft.ask.model.empty()) return refuse("'model' must be the name of a model");
    draft.ask.is_streamed = is_true(root["stream"]);
    Result<void> read = read_members(root, draft);
    if (!read) return std::move(read).error();
    if (draft.choice == ToolChoice::required && draft.tools.empty()) {
        return refuse("'tool_choice' asks for a tool, and there is none in 'tools'");
    }
    if (!draft.chosen_tool.empty() && !offers(draft, draft.chosen_tool)) {
        return refuse("'tool_choice' asks for '" + std::string(draft.chosen_tool) +
                      "', which is not in 'tools'");
    }
    settle(draft);
    return std::move(draft.ask);
}

}  // namespace weir::llm::mock
