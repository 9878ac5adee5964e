// SPDX-License-Identifier: MIT
//
// The body of a request of OpenAI's Responses API.
#include <weir/llm/mock/text.h>

#include "llm/mock/draft.h"

namespace weir::llm::mock {
namespace {

Result<void> read_item(dom::element item, Draft& draft) {
    if (!item.is_object()) return refuse("each of 'input' must be an object");
    const std::string_view type = text_of(item["type"]);
    if (type == "function_call_output") {
        dom::element output;
        std::optional<std::string> text;
        if (item["output"].get(output) == simdjson::SUCCESS) text = read_content(output);
        if (!text) return refuse("'output' of a call must be a string or an array of parts");
        draft.results.push_back(*text);
        take_text(draft, *std::move(text));
        return Result<void>();
    }
    if (!type.empty() && type != "message") return Result<void>();  // what the model did before
    const std::string_view role = text_of(item["role"]);
    if (role.empty()) return refuse("each message of 'input' must have a 'role'");
    dom::element content;
    std::optional<std::string> text;
    if (item["content"].get(content) == simdjson::SUCCESS) text = read_content(content);
    if (!text) return refuse("'content' of a message must be a string or an array of parts");
    draft.results.clear();
    if (role == "user") draft.user_text = *text;
    take_text(draft, *std::move(text));
    return Result<void>();
}

Result<void> read_input(dom::element root, Draft& draft) {
    const Member input = root["input"];
    std::string_view text;
    if (input.get(text) == simdjson::SUCCESS) {
        draft.user_text = text;
        take_text(draft, std::string(text));
        return Result<void>();
    }
    dom::array items;
    if (input.get(items) != simdjson::SUCCESS || items.begin() == items.end()) {
        return refuse("'input' must be a string, or an array with at least one item");
    }
    for (const dom::element item : items) {
        Result<void> read = read_item(item, draft);
        if (!read) return read;
    }
    return Result<void>();
}

Result<void> read_tools(dom::element root, Draft& draft) {
    dom::array tools;
    if (root["tools"].get(tools) == simdjson::SUCCESS) {
        for (const dom::element tool : tools) {
            if (text_of(tool["type"]) != "function") continue;
            Result<void> read = read_tool(draft, tool, "parameters");
            if (!read) return read;
        }
    }
    const std::string_view choice = text_of(root["tool_choice"]);
    if (choice == "none") draft.choice = ToolChoice::none;
    if (choice == "required") draft.choice = ToolChoice::required;
    draft.chosen_tool = text_of(root["tool_choice"]["name"]);
    bool may_call_several = true;
    if (root["parallel_tool_calls"].get(may_call_several) == simdjson::SUCCESS) {
        draft.may_call_several = may_call_several;
    }
    return Result<void>();
}

}  // namespace

Result<void> read_responses(dom::element root, Draft& draft) {
    draft.ask.prompt_tokens += count_words(text_of(root["instructions"]));
    Result<void> read = read_input(root, draft);
    if (read) read = read_tokens_max(root, {"max_output_tokens"}, draft.ask);
    if (read) read = read_tools(root, draft);
    if (!read) return read;

    const std::string_view effort = text_of(root["reasoning"]["effort"]);
    draft.ask.wants_thoughts = !effort.empty() && effort != "none";
    const Member format = root["text"]["format"];
    const std::string_view kind = text_of(format["type"]);
    draft.wants_json = kind == "json_object" || kind == "json_schema";
    dom::element schema;
    if (format["schema"].get(schema) == simdjson::SUCCESS) draft.schema = schema;
    return Result<void>();
}

}  // namespace weir::llm::mock
