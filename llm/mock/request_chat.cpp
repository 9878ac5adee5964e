// SPDX-License-Identifier: MIT
//
// The body of a Chat Completions request.
#include "llm/mock/draft.h"

namespace weir::llm::mock {
namespace {

Result<void> read_message(dom::element message, Draft& draft) {
    std::string_view role;
    if (message["role"].get(role) != simdjson::SUCCESS) {
        return refuse("each of 'messages' must be an object with a 'role'");
    }
    if (role != "tool") draft.results.clear();
    dom::element content;
    if (message["content"].get(content) != simdjson::SUCCESS || content.is_null()) {
        return Result<void>();
    }
    std::optional<std::string> text = read_content(content);
    if (!text) return refuse("'content' of a message must be a string or an array of parts");
    if (role == "tool") draft.results.push_back(*text);
    if (role == "user") draft.user_text = *text;
    take_text(draft, *std::move(text));
    return Result<void>();
}

Result<void> read_tools(dom::element root, Draft& draft) {
    dom::array tools;
    if (root["tools"].get(tools) == simdjson::SUCCESS) {
        for (const dom::element tool : tools) {
            if (text_of(tool["type"]) != "function") continue;
            dom::element function;
            if (tool["function"].get(function) != simdjson::SUCCESS) {
                return refuse("each of 'tools' must have a 'function'");
            }
            Result<void> read = read_tool(draft, function, "parameters");
            if (!read) return read;
        }
    }
    const std::string_view choice = text_of(root["tool_choice"]);
    if (choice == "none") draft.choice = ToolChoice::none;
    // The second word is Mistral's.
    if (choice == "required" || choice == "any") draft.choice = ToolChoice::required;
    draft.chosen_tool = text_of(root["tool_choice"]["function"]["name"]);
    bool may_call_several = true;
    if (root["parallel_tool_calls"].get(may_call_several) == simdjson::SUCCESS) {
        draft.may_call_several = may_call_several;
    }
    return Result<void>();
}

}  // namespace

Result<void> read_chat(dom::element root, Draft& draft) {
    dom::array messages;
    if (root["messages"].get(messages) != simdjson::SUCCESS || messages.begin() == messages.end()) {
        return refuse("'messages' must be an array with at least one message");
    }
    for (const dom::element message : messages) {
        Result<void> read = read_message(message, draft);
        if (!read) return read;
    }
    Result<void> read = read_tokens_max(root, {"max_tokens", "max_completion_tokens"}, draft.ask);
    if (read) read = read_tools(root, draft);
    if (!read) return read;

    const std::string_view effort = text_of(root["reasoning_effort"]);
    draft.ask.wants_thoughts = !effort.empty() && effort != "none";
    draft.ask.wants_usage = is_true(root["stream_options"]["include_usage"]);
    draft.ask.wants_usage_often = is_true(root["stream_options"]["continuous_usage_stats"]);
    const std::string_view format = text_of(root["response_format"]["type"]);
    draft.wants_json = format == "json_object" || format == "json_schema";
    dom::element schema;
    if (root["response_format"]["json_schema"]["schema"].get(schema) == simdjson::SUCCESS) {
        draft.schema = schema;
    }
    return Result<void>();
}

}  // namespace weir::llm::mock
