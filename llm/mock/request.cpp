// SPDX-License-Identifier: MIT
#include "llm/mock/request.h"

#include <weir/llm/mock/text.h>
#include <weir/llm/wire/error.h>

#include <simdjson.h>

#include <utility>

namespace weir::llm::mock {
namespace {

namespace dom = simdjson::dom;

Error refuse(std::string message) {
    return Error(LlmErrc::bad_request, std::move(message));
}

bool is_true(simdjson::simdjson_result<dom::element> member) {
    bool value = false;
    return member.get(value) == simdjson::SUCCESS && value;
}

// Content is a string, or an array of parts of which those with a text count.
std::optional<std::string> read_content(dom::element content) {
    std::string_view text;
    if (content.get(text) == simdjson::SUCCESS) return std::string(text);
    dom::array parts;
    if (content.get(parts) != simdjson::SUCCESS) return std::nullopt;
    std::string joined;
    for (const dom::element part : parts) {
        if (part["text"].get(text) == simdjson::SUCCESS) joined += text;
    }
    return joined;
}

Result<void> read_messages(dom::element root, ChatRequest& request) {
    dom::array messages;
    if (root["messages"].get(messages) != simdjson::SUCCESS || messages.begin() == messages.end()) {
        return refuse("'messages' must be an array with at least one message");
    }
    for (const dom::element message : messages) {
        std::string_view role;
        if (message["role"].get(role) != simdjson::SUCCESS) {
            return refuse("each of 'messages' must be an object with a 'role'");
        }
        dom::element content;
        if (message["content"].get(content) != simdjson::SUCCESS || content.is_null()) continue;
        std::optional<std::string> text = read_content(content);
        if (!text) return refuse("'content' of a message must be a string or an array of parts");
        request.prompt_tokens += count_words(*text);
        request.prompt = *std::move(text);
    }
    return Result<void>();
}

Result<void> read_tokens_max(dom::element root, ChatRequest& request) {
    for (const char* name : {"max_tokens", "max_completion_tokens"}) {
        dom::element value;
        if (root[name].get(value) != simdjson::SUCCESS || value.is_null()) continue;
        std::int64_t count = 0;
        if (value.get(count) != simdjson::SUCCESS || count < 1) {
            return refuse(std::string("'") + name + "' must be a number of at least 1");
        }
        request.tokens_max = count;
    }
    return Result<void>();
}

}  // namespace

Result<ChatRequest> read_chat_request(std::string_view body) {
    // One for the thread: a parser keeps memory of the size of its largest text.
    static thread_local dom::parser parser;
    dom::element root;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
        return refuse("the body is not valid JSON");
    }
    if (!root.is_object()) return refuse("the body must be a JSON object");

    ChatRequest request;
    std::string_view model;
    if (root["model"].get(model) != simdjson::SUCCESS || model.empty()) {
        return refuse("'model' must be the name of a model");
    }
    request.model = model;
    Result<void> read = read_messages(root, request);
    if (read) read = read_tokens_max(root, request);
    if (!read) return std::move(read).error();

    request.is_streamed = is_true(root["stream"]);
    request.wants_usage = is_true(root["stream_options"]["include_usage"]);
    return request;
}

}  // namespace weir::llm::mock
