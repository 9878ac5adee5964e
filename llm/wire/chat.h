// SPDX-License-Identifier: MIT
//
// A chat request in values, filled in by chained setters. It does not know how it looks on the
// wire. What comes back is in llm/wire/answer.h.
#pragma once

#include <weir/llm/wire/message.h>
#include <weir/llm/wire/tool.h>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::llm {

/// A chat request: `Chat("model").system("Be brief.").user("Hi").max_tokens(100)`.
class Chat {
public:
    explicit Chat(std::string model) : model_(std::move(model)) {}

    /// The same chat for another model.
    Chat& model(std::string name) & { return model_ = std::move(name), *this; }
    Chat& system(std::string text) & { return add(Message(Role::system, std::move(text))); }
    Chat& user(std::string text) & { return add(Message(Role::user, std::move(text))); }
    Chat& user(std::vector<Part> parts) & { return add(Message(Role::user, std::move(parts))); }
    Chat& assistant(std::string text) & { return add(Message(Role::assistant, std::move(text))); }
    Chat& add(Message message) & { return messages_.push_back(std::move(message)), *this; }
    /// The most tokens that the answer may have, reasoning included.
    Chat& max_tokens(int count) & { return max_tokens_ = count, *this; }
    Chat& temperature(double value) & { return temperature_ = value, *this; }
    Chat& top_p(double value) & { return top_p_ = value, *this; }
    Chat& seed(std::int64_t value) & { return seed_ = value, *this; }
    /// The answer ends before this text. May be called several times: any of the texts stops it.
    Chat& stop(std::string text) & { return stop_.push_back(std::move(text)), *this; }
    /// How many answers; Chat Completions only.
    Chat& choices(int count) & { return choices_ = count, *this; }
    /// How much to think before answering: "low", "medium", "high", or what the server knows.
    Chat& reasoning_effort(std::string word) & {
        return reasoning_effort_ = std::move(word), *this;
    }
    /// A function that the model may ask for. May be called several times.
    Chat& tool(Tool function) & { return tools_.push_back(std::move(function)), *this; }
    Chat& tool_choice(ToolChoice choice) & { return tool_choice_ = std::move(choice), *this; }
    /// Whether the model may ask for several calls at once. Default: as the server has it.
    Chat& parallel_tool_calls(bool may) & { return parallel_tool_calls_ = may, *this; }
    Chat& response_format(ResponseFormat format) & {
        return response_format_ = std::move(format), *this;
    }
    /// A JSON object whose members are merged into the request body. They replace members that
    /// weir would write itself; only "stream" is refused, which the kind of call decides.
    Chat& extra_body(std::string json) & { return extra_body_ = std::move(json), *this; }

    Chat&& model(std::string name) && { return std::move(model(std::move(name))); }
    Chat&& system(std::string text) && { return std::move(system(std::move(text))); }
    Chat&& user(std::string text) && { return std::move(user(std::move(text))); }
    Chat&& user(std::vector<Part> parts) && { return std::move(user(std::move(parts))); }
    Chat&& assistant(std::string text) && { return std::move(assistant(std::move(text))); }
    Chat&& add(Message message) && { return std::move(add(std::move(message))); }
    Chat&& max_tokens(int count) && { return std::move(max_tokens(count)); }
    Chat&& temperature(double value) && { return std::move(temperature(value)); }
    Chat&& top_p(double value) && { return std::move(top_p(value)); }
    Chat&& seed(std::int64_t value) && { return std::move(seed(value)); }
    Chat&& stop(std::string text) && { return std::move(stop(std::move(text))); }
    Chat&& choices(int count) && { return std::move(choices(count)); }
    Chat&& reasoning_effort(std::string word) && {
        return std::move(reasoning_effort(std::move(word)));
    }
    Chat&& tool(Tool function) && { return std::move(tool(std::move(function))); }
    Chat&& tool_choice(ToolChoice choice) && { return std::move(tool_choice(std::move(choice))); }
    Chat&& parallel_tool_calls(bool may) && { return std::move(parallel_tool_calls(may)); }
    Chat&& response_format(ResponseFormat format) && {
        return std::move(response_format(std::move(format)));
    }
    Chat&& extra_body(std::string json) && { return std::move(extra_body(std::move(json))); }

    const std::string& model() const noexcept { return model_; }
    const std::vector<Message>& messages() const noexcept { return messages_; }
    std::optional<int> max_tokens() const noexcept { return max_tokens_; }
    std::optional<double> temperature() const noexcept { return temperature_; }
    std::optional<double> top_p() const noexcept { return top_p_; }
    std::optional<std::int64_t> seed() const noexcept { return seed_; }
    const std::vector<std::string>& stop() const noexcept { return stop_; }
    std::optional<int> choices() const noexcept { return choices_; }
    /// Empty where none was given.
    const std::string& reasoning_effort() const noexcept { return reasoning_effort_; }
    const std::vector<Tool>& tools() const noexcept { return tools_; }
    const std::optional<ToolChoice>& tool_choice() const noexcept { return tool_choice_; }
    std::optional<bool> parallel_tool_calls() const noexcept { return parallel_tool_calls_; }
    const std::optional<ResponseFormat>& response_format() const noexcept {
        return response_format_;
    }
    /// Empty where none was given.
    const std::string& extra_body() const noexcept { return extra_body_; }

private:
    std::string model_;
    std::vector<Message> messages_;
    std::optional<int> max_tokens_;
    std::optional<double> temperature_;
    std::optional<double> top_p_;
    std::optional<std::int64_t> seed_;
    std::vector<std::string> stop_;
    std::optional<int> choices_;
    std::string reasoning_effort_;
    std::vector<Tool> tools_;
    std::optional<ToolChoice> tool_choice_;
    std::optional<bool> parallel_tool_calls_;
    std::optional<ResponseFormat> response_format_;
    std::string extra_body_;
};

}  // namespace weir::llm
