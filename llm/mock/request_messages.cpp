// SPDX-License-Identifier: MIT
//
// The body of a request in Anthropic's Messages protocol.
#include <weir/llm/mock/text.h>

#include "llm/mock/draft.h"

namespace weir::llm::mock {
namespace {

// The results of tools among a message's blocks; none where its content is a string.
void read_results(dom::element content, Draft& draft) {
    dom::array blocks;
    if (content.get(blocks) != simdjson::SUCCESS) return;
    for (const dom::element block : blocks) {
        if (text_of(block["type"]) != "tool_result") continue;
        dom::element result;
        std::optional<std::string> text;
        if (block["content"].get(result) == simdjson::SUCCESS) text = read_content(result);
        draft.results.push_back(text.value_or(""));
        draft.ask.prompt_tokens += count_words(draft.results.back());
    }
}

Result<void> read_message(dom::element message, Draft& draft) {
    const std::string_view role = text_of(message["role"]);
    if (role != "user" && role != "assistant") {
        return refuse("each of 'messages' must have the 'role' user or assistant");
    }
    dom::element content;
    std::optional<std::string> text;
    if (message["content"].get(content) == simdjson::SUCCESS) text = read_content(content);
    if (!text) return refuse("'content' of a message must be a string or an array of blocks");
    draft.results.clear();
    if (role == "user") read_results(content, draft);
    if (role == "user") draft.user_text = *text;
    take_text(draft, *std::move(text));
    return Result<void>();
}

Result<void> read_tools(dom::element root, Draft& draft) {
    dom::array tools;
    if (root["tools"].get(tools) == simdjson::SUCCESS) {
        for (const dom::element tool : tools) {
            Result<void> read = read_tool(draft, tool, "input_schema");
            if (!read) return read;
        }
    }
    const std::string_view choice = text_of(root["tool_choice"]["type"]);
    if (choice == "none") draft.choice = ToolChoice::none;
    if (choice == "any") draft.choice = ToolChoice::required;
    if (choice == "tool") draft.chosen_tool = text_of(root["tool_choice"]["name"]);
    draft.may_call_several = !is_true(root["tool_choice"]["disable_parallel_tool_use"]);
    return Result<void>();
}

}  // namespace

Result<void> read_messages(dom::element root, Draft& draft) {
    dom::array messages;
    if (root["messages"].get(messages) != simdjson::SUCCESS || messages.begin() == messages.end()) {
        return refuse("'messages' must be an array with at least one message");
    }
    dom::element system;
    if (root["system"].get(system) == simdjson::SUCCESS) {
        draft.ask.prompt_tokens += count_words(read_content(system).value_or(""));
    }
    for (const dom::element message : messages) {
        Result<void> read = read_message(message, draft);
        if (!read) return read;
    }
    Result<void> read = read_tokens_max(root, {"max_tokens"}, draft.ask);
    if (read && !draft.ask.tokens_max) read = refuse("'max_tokens' is needed");
    if (read) read = read_tools(root, draft);
    if (!read) return read;

    const std::string_view thinking = text_of(root["thinking"]["type"]);
    draft.ask.wants_thoughts = thinking == "enabled" || thinking == "adaptive";
    // The second name is the older one.
    for (const Member& format : {root["output_config"]["format"], root["output_format"]}) {
        if (text_of(format["type"]) != "json_schema") continue;
        draft.wants_json = true;
        dom::element schema;
        if (format["schema"].get(schema) == simdjson::SUCCESS) draft.schema = schema;
    }
    return Result<void>();
}

}  // namespace weir::llm::mock
